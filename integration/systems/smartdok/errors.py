"""How SmartDok says no, and who must act.

The vendor publishes 31 numbers without meanings; `Error` is the name to go by (notes, "Errors and webhooks").
401 is both an expired session and a missing right: the door renews once, so what arrives here is a missing right.
"""

import re
from typing import Any

from integration.errors import AuthError, Fault, InvalidRecord, Rejected, Transient
from integration.http import Answer

# Claims that the vendor's errors name, and others built after their pattern, by the first part of the path.
RIGHTS = {
    "Customers": "CustomersRead",
    "Projects": "ProjectsRead",
    "Goods": "GoodsRead",
    "Machines": "MachinesRead",
    "Invoices": "InvoicesRead",
    "SupplierInvoices": "SupplierInvoicesWrite",
    "Users": "UsersRead",
}

# `Error` → fault class where it is not simply a refusal for a person.
NAMES: dict[str, type[Fault]] = {
    "NameIsTooLong": InvalidRecord,
    "NameIsRequired": InvalidRecord,
}


def refuse(answer: Answer) -> Fault:
    """The fault that a 3xx or 4xx answer stands for. Unknown ones are for a person.

    A web page is not SmartDok's answer but somebody's on the way, and so is a 400 without JSON: the clock's. SmartDok's
    own 401 and 404 may be empty or plain text.
    """
    where: dict[str, Any] = {"method": answer.method, "path": answer.path, "status": answer.status}
    body = _json(answer)
    if (answer.status == 400 and body is None) or (answer.status in {401, 403, 404} and answer.is_page):
        return answer.malformed()
    if answer.status in {401, 403}:
        named = re.search(r"\b\w+(?:Read|Write)\b", answer.text()[:500])  # "Missing claims: OrdersRead" [seen]
        right = named[0] if named else RIGHTS.get(answer.path.strip("/").split("/")[0], "")
        return AuthError("smartdok.missing_right", state="missing_right", scope="flow", right=right, **where)
    if answer.status == 404:
        return Rejected("smartdok.not_found", **where)
    body = body if isinstance(body, dict) else {}
    if name := str(body.get("Error") or ""):
        cause = "smartdok." + (re.sub(r"\W", "", name)[:50] or "refused")
        message = str(body.get("Message") or "")[:500]
        return NAMES.get(name, Rejected)(cause, code=body.get("Code"), message=message, **where)
    if errors := body.get("errors"):
        return Rejected("smartdok.invalid_parameters", message=_sentences(errors)[:500], **where)
    return Rejected(f"smartdok.http_{answer.status}", message=answer.text()[:200], **where)


def _json(answer: Answer) -> Any:
    try:
        return answer.json()
    except Transient:
        return None


def _sentences(errors: Any) -> str:
    if not isinstance(errors, dict):
        return str(errors)
    return "; ".join(f"{field}: {' '.join(map(str, texts)) if isinstance(texts, list) else texts}"
                     for field, texts in errors.items())  # fmt: skip
