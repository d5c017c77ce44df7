"""How SmartDok gets a document: it downloads it from the URL that the integration gave."""

import time
from dataclasses import dataclass

import requests

from sandbox.smartdok.errors import Refused

USER_AGENT = "SmartDok-DocumentFetcher/1.0"


@dataclass(frozen=True)
class Fetched:
    content: bytes
    content_type: str


def fetch_pdf(url: str, seconds: float) -> Fetched:
    """The whole document, byte for byte. Raises Refused when it cannot be had within `seconds` or is no PDF."""
    if not url.startswith(("http://", "https://")):
        raise Refused.document("DocumentDownloadUrl is not a valid URL.")
    deadline = time.monotonic() + seconds
    try:
        with requests.get(url, headers={"User-Agent": USER_AGENT}, timeout=seconds, stream=True) as answer:
            if answer.status_code != 200:
                raise Refused.document(f"The document could not be downloaded: status {answer.status_code}.")
            chunks = []
            for chunk in answer.iter_content(65_536):
                chunks.append(chunk)
                if time.monotonic() > deadline:
                    raise Refused.document("The document could not be downloaded in time.")
            announced = answer.headers.get("Content-Length")
            content_type = answer.headers.get("Content-Type", "")
    except requests.RequestException as error:
        raise Refused.document(f"The document could not be downloaded: {type(error).__name__}.") from error
    content = b"".join(chunks)
    if announced is not None and len(content) != int(announced):
        raise Refused.document("The document could not be downloaded: the answer was cut short.")
    if not content.startswith(b"%PDF"):
        raise Refused.document("The document is not a PDF file.")
    return Fetched(content, content_type)
