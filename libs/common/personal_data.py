"""Finds personal numbers in texts before they are published.

Citizen identity numbers (GB 11643), mobile numbers and bank cards (ISO/IEC 7812) are found by form and check
digit. The unified social credit code (GB 32100) is public and is passed over. Identity numbers of 15 digits,
out of use since 2013, carry no check digit and are not looked for.

Texts are compared in NFKC form, so full-width digits count, as do numbers with invisible characters inside.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from stdnum import luhn
from stdnum.cn import ric, uscc

from libs.common.errors import PersonalDataFound


class Kind(StrEnum):
    """What a number is."""

    citizen_id = "citizen_id"
    mobile = "mobile"
    bank_card = "bank_card"


@dataclass(frozen=True)
class Finding:
    """A personal number at `text[start:end]` of the text as it was given, and how it may be shown."""

    kind: Kind
    start: int
    end: int
    masked: str


# Digits are fenced by look-arounds, because \b sees no border between a digit and a Chinese character.
# First digits of identity numbers: provinces (GB/T 2260), 81-83 residence permits for Hong Kong, Macao and
# Taiwan, 9 permanent residence of foreigners (2023).
_CITIZEN = re.compile(r"(?<![0-9])(?:[1-6][0-9]|71|8[1-3]|9[0-9])[0-9]{4}(?:19|20)[0-9]{9}[0-9Xx](?![0-9])")
_MOBILE = re.compile(r"(?<![0-9])(?:(?:\+|00)?86[ -]?)?(1[3-9][0-9](?:[0-9]{8}|([ -])[0-9]{4}\2[0-9]{4}))(?![0-9])")
_CARD = re.compile(
    r"(?<![0-9])(?:[0-9]{16,19}|[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?:\1[0-9]{1,3})?)(?![0-9A-Za-z])"
)
_USCC = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{18}(?![0-9A-Za-z])")
_ACCOUNT_WORDS = re.compile(r"卡号|账号|帐号|账户|帐户|银行卡|存折")
_BEFORE, _AFTER = 30, 10
_CARD_PREFIXES = ("62", "4", "5")
_NOT_PLAIN = re.compile(r"[^\x00-\x7f\u4e00-\u9fff]")


def find(text: str) -> list[Finding]:
    """The personal numbers in a text, in order and without overlaps.

    Offsets refer to the text as given, not to its NFKC form: comparing keeps the place of each character.
    """
    folded, places = _fold(text)
    # What begins first wins, then what comes first here; a credit code shields the digits inside it.
    # A number of 18 digits with a birthday and an identity check digit is a person even if it passes for a
    # credit code, as one in 31 does; so people come before codes.
    candidates = sorted(
        [*_citizens(folded), *_codes(folded), *_mobiles(folded), *_cards(folded)], key=lambda found: found[1]
    )
    findings, end_of_last = [], 0
    for kind, start, end in candidates:
        if start < end_of_last:
            continue
        end_of_last = end
        if kind is not None:
            masked = _masked(kind, folded[start:end])
            findings.append(Finding(kind, places[start], places[end - 1] + 1, masked))
    return findings


def refuse(texts: Iterable[tuple[str, str | None]]) -> None:
    """Raise PersonalDataFound when a text that becomes public, or is kept in the audit, holds somebody's number.

    《个人信息保护法》 art. 25 and 28; 《政府信息公开条例》 art. 15. `texts` are the field that the refusal is to point
    at, and plain text; it does not repeat what was found.
    """
    for field, text in texts:
        if text and (found := find(text)):
            raise PersonalDataFound(field=field, kinds=sorted({finding.kind.value for finding in found}))


def mask(text: str) -> str:
    """The text with every personal number replaced by its masked form; the rest stays as it was."""
    pieces, at = [], 0
    for finding in find(text):
        pieces += [text[at : finding.start], finding.masked]
        at = finding.end
    return "".join([*pieces, text[at:]])


_Candidate = tuple[Kind | None, int, int]


def _citizens(text: str) -> Iterator[_Candidate]:
    for match in _CITIZEN.finditer(text):
        number = match[0].upper()
        if number[-1] == ric.calc_check_digit(number) and _is_date(number[6:14]):
            yield Kind.citizen_id, match.start(), match.end()


def _codes(text: str) -> Iterator[_Candidate]:
    for match in _USCC.finditer(text):
        if uscc.is_valid(match[0]):
            yield None, match.start(), match.end()


def _mobiles(text: str) -> Iterator[_Candidate]:
    for match in _MOBILE.finditer(text):
        yield Kind.mobile, match.start(1), match.end(1)


def _cards(text: str) -> Iterator[_Candidate]:
    for match in _CARD.finditer(text):
        number = re.sub("[ -]", "", match[0])
        if not luhn.is_valid(number):
            continue
        # One number in ten passes Luhn, and columns of figures look like groups: ask for a second sign.
        likely = match[1] is None and number.startswith(_CARD_PREFIXES)
        if likely or _ACCOUNT_WORDS.search(text[max(0, match.start() - _BEFORE) : match.end() + _AFTER]):
            yield Kind.bank_card, match.start(), match.end()


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def _masked(kind: Kind, written: str) -> str:
    number = re.sub("[ -]", "", written)
    if kind is Kind.bank_card:
        return "*" * (len(number) - 4) + number[-4:]
    return number[:3] + "*" * (len(number) - 7) + number[-4:]


def _fold(text: str) -> tuple[str, range | list[int]]:
    """The text in the form in which numbers are compared, and the place of each of its characters."""
    folded = _NOT_PLAIN.sub(lambda match: _fold_character(match[0]), text)
    if len(folded) == len(text):
        return folded, range(len(text))
    return folded, [place for place, character in enumerate(text) if _fold_character(character)]


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    """NFKC of one character, as long as it stays one character; nothing for an invisible one.

    Footnote marks such as ① and ² stay as they are: as digits they would stretch the number beside them.
    """
    if unicodedata.category(character) == "Cf":
        return ""
    if unicodedata.category(character) == "No":
        return character
    folded = unicodedata.normalize("NFKC", character)
    return folded if len(folded) == 1 else character
