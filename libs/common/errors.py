"""What the platform refuses, and how it says so: RFC 9457 problem documents with a closed list of codes.

A `Refusal` carries a stable English code for programs and a Chinese sentence for people. Each code is declared
once, as a class; `docs/errors.md` lists them all (a test compares).
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response

from libs.common.encode import json_bytes

PROBLEM_JSON = "application/problem+json"


class Refusal(Exception):
    """A request that is refused for a reason the caller can understand and act on."""

    code: ClassVar[str]
    status: ClassVar[int]
    sentence: ClassVar[str]
    known: ClassVar[dict[str, type["Refusal"]]] = {}

    def __init__(self, sentence: str | None = None, *, field: str | None = None, **facts: Any) -> None:
        """`sentence` replaces the code's general one; `field` is the path of the field at fault;
        `facts` are further members of the problem document (never personal data)."""
        super().__init__(sentence or self.sentence)
        self.detail = sentence or self.sentence
        self.field = field
        self.facts = facts
        self.headers: dict[str, str] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.known.setdefault(cls.code, cls) is not cls and cls.known[cls.code].__module__ != cls.__module__:
            raise TypeError(f"error code {cls.code} is declared twice")


class Malformed(Refusal):
    """The request cannot be read: not JSON, wrong types, unknown fields, out of bounds."""

    code, status, sentence = "malformed", 422, "请求内容有误,请按提示修改后重试。"


class NotSignedIn(Refusal):
    """No bearer token, or one that is not valid here."""

    code, status, sentence = "not_signed_in", 401, "请先登录,或登录已失效。"

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence)
        self.headers = {"WWW-Authenticate": 'Bearer realm="yangguang"'}


class Forbidden(Refusal):
    """Signed in, but this role may not do this in this region or for this organisation."""

    code, status, sentence = "forbidden", 403, "您的岗位无权办理此事项。"


class NotFound(Refusal):
    """Nothing public (or visible to the caller) is at this address."""

    code, status, sentence = "not_found", 404, "没有找到您要的内容。"


class MethodNotAllowed(Refusal):
    """The address exists, the method does not."""

    code, status, sentence = "method_not_allowed", 405, "此地址不支持这种操作。"


class Gone(Refusal):
    """The thing was withdrawn and nothing takes its place."""

    code, status, sentence = "gone", 410, "该信息已撤下。"


class WrongState(Refusal):
    """The act does not fit the state that the thing is in."""

    code, status, sentence = "wrong_state", 409, "当前状态不能进行此操作。"


class VersionRequired(Refusal):
    """A change must name the version that it saw (`If-Match`)."""

    code, status, sentence = "version_required", 428, "请先读取最新版本,并在 If-Match 中带上版本号。"


class StaleVersion(Refusal):
    """Somebody changed the thing since the caller read it."""

    code, status, sentence = "stale_version", 412, "内容已被他人修改,请刷新后重试。"


class KeyReused(Refusal):
    """The same `Idempotency-Key` came with a different request."""

    code, status, sentence = "idempotency_key_reused", 422, "同一幂等键不能用于不同的请求。"


class TooLarge(Refusal):
    """The body is larger than the limit."""

    code, status, sentence = "too_large", 413, "提交的内容过大。"


class ForgedCursor(Refusal):
    """A page cursor that this service did not make for this listing."""

    code, status, sentence = "bad_cursor", 422, "翻页参数无效,请从第一页重新开始。"


class UnknownReference(Refusal):
    """The request names a region, organisation, item or document that is not known (yet)."""

    code, status, sentence = "unknown_reference", 422, "引用的内容不存在。"


class ItemRetired(Refusal):
    """A revision of the catalog has retired the item: its code is not used again (三级四同)."""

    code, status, sentence = "item_retired", 409, "该公开事项已停用。"

    def __init__(self, heirs: Sequence[str], *, field: str) -> None:
        """`heirs`: the items that are in force instead."""
        instead = f"请改用 {'、'.join(heirs)}" if heirs else "目录中没有接替它的事项"
        super().__init__(f"该公开事项已停用,{instead}。", field=field, heirs=list(heirs))


class PersonalDataFound(Refusal):
    """Text that is to be public holds an identity, mobile or bank card number."""

    code, status, sentence = "personal_data_found", 422, "拟公开的内容含有个人敏感信息,请脱敏后再提交。"


class SameHands(Refusal):
    """The person who drafted may not be the one who approves."""

    code, status, sentence = "same_hands", 403, "拟稿人与审核人不能是同一人。"


class Unavailable(Refusal):
    """A part that is needed for the answer does not respond; the request may be repeated."""

    code, status, sentence = "unavailable", 503, "服务暂时不可用,请稍后重试。"

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence)
        self.headers = {"Retry-After": "2"}


class Broken(Refusal):
    """A fault of ours. The request id leads to it in the logs."""

    code, status, sentence = "internal_error", 500, "系统内部错误,请联系管理员并提供请求编号。"


def problem(request: Request, refusal: Refusal, errors: list[dict[str, str]] | None = None) -> Response:
    """The problem document of a refusal: type, title, status, detail, code, request_id, errors[{field, message}]."""
    body: dict[str, Any] = {
        "type": f"urn:yangguang:problem:{refusal.code}",
        "title": refusal.code.replace("_", " "),
        "status": refusal.status,
        "detail": refusal.detail,
        "code": refusal.code,
        "request_id": request.scope.get("state", {}).get("request_id"),
        **refusal.facts,
    }
    if refusal.field:
        errors = [{"field": refusal.field, "message": refusal.detail}]
    if errors:
        body["errors"] = errors
    return Response(
        json_bytes(body),
        refusal.status,
        media_type=PROBLEM_JSON,
        headers={"Cache-Control": "no-store", **refusal.headers},
    )
