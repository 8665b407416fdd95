"""Identifiers: ids of rows and events, codes of organisations, numbers of official documents."""

import os
import re
import threading
import time
import unicodedata
from collections.abc import Callable
from uuid import UUID

from stdnum.cn import uscc

_MILLISECOND = 1_000_000
_COUNTER_BITS = 42
_TAIL_BITS = 32


def is_uscc(code: str) -> bool:
    """Whether this is a unified social credit code (统一社会信用代码, GB 32100-2015), written in capitals.

    The region inside is that of the day of issue; never derive a region from the code.
    """
    return len(code) == 18 and uscc.is_valid(code) and code == uscc.compact(code)


class Uuid7Sequence:
    """UUIDs of version 7 (RFC 9562 section 5.7), each greater than the one before; safe for many threads.

    The 42 bits after the version are a counter (section 6.2, method 1) that starts anew at a random value in
    each millisecond; the last 32 bits are random. `clock` answers nanoseconds since 1970 and may step back.
    """

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._millisecond = -1
        self._counter = 0

    def next(self) -> UUID:
        """The next id."""
        with self._lock:
            now = self._clock() // _MILLISECOND
            if now > self._millisecond:
                self._millisecond = now
                self._counter = _fresh_counter()
            else:
                self._counter += 1
                if self._counter >> _COUNTER_BITS:
                    # Spent: go ahead of the clock rather than back in order.
                    self._millisecond += 1
                    self._counter = _fresh_counter()
            millisecond, counter = self._millisecond, self._counter
        tail = int.from_bytes(os.urandom(4))
        high, low = counter >> 30, counter & (1 << 30) - 1
        return UUID(int=millisecond << 80 | 7 << 76 | high << 64 | 0b10 << 62 | low << _TAIL_BITS | tail)


def _fresh_counter() -> int:
    # The top bit starts at zero, so that there is always room to count.
    return int.from_bytes(os.urandom(6)) >> 48 - (_COUNTER_BITS - 1)


_sequence = Uuid7Sequence()


def uuid7() -> UUID:
    """A new id that sorts by the time of its making, and after every id made earlier in this process."""
    return _sequence.next()


class DocNumberError(ValueError):
    """The document number is not of the form that official documents use; the message is for a person."""


# NFKC has turned the full-width forms ［ （ ﹝ into [ ( 〔 before this is asked.
_BRACKETED_YEAR = re.compile(r"[\[(〔【]((?:19|20)[0-9]{2})[\])〕】]")
# 机关代字 + 〔年份〕 + 序号 + 号 (GB/T 9704-2012, 7.2.5).
_NUMBER = re.compile(r"[^\W\d_]+〔[0-9]{4}〕第?[0-9]{1,6}号")
# Orders and announcements count without a year in brackets: 令第711号, 公告2023年第5号.
_ORDER = re.compile(r"[^\W\d_]+(?:[0-9]{4}年)?第[0-9]{1,6}号")
_BRACKETS_LOST = re.compile(r"[\[(〔【]?(?:19|20)[0-9]{2}[\])〕】]?[0-9]{1,6}号")
_LONGEST_NUMBER = 64


def normalise_doc_number(text: str) -> str:
    """The number of a document (发文字号) as it is stored: 〔〕 around the year, no spaces, ASCII digits.

    Raises DocNumberError when the text is no such number. Most often a bracket was lost on the way, as in
    国办发〔201742号; it is not guessed back, since year and serial number may be cut in more than one way.
    """
    number = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    number = _BRACKETED_YEAR.sub(r"〔\1〕", number, count=1)
    if len(number) <= _LONGEST_NUMBER and (_NUMBER.fullmatch(number) or _ORDER.fullmatch(number)):
        return number
    lost = _BRACKETS_LOST.search(number) and not _BRACKETED_YEAR.search(number)
    wrong = "年份两侧的括号不完整" if lost else "格式不正确"
    raise DocNumberError(f"文号{wrong}。正确写法如:国办发〔2017〕42号。")
