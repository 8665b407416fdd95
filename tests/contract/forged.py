"""Tokens that the issuer would not make, or that somebody else made."""

import base64
import functools
import hashlib
import hmac
from datetime import timedelta
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from libs.common.clock import now
from libs.common.issuer import KEY_ID, LIFETIME, DevelopmentIssuer
from libs.common.permission import Role
from tests.platform import Platform

Json = dict[str, Any]


def bearer(token: str) -> dict[str, str]:
    """The header of a token."""
    return {"Authorization": f"Bearer {token}"}


def signed(platform: Platform, **claims: Any) -> dict[str, str]:
    """A token that the issuer has signed, of a county's editor and reviewer, with other claims."""
    return bearer(_encode(_claims(platform, **claims), _issuer(platform)._key))


def bad(platform: Platform) -> dict[str, dict[str, str]]:
    """Headers of callers who are not to be let in, by what is wrong with them."""
    own, claims = _issuer(platform)._key, _claims(platform)
    public = own.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    good = _encode(claims, own)
    head, body, mark = good.split(".")
    ago, soon = now() - timedelta(days=2), now() + timedelta(days=1)
    without = {
        name: _encode({n: v for n, v in claims.items() if n != name}, own)
        for name in ("exp", "iat", "sub", "aud", "iss")
    }
    risen = {**claims, "roles": [str(role) for role in Role], "region": "990001000000"}
    return {
        "expired": bearer(_encode({**claims, "iat": ago, "exp": ago + timedelta(hours=1)}, own)),
        "not valid yet": bearer(_encode({**claims, "nbf": soon}, own)),
        "made in the future": bearer(_encode({**claims, "iat": soon, "exp": soon + LIFETIME}, own)),
        "another audience": bearer(_encode({**claims, "aud": "somebody-else"}, own)),
        "another issuer": bearer(_encode({**claims, "iss": "https://issuer.example"}, own)),
        **{f"without {name}": bearer(token) for name, token in without.items()},
        "another key": bearer(_encode(claims, _foreign_key())),
        "another key's name": bearer(_encode(claims, _foreign_key(), kid="foreign")),
        "no key's name": bearer(jwt.encode(claims, own, algorithm="RS256")),
        "no signature": bearer(jwt.encode(claims, "", algorithm="none", headers={"kid": KEY_ID})),
        "the public key as a secret": bearer(_hmac(claims, public)),
        "its own key": bearer(_encode(claims, _foreign_key(), jwk={"kty": "RSA"})),
        "a key from elsewhere": bearer(_encode(claims, _foreign_key(), jku="https://issuer.example/jwks")),
        "roles written in": bearer(f"{head}.{_part(risen)}.{mark}"),
        "signature cut": bearer(good[:-8]),
        "signature changed": bearer(f"{head}.{body}.{mark[::-1]}"),
        "too long": bearer(good + "A" * 10_000),
        "no token": bearer(""),
        "no parts": bearer("abc"),
        "empty parts": bearer(".."),
        "no JSON": bearer("aaaa.bbbb.cccc"),
        "deep JSON": bearer(f"{_raw(b'[' * 3000)}.{body}.{mark}"),
        "a number for a header": bearer(f"{_raw(b'1')}.{body}.{mark}"),
        "not ASCII": {"Authorization": "Bearer 令牌".encode().decode("latin-1")},
        "another scheme": {"Authorization": f"Basic {good}"},
        "no scheme": {"Authorization": good},
        "nothing": {"Authorization": ""},
    }


def _claims(platform: Platform, **claims: Any) -> Json:
    token = _issuer(platform).token([Role.EDITOR, Role.REVIEWER], "990001000000")
    return {**jwt.decode(token, options={"verify_signature": False}), **claims}


def _issuer(platform: Platform) -> DevelopmentIssuer:
    return DevelopmentIssuer(platform.resources.settings)


def _encode(claims: Json, key: rsa.RSAPrivateKey, kid: str = KEY_ID, **header: Any) -> str:
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid, **header})


def _hmac(claims: Json, secret: bytes) -> str:
    # PyJWT itself refuses to sign with a public key, so the attack is put together by hand.
    text = f"{_part({'alg': 'HS256', 'typ': 'JWT', 'kid': KEY_ID})}.{_part(claims)}"
    return f"{text}.{_raw(hmac.digest(secret, text.encode(), hashlib.sha256))}"


def _part(value: Json) -> str:
    return _raw(orjson.dumps(value))


def _raw(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


@functools.cache
def _foreign_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
