"""Forty projects of one company in SmartDok, and those that Fortnox has already."""

from typing import Any

from sandbox.data import words
from sandbox.data.build import Build, Record

TOTAL = 40
FIRST_NUMBER = 2001
# Projects that the bookkeeper uses in Fortnox already; supplier invoices are coded on them.
IN_FORTNOX = 8
ONLY_IN_FORTNOX = "9901"


def fill(build: Build) -> None:
    ordinary = TOTAL - _troubled(build)
    for index in range(ordinary):
        record = _add(build, str(FIRST_NUMBER + 100 + index), StartDate=build.day(build.random.randint(35, 500)))
        build.named[f"project {index}"] = record
        if index < IN_FORTNOX:
            _in_fortnox(build, record)
    build.fortnox.add_project("Egen verkstad, bara i Fortnox", ONLY_IN_FORTNOX, StartDate=build.date(200).isoformat())


def _add(build: Build, number: str, **fields: Any) -> Record:
    random = build.random
    customer = build.named[f"customer {random.randint(0, 30)}"]
    place = random.choice(words.PLACES)
    given = {
        "ProjectNumber": number,
        "ProjectName": f"{random.choice(words.KINDS_OF_WORK)} {place}",
        "CustomerId": customer["Id"],
        "Location": place,
        "ProjectOwnerName": words.person(random),
        "ClientCompanyName": customer["CustomerName"][:50],
        "ClientCompanyContact": words.person(random),
        "Created": build.moment(random.randint(200, 500)),
        "Updated": build.moment(random.randint(31, 199)),
    }
    return build.smartdok.add_project(**(given | fields))


def _in_fortnox(build: Build, record: Record) -> None:
    build.fortnox.add_project(
        record["ProjectName"][:50], record["ProjectNumber"].strip(), StartDate=record["StartDate"][:10]
    )


def _troubled(build: Build) -> int:
    """Adds the projects with a trouble and returns how many they are. Their numbers begin at FIRST_NUMBER."""
    before = len(build.smartdok.projects)
    started = build.day(90)

    def plant(rule: str, kind: str, record: Record, outcome: Any, expect: str) -> None:
        number = record["ProjectNumber"]
        build.plant(rule, kind, "projects", record["Id"], number, outcome, expect)
        build.named[kind] = record

    plant(
        "P2",
        "project without start date",
        _add(build, "2001"),
        "stopped",
        "waits for a person; says where in SmartDok the date is entered",
    )
    absence = _add(build, "2002", ProjectName="Semester och sjukdom", IsAbsenceProject=True, StartDate=started)
    plant("P3", "absence project", absence, "left_out", "never sent")
    order = _add(build, "2003", IsOrder=True, OrderTypeId=1, StartDate=started)
    plant("P3", "order", order, "left_out", "not sent unless the tenant switches orders on")
    finished = _add(build, "2004", Finished=True, StartDate=build.day(300), EndDate=build.day(20))
    plant("P4", "finished project", finished, "created", "Status COMPLETED")
    inactive = _add(build, "2005", IsActive=False, StartDate=build.day(300))
    _in_fortnox(build, inactive)
    plant("P4", "inactive project", inactive, "updated", "Status COMPLETED; listed only with all=true")
    future = _add(build, "2006", StartDate=build.day(-45))
    plant("P4", "project of the future", future, "created", "Status NOTSTARTED")
    spaced = _add(build, "2007   ", StartDate=started)
    _in_fortnox(build, spaced)
    plant("G2", "project number with spaces at its end", spaced, "updated", "is 2007, which Fortnox has already")
    fresh = _add(build, "2008 ", StartDate=started)
    plant("G2", "new project number with a space at its end", fresh, "created", "number 2008 in Fortnox")
    long = _add(
        build,
        "2009",
        StartDate=started,
        ProjectName="Om- och tillbyggnad av Stenbrohults skola, etapp 2, matsal, kök",
        DescriptionText=("Entreprenaden omfattar mark, stomme och installationer. " * 11)[:590].strip(),
    )
    plant("G5", "project name of more than 60 characters", long, "created", "cut to 50 and Comments to 512, noted")
    one_more = _add(build, "2010", StartDate=started, ProjectName="Markarbeten och grundläggning Stenbrohults sporthal")
    assert len(one_more["ProjectName"]) == 51
    plant("G5", "project name of 51 characters", one_more, "created", "cut at a word to 50 at most, noted")
    signs = _add(build, "2011", StartDate=started, ProjectName='Rör 4" <etapp 1>\tNorr 🏗')
    plant("G5", "project name with characters that Fortnox refuses", signs, "created", "characters replaced, and noted")
    for kind, number in (("project with a double number", "2012"), ("project with the same double number", "2012 ")):
        double = _add(build, number, StartDate=started)
        plant("G3", kind, double, "stopped", "one number after trimming: neither is sent, each names the other")
    refused = _add(build, "2013|B", StartDate=started)
    plant("G5", "project number that Fortnox refuses", refused, "stopped", "a number is refused, never altered")
    slashed = _add(build, "2026/14", StartDate=started)
    plant("G2", "project number with a slash", slashed, "created", "encoded in the URL, unaltered in Fortnox")
    return len(build.smartdok.projects) - before
