"""Failpoints do nothing unless they are armed, and then what they were armed for, once."""

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.common import failpoints
from libs.common.failpoints import POINTS, FailpointError, arm, failpoint
from libs.common.inbox import is_transient

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    arm("")


async def test_nothing_happens_without_the_setting() -> None:
    arm("")
    for name in POINTS:
        await failpoint(name)


async def test_an_armed_point_fails_once_at_the_passing_it_names() -> None:
    arm("sequencer.after_commit=raise, inbox.before_commit=raise:3")
    await failpoint("inbox.after_commit")
    with pytest.raises(FailpointError, match="sequencer") as raised:
        await failpoint("sequencer.after_commit")
    assert is_transient(raised.value)
    await failpoint("sequencer.after_commit")
    await failpoint("inbox.before_commit")
    await failpoint("inbox.before_commit")
    with pytest.raises(FailpointError):
        await failpoint("inbox.before_commit")


async def test_a_hanging_point_hangs() -> None:
    arm("inbox.read=hang")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await failpoint("inbox.read")


@pytest.mark.parametrize(
    "setting",
    ["nowhere=kill", "sequencer.after_commit=explode", "sequencer.after_commit", "sequencer.after_commit=raise:x"],
)
def test_what_does_not_exist_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match="FAILPOINTS"):
        arm(setting)


def test_every_point_stands_somewhere_and_no_other_does() -> None:
    found = set()
    for path in (ROOT / "libs" / "common").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == failpoint.__name__:
                assert isinstance(node.args[0], ast.Constant), path
                found.add(node.args[0].value)
    assert found == failpoints.POINTS
