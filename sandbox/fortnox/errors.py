"""What the vendor refuses, and with which code.

The first codes are published (FX3, FX12) or reported by others' help pages (notes 12, 28, 31, 37, 55, 56). The rest
are not: the vendor publishes only part of its list, and clients must treat an unknown code as something for a person.
"""

from __future__ import annotations

from typing import Any

from sandbox.faults import Answer

SYSTEM = 1000003
NOT_ALPHANUMERIC = 2000106
NOT_NUMERIC = 2000108
NOT_BOOLEAN = 2000134
BAD_LOGIN = 2000310
NO_TOKEN = 2000311
CHARACTERS = 2000359
PERIOD_LOCKED = 2000401
ACCOUNT_OF_ROW = 2000423
PARAMETER = 2000588
NUMBER_BURNT = 2000637
COST_CENTRE = 2000947
SCOPE_NOT_LICENSED = 2001101
NO_API_LICENCE = 2001103
ACCOUNT = 2001304
WRONG_BODY = 2001392
FIELD_NAME = 2001399
JSON_SYNTAX = 2002115

# Not published: plausible, and stable here so that tests can name them.
TOO_LONG = 2000107
NOT_A_DATE = 2000109
NOT_ALLOWED_VALUE = 2000110
OUT_OF_RANGE = 2000111
REQUIRED = 2000204
CUSTOMER_MISSING = 2000433
ARTICLE_MISSING = 2000428
SUPPLIER_MISSING = 2000435
PROJECT_MISSING = 2000429
UNIT_MISSING = 2000430
INVOICE_MISSING = 2000434
TERMS_MISSING = 2000431
FILE_MISSING = 2000436
PATH_MISSING = 2000432
NUMBER_TAKEN = 2000013
NUMBER_FIXED = 2000014
IN_USE = 2000015
NO_YEAR = 2000438
PROJECTS_OFF = 2001650
TOO_MANY_ROWS = 2001651
DOCUMENT_FIXED = 2001652


class FortnoxError(Exception):
    """A refusal, answered in the published spelling error/message/code (FX12). What is not found, and parameters, come
    in the OpenAPI document's spelling Error/Message/Code instead: both occur (note 28, "Seen in practice" 5)."""

    def __init__(self, code: int, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def answer(self) -> Answer:
        values: dict[str, Any] = {"Error": 1, "Message": self.message, "Code": self.code}
        if self.status != 404 and self.code != PARAMETER:
            values = {name.lower(): value for name, value in values.items()}
        return Answer.json(self.status, {"ErrorInformation": values})


def bad_login(status: int = 403) -> FortnoxError:
    return FortnoxError(BAD_LOGIN, "Ogiltig inloggning", status=status)


def no_token(status: int = 403) -> FortnoxError:
    message = "Kan inte logga in, access-token eller client-secret saknas(2)."
    return FortnoxError(NO_TOKEN, message, status=status)


def too_many_requests() -> Answer:
    """Note 16. No Retry-After has been reported (note 18), nor a code of its own."""
    text = "För många anrop. Gränsen är 25 anrop per 5 sekunder."
    return Answer.json(429, {"ErrorInformation": {"error": 1, "message": text}})
