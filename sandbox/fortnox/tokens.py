"""Access tokens, refresh tokens and codes of the twin, and what kills them (notes 1-13)."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

CODE_LIFE = timedelta(minutes=10)
REFRESH_LIFE = timedelta(days=45)


@dataclass
class AccessToken:
    tenant_id: int
    scopes: set[str]
    expires: datetime


@dataclass
class Grant:
    """A code or a refresh token: good for one use until it expires."""

    tenant_id: int
    scopes: set[str]
    expires: datetime
    redirect_uri: str = ""
    offline: bool = True


@dataclass
class Tokens:
    """All tokens of a twin. `life` is seconds that an access token lives. `clock` gives aware time."""

    clock: Callable[[], datetime]
    life: int = 3600
    access: dict[str, AccessToken] = field(default_factory=dict)
    refresh: dict[str, Grant] = field(default_factory=dict)
    codes: dict[str, Grant] = field(default_factory=dict)

    def issue_access(self, tenant_id: int, scopes: set[str]) -> str:
        now = self.clock()
        self.access = {text: token for text, token in self.access.items() if token.expires > now}
        text = _jwt({"tenantId": tenant_id, "scope": sorted(scopes), "exp": int(now.timestamp()) + self.life})
        self.access[text] = AccessToken(tenant_id, set(scopes), now + timedelta(seconds=self.life))
        return text

    def issue_refresh(self, tenant_id: int, scopes: set[str]) -> str:
        text = secrets.token_hex(20)
        self.refresh[text] = Grant(tenant_id, set(scopes), self.clock() + REFRESH_LIFE)
        return text

    def issue_code(self, tenant_id: int, scopes: set[str], redirect_uri: str, *, offline: bool = True) -> str:
        text = secrets.token_hex(16)
        self.codes[text] = Grant(tenant_id, set(scopes), self.clock() + CODE_LIFE, redirect_uri, offline)
        return text

    def read(self, text: str) -> AccessToken | None:
        """The token while it lives."""
        token = self.access.get(text)
        return token if token is not None and token.expires > self.clock() else None

    def take(self, grants: dict[str, Grant], text: str) -> Grant | None:
        """Uses a code or refresh token up: it dies whether or not it was still good."""
        grant = grants.pop(text, None)
        return grant if grant is not None and grant.expires > self.clock() else None

    def expire(self, tenant_id: int | None = None) -> None:
        """Expires the access tokens of one company, or of all."""
        for token in self.access.values():
            if tenant_id in {None, token.tenant_id}:
                token.expires = self.clock()

    def revoke(self, tenant_id: int) -> None:
        """Kills everything that was issued for a company, as a withdrawn consent does."""
        for issued in (self.access, self.refresh, self.codes):
            for text in [text for text, held in issued.items() if held.tenant_id == tenant_id]:
                del issued[text]


def tenant_of_token(text: str) -> int | None:
    """The tenantId claim of a token, without asking whether it is ours or alive."""
    try:
        payload = text.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return int(claims["tenantId"])
    except (IndexError, KeyError, TypeError, ValueError):
        return None


def _jwt(claims: dict[str, Any]) -> str:
    """A text built like a JWT; the signature is random, and the twin looks tokens up instead of verifying them."""
    parts = [{"alg": "RS256", "typ": "JWT"}, claims | {"jti": secrets.token_hex(8)}]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, secrets.token_urlsafe(32)])
