"""What Fortnox's error codes mean and who must act. Messages are Swedish and several codes share a status, so the code
decides and never the text (note 29). Closed by default: an unknown code goes to a person."""

from collections.abc import Callable
from typing import Any

from integration.errors import AuthError, ConfigError, Fault, InvalidRecord, Rejected, Transient, Unconfirmed
from integration.http import Answer

BAD_TOKEN = {2000310, 2000311}
CHARACTERS = 2000359
PARAMETER = 2000588
# Not published. Assumed, and stable in our twin; a company with other codes sees them as unknown refusals.
PROJECTS_OFF = 2001650
UNIT_MISSING = 2000430


def _consent(cause: str, **params: Any) -> Fault:
    """Note 28: the token is wrong, and renewing it once did not help."""
    return AuthError(cause, state="needs_consent", **params)


def _no_licence_for_scope(cause: str, **params: Any) -> Fault:
    return AuthError(cause, state="missing_right", scope="flow", **params)


def _no_licence(cause: str, **params: Any) -> Fault:
    return AuthError(cause, state="missing_right", scope="connection", **params)


def _projects_off(cause: str, **params: Any) -> Fault:
    """P5: one explanation, the flow pauses."""
    return ConfigError("P5", scope="flow", **params)


def _theirs(cause: str, **params: Any) -> Fault:
    """Something broke over there: a write may have been stored before it did."""
    return (Transient if params["method"] == "GET" else Unconfirmed)(cause, **params)


# What makes a fault of its cause and params: a class of the error ladder, or a function where there is more to say.
CODES: dict[int, Callable[..., Fault]] = {
    # access (notes 12, 28)
    2000310: _consent,
    2000311: _consent,
    2001101: _no_licence_for_scope,
    2001103: _no_licence,
    # the source's data
    2000106: InvalidRecord,  # must be alphanumeric
    2000108: InvalidRecord,  # must be numeric
    CHARACTERS: InvalidRecord,  # note 31
    2000600: InvalidRecord,  # note 53: same personal number twice
    2004217: InvalidRecord,  # note 53: amount of a tax reduction
    2004218: InvalidRecord,
    # Fortnox says no
    2000401: Rejected,  # note 55: locked period (I9)
    2000637: Rejected,  # note 37: burnt customer number (C6)
    # set-up in Fortnox
    2000423: ConfigError,  # note 56: account
    2001304: ConfigError,
    2000947: ConfigError,  # note 56: inactive cost centre
    2004167: ConfigError,  # note 54: EasyVat and an own VAT rate
    PROJECTS_OFF: _projects_off,  # note 41 (assumed code)
    # our fault: `internal`
    1000030: Fault,  # Accept header
    1000031: Fault,  # Content-Type header
    2000134: Fault,  # must be a boolean
    PARAMETER: Fault,  # note 23
    2001392: Fault,  # empty body or wrong type
    2001399: Fault,  # field name
    2002115: Fault,  # JSON syntax
    # theirs
    1000003: _theirs,
}


def code_of(answer: Answer) -> int:
    """The code in the body; 0 where there is none."""
    code, _ = _information(answer) or (0, "")
    return code


def refuse(answer: Answer) -> Fault:
    """The fault that a 3xx or 4xx answer stands for.

    Its cause is `fortnox.<code>`; params: code, message (the vendor's text, for the details), method, path, status.
    A GET that found nothing is `Rejected` with status 404, whatever its code. A 403 or 404 without `ErrorInformation`,
    a 401 without JSON, is not Fortnox' answer but somebody's on the way: the clock's.
    """
    told = _information(answer)
    code, message = told or (0, answer.text()[:200])
    params: dict[str, Any] = {
        "code": code,
        "message": message,
        "method": answer.method,
        "path": answer.path,
        "status": answer.status,
    }
    cause = f"fortnox.{code or answer.status}"
    if answer.status in {401, 403, 404} and not told and (answer.status != 401 or _body(answer) is None):
        return answer.malformed()
    if answer.status == 404 and answer.method == "GET" and code not in CODES:
        return Rejected(cause, **params)
    if make := CODES.get(code):
        return make(cause, **params)
    if answer.status in {401, 403}:
        return _consent(cause, **params)
    return Rejected(cause, **params)


def expired(answer: Answer) -> bool:
    """Whether another token may help: Fortnox answers 403, and 401, to one that is wrong or spent (note 28)."""
    code = code_of(answer)
    return code in BAD_TOKEN or (answer.status in {401, 403} and code not in CODES and not answer.is_page)


def is_missing(fault: Fault) -> bool:
    """Whether a GET found nothing."""
    return isinstance(fault, Rejected) and fault.params.get("status") == 404 and fault.params.get("method") == "GET"


def _information(answer: Answer) -> tuple[int, str] | None:
    """Code (0 where there is none) and message, None where Fortnox does not speak at all; keys come as
    `Error/Message/Code` and as `error/message/code` ("Seen in practice" 5)."""
    body = _body(answer)
    found = body.get("ErrorInformation") if isinstance(body, dict) else None
    if not isinstance(found, dict):
        return None
    values = {str(key).lower(): value for key, value in found.items()}
    code = str(values.get("code") or "")[:20]
    return int(code) if code.isascii() and code.isdigit() else 0, str(values.get("message") or "")[:500]


def _body(answer: Answer) -> Any:
    try:
        return answer.json()
    except Transient:
        return None
