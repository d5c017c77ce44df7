"""How the SmartDok twin says no: the vendor's SaveError, and the deserializer's `errors` object.

The vendor publishes 31 numbers between 100 and 200 without meanings, and one name ("NameIsRequired"). The names below
are built after that pattern; their numbers are members of the published set and mean nothing beyond it.
"""

from typing import Any

_OWN_NAMES = {
    "CustomerName": "Name",
    "ProjectName": "Name",
    "SubProjectName": "Name",
    "ProjectNumber": "Number",
    "SubProjectNumber": "Number",
}


def _short(field: str) -> str:
    return _OWN_NAMES.get(field, field)


class Refused(Exception):
    """A save that the vendor refuses: 400 with `{Code, Error, Message}`."""

    def __init__(self, code: int, error: str, message: str) -> None:
        super().__init__(error)
        self.body: dict[str, Any] = {"Code": code, "Error": error, "Message": message}

    @classmethod
    def missing(cls, field: str) -> "Refused":
        return cls(110 if _short(field) == "Name" else 111, f"{_short(field)}IsRequired", f"{field} is required.")

    @classmethod
    def too_long(cls, field: str, longest: int) -> "Refused":
        return cls(112, f"{_short(field)}IsTooLong", f"{field} must be a string with a maximum length of {longest}.")

    @classmethod
    def not_allowed(cls, field: str, value: object) -> "Refused":
        return cls(113, f"{_short(field)}IsInvalid", f"{field} cannot be {value!r}.")

    @classmethod
    def taken(cls, field: str, value: object) -> "Refused":
        return cls(114, f"{_short(field)}AlreadyExists", f"{field} {value!r} already exists.")

    @classmethod
    def unknown(cls, field: str, value: object) -> "Refused":
        return cls(115, f"{_short(field)}NotFound", f"{field} {value!r} does not exist.")

    @classmethod
    def document(cls, message: str) -> "Refused":
        return cls(180, "DocumentDownloadFailed", message)


class Malformed(Exception):
    """A body or parameter that does not deserialize: 400 with `{"errors": {field: [text]}}` (seen in the field)."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(str(errors))
        self.body = {"errors": errors}


class NotFound(Exception):
    """404 without a body: "the URL does not point to a valid resource, and no additional information is provided"."""


class Unauthorized(Exception):
    """401. `challenge` says what was wrong with the session, `text` names a missing claim."""

    def __init__(self, text: str = "", challenge: str = "Bearer") -> None:
        super().__init__(text or challenge)
        self.text = text
        self.challenge = challenge
