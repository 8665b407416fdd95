"""What may be asked, answered and shown: pure decisions."""

import hashlib
import re
import unicodedata
from datetime import date, datetime, timedelta
from typing import Final, Literal

from libs.common import personal_data
from libs.common.clock import local_date
from libs.common.errors import Gone, PersonalDataFound, Refusal, SameHands, WrongState
from libs.common.permission import Grants, Role, grant
from libs.common.workdays import Calendar, WorkingDays

State = Literal["received", "replied", "published", "declined"]

GRANTS: Final[Grants] = {
    "citizen_feedback.read": grant(Role.EDITOR, Role.REVIEWER),
    "citizen_feedback.reply": grant(Role.EDITOR, states={"received"}),
    "citizen_feedback.publish": grant(Role.REVIEWER, states={"replied"}),
    "citizen_feedback.withdraw": grant(Role.REVIEWER, states={"published"}),
    # After a reply, declining means that the reply stays between the two: it will not be shown to the public.
    "citizen_feedback.decline": grant(Role.REVIEWER, states={"received", "replied"}),
}

ANSWER_WITHIN: Final = WorkingDays(15)
"""The platform's own promise to whoever asks. It keeps far from the three months after which an unanswered
message fails the whole site (单项否决, 《政府网站与政务新媒体检查指标》 of 2019)."""

WAITING_MOST: Final = 20
WAITING_WINDOW: Final = timedelta(hours=1)
"""At most 20 questions of an hour may wait for an answer per document: nobody signs in to ask, so something
else has to keep a script from burying the staff in charge."""

SHOWN_IN_EVENT: Final = 20
"""How many public replies an event carries; the listing pages through all of them."""

_CODE_LENGTH: Final = 16
_CODE_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_HANDLE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z@._+-]{5,}")


class TooManyQuestions(Refusal):
    """Too many questions about this document wait for an answer; `Retry-After` says when to try again."""

    code, status, sentence = "too_many_questions", 429, "该文件的提问过多,请稍后再试。"

    def __init__(self, sentence: str | None = None, *, seconds: int = 3600) -> None:
        super().__init__(sentence)
        self.headers = {"Retry-After": str(seconds)}


def query_code(number: int) -> str:
    """The code with which a citizen looks up the answer: the low 80 bits of `number` in four groups of four.

    Crockford's base 32 lacks I, L, O and U, so that a code survives a phone call and a slip of paper.
    """
    digits = "".join(_CODE_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_CODE_LENGTH)))
    return "-".join(digits[start : start + 4] for start in range(0, _CODE_LENGTH, 4))


def query_code_hash(code: str) -> bytes:
    """SHA-256 of a code, as it is stored; case, groups and misreadings (O for 0, I or L for 1) do not matter.

    No salt and no slow hash: a random code of 80 bits can be neither guessed nor listed beforehand.
    """
    return hashlib.sha256(code.upper().translate(_MISREAD).encode()).digest()


def answer_by(asked_at: datetime, calendar: Calendar) -> date:
    """The last day, in China, on which the promised reply is in time."""
    return ANSWER_WITHIN.after(local_date(asked_at), calendar).on


def check_may_ask(state: str, nth_newest: datetime | None, now: datetime) -> None:
    """Insist that the document is live and that not too many questions about it wait.

    `nth_newest` is when the 20th newest of the waiting questions came (None: there are fewer).
    Raises Gone and TooManyQuestions.
    """
    if state != "open":
        raise Gone("该文件已撤下,不再接受提问。")
    if nth_newest is not None and (left := nth_newest + WAITING_WINDOW - now) > timedelta(0):
        raise TooManyQuestions(seconds=int(left.total_seconds()) + 1)


def check_other_hands(replied_by: str | None, reviewer: str) -> None:
    """Insist that two persons stand behind what the public sees (先审查、后公开). Raises SameHands."""
    if replied_by == reviewer:
        raise SameHands("答复人与审核人不能是同一人。")


def check_still_live(response_state: str) -> None:
    """Insist that the document is live: replies about a withdrawn one are not shown. Raises WrongState."""
    if response_state != "open":
        raise WrongState("文件已撤下,答复不再对外公开。", state=response_state, action="citizen_feedback.publish")


def check_free_of_personal_data(field: str, text: str, contact: str | None = None) -> None:
    """Insist that `text` may be public (《个人信息保护法》 art. 25, 《政府信息公开条例》 art. 15).

    Refuses identity, mobile and bank card numbers, and every number, address and account of the asker's
    `contact`. Raises PersonalDataFound, which names `field` and never what was found.
    """
    if personal_data.find(text) or _holds_handle(text, contact or ""):
        raise PersonalDataFound(field=f"body.{field}")


def _holds_handle(text: str, contact: str) -> bool:
    """Whether a number, e-mail address or account (six characters and more) of `contact` is in `text`.

    Names are left to the reviewer's eyes: two characters may be part of any sentence.
    """
    shown = _plain(text)
    return any(handle in shown for handle in _HANDLE.findall(_plain(contact)))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
