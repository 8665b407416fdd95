"""Staff sign-in: OIDC bearer tokens checked against the issuer's public keys."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
import structlog
from starlette.requests import Request

from libs.common.errors import NotSignedIn, Unavailable
from libs.common.permission import Actor, Role
from libs.common.regions import parse

log = structlog.get_logger()
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
LEEWAY_SECONDS = 30
MAX_TOKEN = 8_192
REMEMBERED_TOKENS = 1_000
_FRESH_SECONDS = 600
_STALE_SECONDS = 3_600
_FORCED_SECONDS = 30
_DANGEROUS_HEADERS = {"jku", "x5u", "jwk", "x5c", "crit"}

Fetch = Callable[[], Awaitable[Mapping[str, Any]]]


def fetch_jwks(url: str) -> Fetch:
    """Read a key set over HTTP, with a deadline and without redirects. The fetch raises OSError or ValueError."""
    import httpx  # here: only a real issuer is asked over HTTP, and the client takes long to import

    async def fetch() -> Mapping[str, Any]:
        async with httpx.AsyncClient(timeout=5, follow_redirects=False) as client:
            try:
                answer = await client.get(url)
                answer.raise_for_status()
            except httpx.HTTPError as error:
                raise ConnectionError(repr(error)) from error
            keys: Mapping[str, Any] = answer.json()
            return keys

    return fetch


class Jwks:
    """The issuer's keys, cached and fetched by one request at a time.

    An unknown key id asks the issuer at most every 30 seconds (else a flood of forged tokens would be passed on);
    while the issuer is away the known keys serve for up to an hour.
    """

    def __init__(self, fetch: Fetch, seconds: Callable[[], float] = time.monotonic) -> None:
        """`seconds` is the clock that ages are measured by."""
        self._fetch = fetch
        self._seconds = seconds
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = -float("inf")
        self._tried = -float("inf")
        self._lock = asyncio.Lock()

    async def key(self, kid: str) -> jwt.PyJWK | None:
        """The key named `kid`, or None when the issuer has none such. Raises Unavailable without any key set."""
        if kid not in self._keys or self._seconds() - self._fetched > _FRESH_SECONDS:
            await self._refresh(kid)
        if self._seconds() - self._fetched > _STALE_SECONDS:
            raise Unavailable("身份认证服务暂时不可用,请稍后重试。")
        return self._keys.get(kid)

    async def _refresh(self, kid: str) -> None:
        async with self._lock:
            age = self._seconds() - self._fetched
            if (kid in self._keys and age < _FRESH_SECONDS) or self._seconds() - self._tried < _FORCED_SECONDS:
                return
            self._tried = self._seconds()
            try:
                found = await self._fetch()
                self._keys = _usable(found)
                self._fetched = self._seconds()
            except (OSError, ValueError) as error:
                log.warning("jwks.unreachable", error=repr(error))


def _usable(found: Any) -> dict[str, jwt.PyJWK]:
    """The signing keys of a key set, by id. A key of a kind that is not known here does not spoil the others."""
    listed = found.get("keys") if isinstance(found, dict) else None
    keys = {}
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict) and one.get("kid") and one.get("use") != "enc":
            with contextlib.suppress(jwt.PyJWTError, ValueError, TypeError):
                keys[str(one["kid"])] = jwt.PyJWK.from_dict(one)
    if not keys:
        raise ValueError("the key set holds no usable key")
    return keys


class TokenVerifier:
    """Turns a bearer token into an `Actor`, or refuses it."""

    def __init__(self, jwks: Jwks, issuer: str, audience: str) -> None:
        self._jwks = jwks
        self._issuer = issuer
        self._audience = audience
        self._verified: dict[str, _Verified] = {}

    async def actor(self, token: str) -> Actor:
        """Check signature, algorithm, issuer, audience and times. Raises NotSignedIn, or Unavailable without keys."""
        if len(token) > MAX_TOKEN:
            raise NotSignedIn
        known = self._verified.get(token)
        if known is not None and time.time() < known.expires and await self._jwks.key(known.kid) is known.key:
            return known.actor
        verified = await self._verify(token)
        if len(self._verified) >= REMEMBERED_TOKENS:
            self._verified.clear()
        self._verified[token] = verified
        return verified.actor

    async def _verify(self, token: str) -> "_Verified":
        try:
            header = jwt.get_unverified_header(token)
            if _DANGEROUS_HEADERS & header.keys() or header.get("alg") not in ALGORITHMS:
                raise NotSignedIn
            kid = str(header.get("kid", ""))
            key = await self._jwks.key(kid)
            if key is None:
                raise NotSignedIn
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "sub", "iss", "aud"]},
            )
            return _Verified(actor_of(claims), float(claims["exp"]), kid, key)
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise NotSignedIn from error


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token that was checked once: good until it expires, as long as the issuer shows the same key."""

    actor: Actor
    expires: float
    kid: str
    key: jwt.PyJWK


def actor_of(claims: Mapping[str, Any]) -> Actor:
    """The actor that verified claims describe: `roles`, `region` and optionally `organisation`.

    Roles that are not ours are ignored; a token with none of ours may do nothing. Raises ValueError without a region.
    """
    roles = claims.get("roles", [])
    ours = frozenset(role for role in Role if isinstance(roles, list) and role.value in roles)
    organisation = claims.get("organisation")
    return Actor(
        subject=str(claims["sub"])[:200],
        name=str(claims.get("name", ""))[:100],
        roles=ours,
        region=parse(str(claims.get("region", ""))),
        organisation=None if organisation is None else str(organisation),
    )


async def authenticate(request: Request) -> Actor | None:
    """The caller, or None for an anonymous one. Raises NotSignedIn for a token that is not valid, even where none
    is needed: a client should learn that its sign-in has ended."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    known: Actor | None = getattr(request.state, "actor", None)
    if known is not None:
        return known
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedIn
    verifier: TokenVerifier = request.app.state.verifier
    actor: Actor = await verifier.actor(token.strip())
    request.state.actor = actor
    return actor
