"""Session tokens of the SmartDok twin, and the RSA keys that sign its webhook calls."""

import base64
import datetime as dt
import hmac
import json
import secrets
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.smartdok.clock import Clock
from sandbox.smartdok.company import Company
from sandbox.smartdok.errors import Unauthorized

ISSUER = "https://api.smartdok.se"


def _b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Sessions:
    """The open sessions. A session is good for `life`, whatever happens to the API token that opened it."""

    now: Clock
    life: dt.timedelta = dt.timedelta(hours=1)
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _open: dict[str, tuple[Company, dt.datetime]] = field(default_factory=dict)

    def start(self, company: Company) -> str:
        """A new session token: a JWT with `exp`, as the vendor's looks."""
        now = self.now()
        expires = now + self.life
        claims = {
            "iss": ISSUER,
            "aud": ISSUER,
            "jti": secrets.token_hex(8),
            "companyId": str(company.id),
            "nbf": int(now.timestamp()),
            "iat": int(now.timestamp()),
            "exp": int(expires.timestamp()),
        }
        head = _b64url(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
        unsigned = f"{head}.{_b64url(json.dumps(claims).encode())}"
        token = f"{unsigned}.{_b64url(hmac.digest(self._secret, unsigned.encode(), 'sha256'))}"
        self._open[token] = (company, expires)
        return token

    def company(self, token: str) -> Company:
        """Whose session it is. Raises Unauthorized for an unknown or expired one."""
        company, expires = self._open.get(token, (None, None))
        if company is None or expires is None:
            raise Unauthorized(challenge='Bearer error="invalid_token"')
        if self.now() >= expires:
            raise Unauthorized(challenge='Bearer error="invalid_token", error_description="The token expired"')
        return company

    def expire(self) -> None:
        """Every session there is ends now."""
        self._open = {token: (company, self.now()) for token, (company, _) in self._open.items()}


class SigningKeys:
    """RSA keys, the current one first. Made when first needed: it takes a noticeable part of a second."""

    @cached_property
    def keys(self) -> list[rsa.RSAPrivateKey]:
        return [self._new()]

    @staticmethod
    def _new() -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def rotate(self) -> None:
        """A new current key; the older ones stay published behind it."""
        self.keys.insert(0, self._new())

    def published(self) -> list[dict[str, str]]:
        """`[{"Exponent": "AQAB", "Modulus": "<base64>"}]`, current key first."""
        numbers = [key.public_key().public_numbers() for key in self.keys]
        return [{"Exponent": _number(n.e), "Modulus": _number(n.n)} for n in numbers]

    def sign(self, payload: bytes) -> dict[str, str]:
        """The two headers of a signed call: hash algorithm and RSA PKCS#1 v1.5 signature, base64."""
        signature = self.keys[0].sign(payload, padding.PKCS1v15(), hashes.SHA256())
        return {"X-PAYLOAD-SIGNATURE-ALG": "SHA256", "X-PAYLOAD-SIGNATURE": base64.b64encode(signature).decode()}


def _number(value: int) -> str:
    return base64.b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).decode()
