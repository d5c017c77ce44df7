"""The SmartDok twin: API token, session, claims, account."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.smartdok import Company, SmartDokTwin
from tests.sandbox.smartdok import TOKEN, SmartDok, running


@pytest.fixture
def smartdok() -> Iterator[SmartDok]:
    with running() as started:
        yield started


def claims_of(token: str) -> dict[str, Any]:
    middle = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return claims


def test_session_token_is_a_bare_string_quoted_as_json(smartdok: SmartDok) -> None:
    answer = smartdok.authorize()
    assert answer.text == json.dumps(answer.json())
    assert claims_of(answer.json())["exp"] == smartdok.clock.now.timestamp() + 3600


def test_session_token_is_raw_for_a_client_that_takes_plain_text_only(smartdok: SmartDok) -> None:
    smartdok.twin.observers.clear()  # the document knows JSON only
    answer = smartdok.authorize(accept="text/plain")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert claims_of(answer.text)["companyId"] == "1"


@pytest.mark.parametrize("token", ["", "another"])
def test_unknown_api_token_is_401(smartdok: SmartDok, token: str) -> None:
    assert smartdok.authorize(token).status_code == 401


def test_revoked_api_token_is_401_but_its_session_goes_on(smartdok: SmartDok) -> None:
    smartdok.company.revoke_token()
    assert smartdok.authorize().status_code == 401
    assert smartdok.get("/Customers").status_code == 200


def test_api_token_lives_a_year(smartdok: SmartDok) -> None:
    smartdok.clock.forward(days=364)
    assert smartdok.authorize().status_code == 200
    smartdok.clock.forward(days=1)
    assert smartdok.authorize().status_code == 401


def test_session_lives_an_hour(smartdok: SmartDok) -> None:
    smartdok.clock.forward(minutes=59)
    assert smartdok.get("/Customers").status_code == 200
    smartdok.clock.forward(minutes=1)
    assert smartdok.get("/Customers").status_code == 401
    smartdok.log_in()
    assert smartdok.get("/Customers").status_code == 200


def test_sessions_can_be_expired(smartdok: SmartDok) -> None:
    smartdok.twin.expire_sessions()
    answer = smartdok.get("/Customers")
    assert (answer.status_code, answer.headers["WWW-Authenticate"][:6]) == (401, "Bearer")


@pytest.mark.parametrize("header", [None, "Bearer nonsense", "Basic abc", "Bearer"])
def test_everything_needs_a_session(smartdok: SmartDok, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    assert requests.get(f"{smartdok.twin.url}/Projects", headers=headers, timeout=5).status_code == 401


def test_missing_claim_is_401_with_its_name(smartdok: SmartDok) -> None:
    smartdok.company.claims.remove("CustomersRead")
    answer = smartdok.get("/Customers")
    assert (answer.status_code, answer.text) == (401, "Missing claims: CustomersRead")
    assert smartdok.get("/Projects").status_code == 200


def test_renew_kills_the_old_api_token_and_is_counted(smartdok: SmartDok) -> None:
    url = f"{smartdok.twin.url}/Authorize/ApiToken/Renew"
    early = requests.post(url, json={"Token": TOKEN}, timeout=5)
    assert (early.status_code, early.json()["Error"]) == (400, "TokenTooNew")
    smartdok.clock.forward(days=200)
    renewed = requests.post(url, json={"Token": TOKEN}, timeout=5).json()
    assert smartdok.authorize(TOKEN).status_code == 401
    assert smartdok.authorize(renewed).status_code == 200
    assert smartdok.twin.renew_calls == 2


def test_companies_see_only_their_own(smartdok: SmartDok) -> None:
    other = smartdok.twin.add_company(Company("Annan AB", "other-token", id=2))
    mine, theirs = smartdok.company.add_customer(), other.add_customer()
    assert smartdok.ids("/Customers") == [mine["Id"]]
    assert smartdok.get(f"/Customers/{theirs['Id']}").status_code == 404


def test_two_companies_cannot_share_token_or_id() -> None:
    with pytest.raises(ValueError, match="token"):
        SmartDokTwin([Company("A", "t"), Company("B", "t", id=2)])
    with pytest.raises(ValueError, match="id"):
        SmartDokTwin([Company("A", "t"), Company("B", "u")])


def test_current_user_and_licence(smartdok: SmartDok) -> None:
    assert smartdok.get("/Users/current").json()["UserName"] == "anna.admin"
    assert smartdok.get("/LicenseInfo").json() == {"AvailableLicenses": 23, "TotalLicenses": 25}


def test_users_that_ended_are_listed_on_demand(smartdok: SmartDok) -> None:
    gone = smartdok.company.add_user(UserName="gone", IsEnded=True)
    assert gone["Id"] not in smartdok.ids("/Users")
    assert smartdok.ids("/Users", active=False) == [gone["Id"]]
    assert len(smartdok.ids("/Users", all=True)) == 3


def test_expired_token_and_storm_faults_look_like_the_vendor(smartdok: SmartDok) -> None:
    smartdok.twin.faults.add("expired-token", path="/Customers")
    smartdok.twin.faults.add("storm", path="/Customers")
    assert [smartdok.get("/Customers").status_code for _ in range(3)] == [401, 429, 200]


def test_faults_and_log_know_the_company_by_its_token(smartdok: SmartDok) -> None:
    smartdok.twin.faults.add("status", path="/Customers", status=503, tenant="another")
    smartdok.twin.faults.add("status", path="/Customers", status=500, tenant=TOKEN)
    assert smartdok.get("/Customers").status_code == 500
    assert smartdok.twin.requests[-1].tenant == TOKEN
