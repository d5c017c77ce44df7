"""What the log says, and what it must not say."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from django.core import signing
from django.test import Client

from integration.models import Tenant
from sync.setup import links

TOKEN = "a-Token_that-lets-its-bearer-in"


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the handler of the settings has written so far."""
    [handler] = [
        each
        for each in logging.getLogger().handlers
        if isinstance(each.formatter, structlog.stdlib.ProcessorFormatter) and isinstance(each, logging.StreamHandler)
    ]
    # Not by `setStream`, which flushes the one before: that may be a test's, closed since.
    before, handler.stream = handler.stream, io.StringIO()
    stream = handler.stream
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    handler.stream = before


def test_principle_14_a_refused_post_leaves_no_token_of_a_set_up_link_in_the_log(
    lines: Callable[[], list[dict[str, Any]]], settings: Any, db: None
) -> None:
    settings.PUBLIC_URL = "http://testserver"
    settings.ALLOWED_HOSTS = ["testserver"]
    url = links.make(Tenant.objects.create(slug="ostanbygg", name="Östanbygg AB"), "anna")
    token = url.split("/")[4]
    browser = Client(enforce_csrf_checks=True)
    assert browser.post(f"/start/{token}/settings/", {}).status_code == 403
    assert browser.get(f"/start/{token}/nowhere/").status_code == 404
    told = lines()
    assert [line["event"].rpartition(": ")[2] for line in told] == ["/start/…/settings/", "/start/…/nowhere/"]
    assert token not in json.dumps(told)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (f"/start/{TOKEN}/go/", "/start/…/go/"),
        (f"https://byggbro.example.com/documents/{TOKEN}:1wXy:{TOKEN}/Faktura 1.pdf",
         "https://byggbro.example.com/documents/…/Faktura 1.pdf"),
        (f"/webhooks/fortnox/{TOKEN}", "/webhooks/fortnox/…"),
        (f"/connect/callback/?code={TOKEN}&state={TOKEN}:x", "/connect/callback/?code=…&state=…"),
        (f"/connect/callback/?scope=invoice&code={TOKEN}", "/connect/callback/?scope=invoice&code=…"),
        ("/admin/sync/document/7/file/", "/admin/sync/document/7/file/"),
    ],
)  # fmt: skip
def test_principle_14_secret_parts_of_addresses_are_left_out_whoever_logs_them(
    address: str, shown: str, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    logging.getLogger("gunicorn.error").error("Error handling request %s", address)
    structlog.get_logger("tests").warning("asked", path=address, seen=[address])
    logging.getLogger("django.request").warning("Not Found: %s", address, extra={"status_code": 404})
    server, ours, django = lines()
    assert server["event"] == f"Error handling request {shown}"
    assert (ours["path"], ours["seen"]) == (shown, [shown])
    assert django["event"] == f"Not Found: {shown}"


def test_a_real_signed_address_is_left_out(lines: Callable[[], list[dict[str, Any]]]) -> None:
    token = signing.TimestampSigner(salt="byggbro.document").sign_object({"d": 1, "t": 1, "h": "0123456789abcdef"})
    logging.getLogger("django.request").warning("Not Found: /documents/%s/F1.pdf", token)
    assert lines()[0]["event"] == "Not Found: /documents/…/F1.pdf"


def test_tracebacks_of_django_and_celery_are_text(lines: Callable[[], list[dict[str, Any]]]) -> None:
    for name in ("django.request", "celery.app.trace"):
        try:
            raise ValueError(f"from https://byggbro.example.com/start/{TOKEN}/")
        except ValueError:
            logging.getLogger(name).exception("it failed")
    for line, name in zip(lines(), ("django.request", "celery.app.trace"), strict=True):
        assert (line["logger"], line["level"]) == (name, "error")
        assert line["exception"].startswith("Traceback (most recent call last):\n")
        assert line["exception"].endswith("ValueError: from https://byggbro.example.com/start/…/")
        assert "exc_info" not in line


def test_tracebacks_of_our_own_are_text_once(lines: Callable[[], list[dict[str, Any]]]) -> None:
    try:
        raise ValueError("why")
    except ValueError:
        structlog.get_logger("tests").exception("push failed", reference="1a2b")
    [line] = lines()
    assert line["exception"].endswith("ValueError: why")
    assert (line["event"], line["reference"], "exc_info" in line) == ("push failed", "1a2b", False)
