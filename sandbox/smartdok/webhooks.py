"""Signed webhook calls of the SmartDok twin."""

import json
from dataclasses import dataclass

import requests

from sandbox.smartdok.sessions import SigningKeys

TIMEOUT = 5.0


@dataclass(frozen=True)
class Delivery:
    """One call. `status` is the receiver's answer, None when it could not be reached; `error` says why."""

    url: str
    payload: bytes
    status: int | None
    error: str | None


def deliver(url: str, invoice_id: str, keys: SigningKeys) -> Delivery:
    """Posts the invoice's id, which is all the vendor sends. The exact JSON is not published."""
    payload = json.dumps({"Id": invoice_id}).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "SmartDok-Webhooks/1.0"} | keys.sign(payload)
    try:
        answer = requests.post(url, data=payload, headers=headers, timeout=TIMEOUT)
    except requests.RequestException as error:
        return Delivery(url, payload, None, str(error))
    return Delivery(url, payload, answer.status_code, None)
