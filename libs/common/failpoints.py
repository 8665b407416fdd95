"""Places where a test may make the program die, hang or fail; without the setting `FAILPOINTS` they do nothing.

A failpoint stands on each side of a commit or a send: what is lost or doubled by a fault is lost or doubled there.
`FAILPOINTS="sequencer.after_commit=kill, inbox.before_commit=raise:3"` names places, what happens there, and at
which passing (the first, when no number is given). `Settings` refuses the variable where a real issuer is set.
"""

import asyncio
import os
import signal
from dataclasses import dataclass

import structlog

log = structlog.get_logger()

POINTS = frozenset(
    {
        "act.before_commit",
        "act.after_commit",
        "sequencer.after_commit",
        "sender.read",
        "sender.sent",
        "sender.after_commit",
        "inbox.read",
        "inbox.before_effect",
        "inbox.before_commit",
        "inbox.after_commit",
        "inbox.after_report",
        "audit.before_commit",
        "idempotency.kept",
        "rebuild.filled",
        "rebuild.before_swap",
    }
)
"""Every name that a failpoint may have."""

ACTIONS = ("kill", "hang", "raise")
HANG_SECONDS = 3600.0


class FailpointError(ConnectionError):
    """Raised where a test asked for it. A connection error: what a failing dependency looks like to the code around."""


@dataclass
class _Armed:
    action: str
    passings: int


_armed: dict[str, _Armed] = {}


def arm(setting: str) -> None:
    """Arm the failpoints that `setting` names, and no others. Raises ValueError for one that does not exist."""
    _armed.clear()
    for entry in filter(None, (part.strip() for part in setting.split(","))):
        name, _, rest = entry.partition("=")
        action, _, passing = rest.partition(":")
        if name not in POINTS or action not in ACTIONS or not (passing or "1").isdigit():
            raise ValueError(f"FAILPOINTS: {entry!r} is not NAME=kill|hang|raise[:N]")
        _armed[name] = _Armed(action, int(passing or 1))


async def failpoint(name: str) -> None:
    """Do here what the setting asks for; as a rule nothing."""
    if _armed and (armed := _armed.get(name)):
        armed.passings -= 1
        if armed.passings == 0:
            await _fail(name, armed.action)


async def _fail(name: str, action: str) -> None:
    log.warning("failpoint", name=name, action=action)
    match action:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            await asyncio.sleep(HANG_SECONDS)
        case _:
            raise FailpointError(name)
