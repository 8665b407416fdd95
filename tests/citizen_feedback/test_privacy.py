"""What a citizen wrote, and how to reach the citizen, stays between the citizen and the staff in charge."""

import pytest
import structlog

from libs.common import audit
from services import NAMES
from tests.citizen_feedback.feedback import WORDING, Question, ask, hear, live_document, mine, published, withdrawn
from tests.platform import Platform

TEXT = "我叫王小明,家住东庄村三组,补贴为什么没有发到我的账户?"
CONTACT = "王小明 wangxiaoming@example.com"
SECRETS = (TEXT, CONTACT, "王小明", "wangxiaoming")


async def whole_story(platform: Platform) -> tuple[Question, list[str]]:
    """A question through every act and every refusal. Returns it with every answer but those to the staff in charge."""
    answers = []
    document = await live_document(platform)
    question = await Question.asked(platform, document, question=TEXT, contact=CONTACT)
    declined = await Question.asked(platform, document, question=TEXT, contact=CONTACT)
    stranger = platform.token("editor", organisation="990001101-zf")
    for bad in ({"document": "x"}, {"contact": CONTACT * 20}, {"name": CONTACT}, {"question": TEXT * 100}):
        answers.append((await ask(platform, document, **{"question": TEXT, "contact": CONTACT, **bad})).text)
    path = f"/citizen-feedback/questions/{question.id}/reply"
    kept = {**question.editor, "If-Match": '"v1"', "Idempotency-Key": "kept-for-a-week"}
    answers.append((await platform.client.post(path, json={"reply": f"{TEXT}:已补发。"}, headers=kept)).text)
    question.version = 2
    leaking = {**WORDING, "public_reply": f"{CONTACT} 13812345678"}
    for name, who, body in (
        ("reply", question.editor, {"reply": TEXT}),
        ("reply", stranger, {"reply": TEXT}),
        ("publish", question.reviewer, leaking),
        ("publish", question.reviewer, WORDING),
        ("decline", question.reviewer, {"reason": TEXT}),
    ):
        response = await question.act(name, who, **body)
        question.version += response.is_success
        answers.append(response.text)
    answers.append((await question.act("withdraw", question.reviewer, reason=f"误引:{TEXT}")).text)
    answers.append((await declined.act("decline", question.reviewer, reason=f"重复:{TEXT}")).text)
    await platform.drain()
    listing = "/citizen-feedback/questions"
    for address in (f"/citizen-feedback/responses?document={document}", f"/publication/documents/{document}"):
        answers.append((await platform.client.get(address)).text)
    for state in ("received", "replied", "declined"):
        answers.append((await platform.client.get(listing, params={"state": state}, headers=question.editor)).text)
    answers.append((await question.read(stranger)).text)
    await hear(platform, withdrawn(document, 5), published(document, 6))
    return question, answers


async def everything_stored(platform: Platform) -> str:
    """The rows of all tables of all services, `question` left out, as text; bytes as hexadecimal digits."""
    stored = []
    for name in NAMES:
        async with platform.database(name).backbone.acquire() as connection:
            await audit.seal_once(connection)
            tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
            for (table,) in tables:
                if (name, table) != ("citizen_feedback", "question"):
                    rows = await connection.fetch(f"select row_to_json(t)::text as row from {table} t")
                    stored += [row["row"] for row in rows]
    return "\n".join(stored)


async def test_personal_data_appears_nowhere_else(
    platform: Platform, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with structlog.testing.capture_logs() as logged:
        question, answers = await whole_story(platform)
    stored = await everything_stored(platform)
    printed = capfd.readouterr()
    assert question.id in stored, "the audit and the events are in what is searched"
    assert question.id.encode().hex() in stored, "and so are the answers kept for repeated calls"
    for secret in SECRETS:
        assert secret not in stored
        assert secret.encode().hex() not in stored
        assert secret not in "".join(answers)
        assert secret not in str(logged) + caplog.text + printed.out + printed.err


async def test_the_asker_is_told_the_reply_but_never_the_contact(platform: Platform) -> None:
    question = await Question.asked(platform, question=TEXT, contact=CONTACT)
    await question.replied()
    found = (await mine(platform, question.code)).text
    assert "您好,预计6月底前发放到户。" in found
    for secret in SECRETS:
        assert secret not in found
