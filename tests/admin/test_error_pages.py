"""Pages for what does not work say so in the reader's language and lead back."""

from collections.abc import Callable

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.utils import translation

from sync.setup import links


@pytest.mark.parametrize(("language", "told"), [("sv", "Något gick fel"), ("en", "Something went wrong")])
def test_the_page_of_a_fault_needs_no_database(language: str, told: str):
    with translation.override(language):
        page = render_to_string("500.html")
    assert told in page
    assert 'href="/admin/"' in page


@pytest.mark.parametrize(("language", "told"), [("sv", "Sidan finns inte"), ("en", "The page is not here")])
def test_a_missing_page_leads_back(log_in: Callable[[str], Client], language: str, told: str):
    answer = log_in("bookkeeper").get("/admin/sync/item/999999/change/", headers={"accept-language": language})
    assert answer.status_code == 404
    assert told in answer.content.decode()
    assert 'href="/admin/"' in answer.content.decode()


def test_what_is_not_allowed_leads_back(log_in: Callable[[str], Client]):
    answer = log_in("bookkeeper").get("/admin/integration/tenant/add/", headers={"accept-language": "sv"})
    assert answer.status_code == 403
    assert "Det får du inte göra" in answer.content.decode()


def test_a_visitor_without_cookies_is_told_to_allow_them(mine, log_in: Callable[[str], Client]):
    path = "/start/" + links.make(mine, "op").rpartition("/start/")[2]
    answer = Client(enforce_csrf_checks=True).post(f"{path}go/")
    assert answer.status_code == 403
    assert "Tillåt kakor" in answer.content.decode()
    assert "Öppna länken igen" in answer.content.decode()
    member = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x"})
    assert "Till översikten" in member.content.decode()
