"""A real HTTP server of public keys on the loopback, and tokens signed by its keys."""

import asyncio
import base64
import contextlib
import json
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

ISSUER, AUDIENCE = "https://sso.example", "yangguang"
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def public_keys(**keys: Key) -> dict[str, Any]:
    """The key set of these keys, by id."""
    made = []
    for kid, key in keys.items():
        algorithm = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
        shown = json.loads(algorithm.to_jwk(key.public_key()))  # type: ignore[arg-type] # the pair fits
        made.append({**shown, "kid": kid, "use": "sig"})
    return {"keys": made}


def token(
    key: Any = RSA_KEY,
    algorithm: str = "RS256",
    headers: Mapping[str, Any] | None = None,
    without: str | None = None,
    **claims: Any,
) -> str:
    """A token that is valid but for what the arguments change."""
    now = int(time.time())
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "zhang",
        "iat": now,
        "exp": now + 300,
        "roles": ["editor"],
        "region": "990001",
    }
    body = {name: value for name, value in {**good, **claims}.items() if name != without}
    return jwt.encode(body, key, algorithm=algorithm, headers={"kid": "rsa", **(headers or {})})


def b64(value: object) -> str:
    """A part of a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed_with_the_public_key() -> str:
    """The classic confusion: the public key used as the secret of an HMAC."""
    pem = RSA_KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    signer = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    body = token().split(".")[1]
    signing = f"{b64({'alg': 'HS256', 'kid': 'rsa'})}.{body}"
    return f"{signing}.{base64.urlsafe_b64encode(signer.sign(signing.encode(), pem)).rstrip(b'=').decode()}"


class KeyServer:
    """Answers every request with `answer`, and counts them."""

    def __init__(self) -> None:
        self.answer: object = public_keys(rsa=RSA_KEY, ec=EC_KEY)
        self.status = 200
        self.asked = 0
        self.url = ""

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["KeyServer"]:
        """Serve during the block."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/keys"
        async with server:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        body = json.dumps(self.answer).encode()
        head = f"HTTP/1.1 {self.status} Whatever\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
        writer.write(f"{head}Location: {self.url}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
