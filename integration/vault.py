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


class UnreadableSecret(Exception):
    """The stored secret was encrypted with a key that is no longer in ENCRYPTION_KEYS."""


class EncryptedJSONField(models.TextField):  # type: ignore[type-arg]
    """A JSON object that is cipher text in the database and never appears in admin, logs or tracebacks."""

    def get_prep_value(self, value: Any) -> str:
        return _current().encrypt(json.dumps(value or {}).encode()).decode()

    def from_db_value(self, value: str | None, *_: Any) -> dict[str, Any]:
        if not value:
            return {}
        try:
            plain: dict[str, Any] = json.loads(_current().decrypt(value.encode()))
        except InvalidToken:
            raise UnreadableSecret("encrypted with a key that is not in ENCRYPTION_KEYS") from None
        return plain
