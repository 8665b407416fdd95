"""Bearer tokens: what is accepted, what is refused, and how often the issuer is asked."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from libs.common.auth import MAX_TOKEN, Jwks, TokenVerifier, actor_of, fetch_jwks
from libs.common.errors import NotSignedIn, Unavailable
from libs.common.issuer import DevelopmentIssuer, RealIssuerConfigured
from libs.common.permission import Actor, Role
from libs.common.settings import Settings
from tests.common.key_server import (
    AUDIENCE,
    EC_KEY,
    ISSUER,
    RSA_KEY,
    KeyServer,
    b64,
    public_keys,
    signed_with_the_public_key,
    token,
)
from tests.platform import Platform

NOW = int(time.time())
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Clock:
    """Seconds that pass when a test says so."""

    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
async def issuer() -> AsyncIterator[KeyServer]:
    """The issuer's key server."""
    async with KeyServer().serving() as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    """The clock of the key cache."""
    return Clock()


@pytest.fixture
def verifier(issuer: KeyServer, clock: Clock) -> TokenVerifier:
    """Checks tokens of the issuer."""
    return TokenVerifier(Jwks(fetch_jwks(issuer.url), clock), ISSUER, AUDIENCE)


async def test_a_valid_token_names_its_bearer(verifier: TokenVerifier) -> None:
    actor = await verifier.actor(token(name="张三", organisation="990001-jy", roles=["editor", "cook"]))
    assert actor == Actor("zhang", "张三", frozenset({Role.EDITOR}), "990001000000", "990001-jy")


async def test_elliptic_curves_are_accepted_too(verifier: TokenVerifier) -> None:
    assert (await verifier.actor(token(EC_KEY, "ES256", {"kid": "ec"}))).subject == "zhang"


REFUSED: dict[str, str] = {
    "no signature": f"{b64({'alg': 'none', 'kid': 'rsa'})}.{token().split('.')[1]}.",
    "none in capitals": f"{b64({'alg': 'NONE', 'kid': 'rsa'})}.{token().split('.')[1]}.",
    "signature cut off": token().rsplit(".", 1)[0] + ".",
    "public key as secret": signed_with_the_public_key(),
    "key of another algorithm": token(EC_KEY, "ES256", {"kid": "rsa"}),
    "stranger's key": token(STRANGER),
    "unknown key id": token(headers={"kid": "nobody"}),
    "key id is no text": token(headers={"kid": "0"}),
    "wrong audience": token(aud="another"),
    "wrong issuer": token(iss="https://evil.example"),
    "development issuer": token(iss="urn:yangguang:development"),
    "expired": token(exp=NOW - 120),
    "not yet valid": token(nbf=NOW + 3600),
    "issued in the future": token(iat=NOW + 3600),
    "no expiry": token(without="exp"),
    "no subject": token(without="sub"),
    "no issue time": token(without="iat"),
    "subject is a number": token(sub=7),
    "no region": token(without="region"),
    "region that is none": token(region="99000x"),
    "region is a list": token(region=["990001"]),
    "jku": token(headers={"jku": "https://evil.example/keys"}),
    "embedded key": token(headers={"jwk": public_keys(x=STRANGER)["keys"][0]}),
    "x5u": token(headers={"x5u": "https://evil.example"}),
    "oversized": token(padding="x" * MAX_TOKEN),
    "three dots": "...",
    "not base64": "§.§.§",
    "nested lists": f"{base64.urlsafe_b64encode(b'[' * 5000).decode()}.e30.e30",
    "empty": "",
}


@pytest.mark.parametrize("bad", REFUSED.values(), ids=REFUSED.keys())
async def test_what_is_not_valid_is_refused(verifier: TokenVerifier, bad: str) -> None:
    with pytest.raises(NotSignedIn):
        await verifier.actor(bad)


async def test_clocks_may_differ_by_half_a_minute(verifier: TokenVerifier) -> None:
    now = int(time.time())  # not that of the import: the suite takes its time
    await verifier.actor(token(nbf=now + 20, exp=now + 300))
    await verifier.actor(token(exp=now - 10))


@pytest.mark.parametrize("roles", [None, "administrator", {"administrator": True}, [["administrator"]], [1], []])
def test_roles_that_are_no_list_of_names_are_none(roles: Any) -> None:
    assert actor_of({"sub": "x", "roles": roles, "region": "990001"}).roles == frozenset()


async def test_the_issuer_is_asked_once_for_many_requests(verifier: TokenVerifier, issuer: KeyServer) -> None:
    actors = await asyncio.gather(*(verifier.actor(token()) for _ in range(20)))
    assert len(actors) == 20
    assert issuer.asked == 1


async def test_unknown_key_ids_do_not_pass_a_flood_on(verifier: TokenVerifier, issuer: KeyServer, clock: Clock) -> None:
    await verifier.actor(token())
    clock.at += 31
    flood = [verifier.actor(token(headers={"kid": f"forged-{n}"})) for n in range(20)]
    outcomes = await asyncio.gather(*flood, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {NotSignedIn}
    assert issuer.asked == 2
    await verifier.actor(token())


async def test_a_new_key_is_found_when_its_first_token_comes(
    verifier: TokenVerifier, issuer: KeyServer, clock: Clock
) -> None:
    await verifier.actor(token())
    issuer.answer = public_keys(new=STRANGER)
    clock.at += 31
    await verifier.actor(token(STRANGER, headers={"kid": "new"}))
    with pytest.raises(NotSignedIn):  # the issuer has taken the old key back
        await verifier.actor(token())


async def test_known_keys_serve_while_the_issuer_is_away(
    verifier: TokenVerifier, issuer: KeyServer, clock: Clock
) -> None:
    await verifier.actor(token())
    issuer.status = 500
    clock.at += 3_500
    await verifier.actor(token())
    await verifier.actor(token())
    assert issuer.asked == 2
    clock.at += 200
    with pytest.raises(Unavailable):
        await verifier.actor(token())
    issuer.status = 200
    clock.at += 31
    await verifier.actor(token())


@pytest.mark.parametrize(
    "answer", [[], "keys", {}, {"keys": None}, {"keys": []}, {"keys": ["x", 3]}, {"keys": [{"kid": "rsa"}]}]
)
async def test_without_any_usable_key_it_is_not_the_callers_fault(
    verifier: TokenVerifier, issuer: KeyServer, answer: object
) -> None:
    issuer.answer = answer
    with pytest.raises(Unavailable):
        await verifier.actor(token())


@pytest.mark.parametrize(
    "stray",
    [
        {"kty": "OKP", "crv": "X25519", "kid": "x", "x": "AA"},
        {"kty": "RSA", "kid": "rsa-enc", "alg": "RSA-OAEP", "n": "AQAB", "e": "AQAB"},
        {"kty": "SM2", "kid": "sm2"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "kid": "broken", "n": 5, "e": None},
        "no key at all",
    ],
)
async def test_one_strange_key_does_not_spoil_the_others(
    verifier: TokenVerifier, issuer: KeyServer, stray: object
) -> None:
    issuer.answer = {"keys": [stray, *public_keys(rsa=RSA_KEY)["keys"]]}
    await verifier.actor(token())


async def test_a_redirect_of_the_key_server_is_not_followed(verifier: TokenVerifier, issuer: KeyServer) -> None:
    issuer.status = 302
    with pytest.raises(Unavailable):
        await verifier.actor(token())
    assert issuer.asked == 1


def test_the_development_issuer_stays_off_beside_a_real_one(tmp_path: Path) -> None:
    real = Settings(data_dir=tmp_path, oidc_issuer=ISSUER, oidc_jwks_url="https://sso.example/keys")
    with pytest.raises(RealIssuerConfigured):
        DevelopmentIssuer(real)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic eDp5", "Bearer x.y.z", "bearer  ", "Token x"])
async def test_a_bad_token_is_refused_where_none_is_needed_for_writing(platform: Platform, header: str) -> None:
    answer = await platform.client.put("/catalog/regions/990001", json={}, headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    assert answer.headers["www-authenticate"] == 'Bearer realm="yangguang"'
