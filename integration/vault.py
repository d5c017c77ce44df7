"""Secrets at rest: JSON encrypted with the newest key, readable with any older one (rotation)."""

import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def _current() -> MultiFernet:
    return _fernet(tuple(settings.ENCRYPTION_KEYS))


def seal(value: Any) -> str:
    """JSON as cipher text."""
    return _current().encrypt(json.dumps(value).encode()).decode()


def unseal(sealed: str) -> Any:
    """The JSON of a cipher text.

    Raises:
        UnreadableSecret: no key that is left opens it.
    """
    try:
        return json.loads(_current().decrypt(sealed.encode()))
    except InvalidToken:
        raise UnreadableSecret("encrypted with a key that is not in ENCRYPTION_KEYS") from None


class UnreadableSecret(Exception):
    """The stored secret was encrypted with a key that is no longer in ENCRYPTION_KEYS."""


class EncryptedJSONField(models.TextField):  # type: ignore[type-arg]
    """A JSON object that is cipher text in the database and never appears in admin, logs or tracebacks."""

    def get_prep_value(self, value: Any) -> str:
        return seal(value or {})

    def from_db_value(self, value: str | None, *_: Any) -> dict[str, Any]:
        if not value:
            return {}
        plain: dict[str, Any] = unseal(value)
        return plain
