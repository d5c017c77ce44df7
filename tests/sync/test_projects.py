"""Projects, SmartDok → Fortnox: rules P1 to P5."""

import datetime
from typing import Any

import pytest
import time_machine

from integration.models import Connection
from sync.engine import dispatch
from sync.engine.push import push
from sync.explain import explain
from sync.models import Attempt
from tests.sync import remote

STARTED = "2026-03-01T00:00:00"
ONGOING = {"Description": "Projekt", "StartDate": "2026-03-01", "Status": "ONGOING"}


def test_P1_a_new_project_is_created_with_every_field(smartdok: Any, fortnox: Any, settled: Any) -> None:
    smartdok.add_project(
        ProjectNumber="2041",
        ProjectName="Skolan etapp 2",
        StartDate=STARTED,
        EndDate="2026-12-31T00:00:00",
        ProjectOwnerName="Lars Lagbas",
        ClientCompanyContact="Karin Kund",
        DescriptionText="Grund och stomme",
    )
    assert settled().exit_code == 0
    assert remote.projects(fortnox) == {
        "2041": {
            "Description": "Skolan etapp 2",
            "StartDate": "2026-03-01",
            "EndDate": "2026-12-31",
            "ProjectLeader": "Lars Lagbas",
            "ContactPerson": "Karin Kund",
            "Comments": "Grund och stomme",
            "Status": "ONGOING",
        }
    }


def test_P1_is_matched_on_the_trimmed_number_and_only_changes_are_written(
    smartdok: Any, fortnox: Any, settled: Any, twins: Any
) -> None:
    fortnox.add_project("Gammalt namn", "2041", StartDate="2026-03-01", Comments="Bokhållarens ord")
    smartdok.add_project(ProjectNumber="2041   ", ProjectName="Nytt namn", StartDate=STARTED)
    settled()
    puts = [each.request_json for each in twins.fortnox.requests if each.method == "PUT"]
    assert puts == [{"Project": {"Description": "Nytt namn"}}]
    assert remote.projects(fortnox) == {
        "2041": {**ONGOING, "Description": "Nytt namn", "Comments": "Bokhållarens ord"}
    }  # fmt: skip


def test_P1_a_number_of_more_than_twenty_characters_is_refused_not_cut(
    smartdok: Any, fortnox: Any, settled: Any, item: Any
) -> None:
    smartdok.add_project(ProjectNumber="2" * 20, StartDate=STARTED)
    long = smartdok.add_project(ProjectNumber="3" * 20, StartDate=STARTED)
    long["ProjectNumber"] = "3" * 21
    settled()
    assert list(fortnox.projects) == ["2" * 20]
    stopped = item("projects", "3" * 21)
    assert (stopped.state, stopped.reason, stopped.cause) == ("stopped", "data", "P1.number_too_long")
    assert stopped.params == {"number": "3" * 21, "length": 21}


def test_P2_without_start_date_it_waits_for_a_person_who_is_told_where_to_enter_it(
    smartdok: Any, fortnox: Any, settled: Any, item: Any
) -> None:
    project = smartdok.add_project(ProjectNumber="2001", ProjectName="Utan start")
    assert settled().exit_code == 2
    assert fortnox.projects == {}
    stopped = item("projects", 2001)
    assert (stopped.state, stopped.reason, stopped.cause) == ("stopped", "data", "P2")
    told = explain(stopped.cause, stopped.params, "sv")
    assert "Projekt/kunder" in told.to_do
    assert "Tid och kostnad" in told.to_do
    assert "Startdatum" in told.to_do
    smartdok.touch(project, StartDate=STARTED)
    assert settled().exit_code == 0
    assert remote.projects(fortnox) == {"2001": {**ONGOING, "Description": "Utan start"}}


def test_P2_by_setting_the_creation_date_stands_in(smartdok: Any, fortnox: Any, settled: Any, choose: Any) -> None:
    smartdok.add_project(ProjectNumber="2001", Created="2026-02-10T07:30:00")
    settled()
    assert fortnox.projects == {}
    choose("projects", created_as_start=True)
    assert settled().exit_code == 0
    assert remote.projects(fortnox) == {"2001": {**ONGOING, "StartDate": "2026-02-10"}}


def test_P3_absence_projects_never_and_orders_only_by_setting(
    smartdok: Any, fortnox: Any, settled: Any, states: Any, choose: Any
) -> None:
    smartdok.add_project(ProjectNumber="2001", StartDate=STARTED, IsAbsenceProject=True)
    smartdok.add_project(ProjectNumber="2002", StartDate=STARTED, IsOrder=True, OrderTypeId=1)
    assert settled().exit_code == 0
    assert states("projects") == [("2001", "left_out", "P3.absence"), ("2002", "left_out", "P3.order")]
    assert fortnox.projects == {}
    choose("projects", orders=True)
    settled()
    assert states("projects") == [("2001", "left_out", "P3.absence"), ("2002", "done", "")]
    assert remote.projects(fortnox) == {"2002": ONGOING}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, "ONGOING"),
        ({"StartDate": "2026-06-10T00:00:00"}, "ONGOING"),
        ({"StartDate": "2026-06-11T00:00:00"}, "NOTSTARTED"),
        ({"Finished": True}, "COMPLETED"),
        ({"IsActive": False}, "COMPLETED"),
        ({"StartDate": "2027-01-01T00:00:00", "IsActive": False}, "COMPLETED"),
    ],
)
def test_P4_status(smartdok: Any, fortnox: Any, settled: Any, fields: dict[str, Any], status: str) -> None:
    # 22:30 UTC on the 9th is the 10th in Sweden.
    with time_machine.travel(datetime.datetime(2026, 6, 9, 22, 30, tzinfo=datetime.UTC), tick=True):
        smartdok.add_project(**{"ProjectNumber": "2041", "StartDate": STARTED, **fields})
        settled()
    assert fortnox.projects["2041"]["Status"] == status


def test_P4_one_that_was_reopened_in_fortnox_is_not_closed_again_unless_smartdok_changes(
    smartdok: Any, fortnox: Any, settled: Any
) -> None:
    project = smartdok.add_project(ProjectNumber="2041", StartDate=STARTED, Finished=True)
    settled()
    fortnox.projects["2041"]["Status"] = "ONGOING"
    smartdok.touch(project, ProjectName="Nytt namn")
    settled()
    assert remote.projects(fortnox) == {"2041": {**ONGOING, "Description": "Nytt namn"}}
    smartdok.touch(project, Finished=False)
    settled()
    smartdok.touch(project, Finished=True)
    settled()
    assert fortnox.projects["2041"]["Status"] == "COMPLETED"


def test_P4_a_project_that_had_not_started_is_ongoing_from_its_first_day(
    smartdok: Any, fortnox: Any, settled: Any
) -> None:
    with time_machine.travel(datetime.datetime(2026, 2, 27, 8, tzinfo=datetime.UTC), tick=True):
        smartdok.add_project(ProjectNumber="2041", StartDate=STARTED)
        settled()
        assert fortnox.projects["2041"]["Status"] == "NOTSTARTED"
    with time_machine.travel(datetime.datetime(2026, 3, 1, 8, tzinfo=datetime.UTC), tick=True):
        settled()
        assert fortnox.projects["2041"]["Status"] == "ONGOING"


def _off(smartdok: Any, fortnox: Any) -> None:
    fortnox.project_accounting = False
    for number in ("2041", "2042", "2043"):
        smartdok.add_project(ProjectNumber=number, StartDate=STARTED)


def test_P5_switched_off_is_one_explanation_and_burns_no_attempts(
    smartdok: Any, fortnox: Any, settled: Any, tenant: Any, twins: Any
) -> None:
    _off(smartdok, fortnox)
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Kund")
    report = settled()
    assert report.exit_code == 2
    pipeline = tenant.pipelines.get(flow="projects")
    assert pipeline.paused_cause == "P5"
    assert list(tenant.pipelines.exclude(paused_cause="").values_list("flow", flat=True)) == ["projects"]
    assert report.flows["projects"]["waiting"] == 3
    assert report.flows["customers"]["created"] == 1, "the other flows go on"
    assert Attempt.objects.filter(item__pipeline=pipeline).count() == 1
    assert set(pipeline.items.values_list("tries", flat=True)) == {0}
    assert (
        len([each for each in twins.fortnox.requests if each.path.startswith("/3/projects") and each.method == "POST"])
        == 1
    )
    assert Connection.objects.get(tenant=tenant, system="fortnox").state == "connected"


def test_P5_goes_on_by_itself_when_it_is_switched_on(smartdok: Any, fortnox: Any, settled: Any, tenant: Any) -> None:
    _off(smartdok, fortnox)
    settled()
    fortnox.project_accounting = True
    assert dispatch.sweep().probes == [], "not before its time"
    with time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=11), tick=True):
        probes = dispatch.sweep().probes
        assert len(probes) == 1
        assert push(probes[0][0]).state == "done"
        assert tenant.pipelines.get(flow="projects").paused_cause == ""
        assert settled().exit_code == 0
    assert remote.projects(fortnox) == {"2041": ONGOING, "2042": ONGOING, "2043": ONGOING}


def test_P5_goes_on_by_itself_also_where_only_the_command_line_runs(
    smartdok: Any, fortnox: Any, settled: Any, tenant: Any
) -> None:
    _off(smartdok, fortnox)
    settled()
    fortnox.project_accounting = True
    with time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=11), tick=True):
        assert settled().exit_code == 0
    assert remote.projects(fortnox) == {"2041": ONGOING, "2042": ONGOING, "2043": ONGOING}


def test_P5_one_probe_at_a_time_while_it_stays_off(smartdok: Any, fortnox: Any, settled: Any, tenant: Any) -> None:
    _off(smartdok, fortnox)
    settled()
    with time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=11), tick=True):
        (probe, _, _) = dispatch.sweep().probes[0]
        assert push(probe).state == "waiting"
        assert dispatch.sweep().probes == []
    pipeline = tenant.pipelines.get(flow="projects")
    assert pipeline.paused_cause == "P5"
    assert set(pipeline.items.values_list("tries", flat=True)) == {0}
