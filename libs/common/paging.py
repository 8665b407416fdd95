"""Keyset paging with opaque, signed cursors.

A cursor holds the position of the last row shown, so a page costs the same at any depth, and rows that arrive
or leave shift nothing. It is signed, so that a position always comes from us, and bound to the listing and
the filters that it was made for. Nothing is kept on the server: a cursor outlives a restart.
"""

import base64
import hmac
import json
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote, urlencode

Position = tuple[str | int, ...]
"""The sort key of a row, such as (published_at, content_id)."""

LONGEST_TOKEN = 512
_MAC_BYTES = 16
_SHORTEST_SECRET = 16


class ForgedCursor(ValueError):
    """The cursor was not made by us, or not for this listing with these filters."""

    def __init__(self) -> None:
        super().__init__("The cursor is not one that this listing gave out.")


class Cursors:
    """Signs and reads cursors. Instances with the same secret read each other's cursors."""

    def __init__(self, secret: bytes) -> None:
        """`secret` has at least 16 bytes. It may serve other purposes too: a key of our own is derived."""
        if len(secret) < _SHORTEST_SECRET:
            raise ValueError(f"The secret for cursors needs at least {_SHORTEST_SECRET} bytes.")
        self._key = hmac.digest(secret, b"paging cursor", "sha256")
        # Readers ask for the same few pages all the time, and what stands in a cursor never changes.
        self._signed = lru_cache(maxsize=1024)(self._sign)
        self._checked = lru_cache(maxsize=1024)(self._check)

    def of(self, service: str) -> "Cursors":
        """Those of one service: another one does not read them, even for a scope of the same name."""
        return Cursors(hmac.digest(self._key, service.encode(), "sha256"))

    def sign(self, position: Position, scope: str) -> str:
        """A URL-safe token for a position. `scope` names the listing and the filters in force.

        Raises ValueError for a position that is not of strings and integers, or too long to be read back.
        """
        if not _is_position(list(position)):
            raise ValueError("A position is made of strings and integers.")
        return self._signed(position, scope)

    def _sign(self, position: Position, scope: str) -> str:
        body = json.dumps(position, ensure_ascii=False, separators=(",", ":")).encode()
        token = _encode(self._mac(body, scope) + body)
        if len(token) > LONGEST_TOKEN:
            raise ValueError(f"The position does not fit into a cursor of {LONGEST_TOKEN} characters.")
        return token

    def read(self, token: str, scope: str) -> Position:
        """The position in a token that was signed for the same scope; anything else raises ForgedCursor."""
        return self._checked(token, scope)

    def _check(self, token: str, scope: str) -> Position:
        raw = _decode(token)
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(body, scope)):
            raise ForgedCursor
        position = json.loads(body)
        if not _is_position(position):
            raise ForgedCursor
        return tuple(position)

    def _mac(self, body: bytes, scope: str) -> bytes:
        # JSON never holds a raw NUL, so the last one ends the scope: no two pairs sign the same bytes.
        return hmac.digest(self._key, scope.encode() + b"\0" + body, "sha256")[:_MAC_BYTES]


def next_link(url_path: str, params: Mapping[str, str], cursor: str) -> str:
    """The value of a `Link` header (RFC 8288) that leads to the next page.

    `url_path` is the decoded absolute path of the listing; `params` are the query parameters of this page. A
    cursor among them is replaced.
    """
    if not url_path.startswith("/") or url_path.startswith("//"):
        raise ValueError("A link to the next page starts from an absolute path on this host.")
    others = tuple((name, value) for name, value in params.items() if name != "cursor")
    return f'<{_address(url_path, others)}{quote(cursor)}>; rel="next"'


@lru_cache(maxsize=1024)
def _address(url_path: str, params: tuple[tuple[str, str], ...]) -> str:
    """The address up to the cursor: the same for every page of a listing."""
    query = urlencode((*params, ("cursor", "")), quote_via=quote)
    return f"{quote(url_path)}?{query}"


def _is_position(values: object) -> bool:
    # bool is a kind of int for Python, but no sort key.
    return isinstance(values, list) and all(type(value) in (str, int) for value in values)


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(token: str) -> bytes:
    """The bytes of a token, which has exactly one spelling; raises ForgedCursor."""
    if len(token) > LONGEST_TOKEN:
        raise ForgedCursor
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        raise ForgedCursor from None
    # Base64 readers skip foreign characters and spare bits; a signed thing should not be so forgiving.
    if _encode(raw) != token:
        raise ForgedCursor
    return raw
