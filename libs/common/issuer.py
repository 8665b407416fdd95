"""The development issuer: signs tokens with a key kept in the data folder, so that a newcomer can try every role.

It refuses to work as soon as a real issuer is configured.
"""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from libs.common import clock
from libs.common.permission import Role
from libs.common.settings import DEVELOPMENT_ISSUER, Settings

KEY_ID = "development"
LIFETIME = timedelta(hours=12)


class RealIssuerConfigured(Exception):
    """The development issuer was asked for although `OIDC_ISSUER` names a real one."""


class DevelopmentIssuer:
    """Makes tokens and shows the key that checks them."""

    def __init__(self, settings: Settings) -> None:
        """Raises RealIssuerConfigured when a real issuer is set."""
        if settings.real_issuer:
            raise RealIssuerConfigured("OIDC_ISSUER names a real issuer: the development issuer stays off")
        self._audience = settings.oidc_audience
        self._key = _key(settings.data_dir / "development-issuer.pem")

    def token(
        self,
        roles: Sequence[Role],
        region: str,
        organisation: str | None = None,
        *,
        subject: str | None = None,
        lifetime: timedelta = LIFETIME,
    ) -> str:
        """A signed token for `roles` in `region` (12 digits) and, if given, for one organisation's subtree."""
        now = clock.now()
        claims = {
            "iss": DEVELOPMENT_ISSUER,
            "aud": self._audience,
            "sub": subject or f"dev:{'+'.join(roles)}:{region}:{organisation or '-'}",
            "iat": now,
            "exp": now + lifetime,
            "roles": [str(role) for role in roles],
            "region": region,
            "organisation": organisation,
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": KEY_ID})

    async def jwks(self) -> Mapping[str, Any]:
        """The public key set."""
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [{**public, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]}


def _key(path: Path) -> rsa.RSAPrivateKey:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.touch(mode=0o600)
        scratch.write_bytes(pem)
        try:
            os.link(scratch, path)  # whoever comes first wins; the file is never seen half written
        except FileExistsError:
            pass
        finally:
            scratch.unlink()
    # Our own file: checking its primes would take longer than anything else here does.
    key = serialization.load_pem_private_key(path.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key
