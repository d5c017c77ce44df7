"""Thirty invoices ("fakturaunderlag") of one company in SmartDok."""

from typing import Any

from sandbox.data import words
from sandbox.data.build import GO_LIVE_DAYS, Build, Outcome, Record

TOTAL = 30
MOST_ROWS = 501
LONG_REFERENCE = "Margareta Bergenstråhle-Lindqvist, fastighetskontoret, plan 4"


def fill(build: Build) -> None:
    ordinary = TOTAL - _troubled(build)
    for index in range(ordinary):
        _add(build, _lines(build, 3 + (index * 7) % 38))


def _add(build: Build, lines: list[Record], *, days_ago: int | None = None, **fields: Any) -> Record:
    """An invoice for the month before it was finalised, made a day or two earlier."""
    random = build.random
    serial = len(build.smartdok.invoices) + 1
    if days_ago is None:
        days_ago = 1 + serial * 5 % (GO_LIVE_DAYS - 3)
    drawn = build.named[f"project {random.randint(0, 20)}"]
    project = build.smartdok.projects[fields.get("ProjectId") or drawn["Id"]]
    given = {
        "ProjectId": project["Id"],
        "CustomerId": project["CustomerId"],
        "Title": project["ProjectName"],
        "InvoiceRef": words.person(random),
        "InvoicedBy": words.person(random),
        "SerialNumber": f"{build.today.year}-{serial:04}",
        "DateFrom": build.day(days_ago + 30),
        "DateTo": build.day(days_ago),
        "Created": build.moment(days_ago + 1),
        "Updated": build.moment(days_ago),
    }
    return build.smartdok.add_invoice(lines, **(given | fields))


# Rows


def _labour(build: Build, **fields: Any) -> Record:
    given = {
        "InvoiceLineTypeId": 1,
        "LineText": build.random.choice(words.LABOUR),
        "Detail": words.person(build.random),
        "Quantity": build.random.randint(2, 40) / 4,
        "Price": float(build.random.choice((465, 495, 520, 585, 640))),
        "UnitType": "tim",
    }
    return given | fields


def _material(build: Build, goods: Record, **fields: Any) -> Record:
    given = {
        "InvoiceLineTypeId": 4 if goods["IsProduction"] else 3,
        "Code": goods["Number"],
        "LineText": goods["Name"],
        "Quantity": float(build.random.randint(1, 60)) / build.random.choice((1, 2, 4)),
        "Price": goods["Price"],
        "UnitType": goods["Unit"]["Name"],
    }
    return given | fields


def _machine(build: Build, machine: Record, **fields: Any) -> Record:
    given = {
        "InvoiceLineTypeId": 2,
        "Code": machine["InternalNumber"],
        "LineText": machine["Name"],
        "Quantity": build.random.randint(2, 32) / 2,
        "Price": machine["PricePerHour"],
        "UnitType": "tim",
    }
    return given | fields


def _lines(build: Build, count: int) -> list[Record]:
    """Rows of an ordinary invoice: mostly work and goods, some machines, a text row now and then."""
    lines = []
    for _ in range(count):
        draw = build.random.random()
        if draw < 0.4:
            lines.append(_labour(build))
        elif draw < 0.75:
            lines.append(_material(build, build.named[f"goods {build.random.randint(0, 100)}"]))
        elif draw < 0.95:
            lines.append(_machine(build, build.named[f"machine {build.random.randint(0, 20)}"]))
        else:
            lines.append(_text("Arbetet utfört enligt överenskommelse."))
    return lines


def _text(text: str) -> Record:
    """A row of text books nothing."""
    return {"InvoiceLineTypeId": 7, "LineText": text}


# Troubles


def _troubled(build: Build) -> int:
    """Adds the invoices with a trouble and returns how many they are."""
    before = len(build.smartdok.invoices)
    _when(build)
    _for_whom(build)
    _articles(build)
    _sums(build)
    return len(build.smartdok.invoices) - before


def _plant(build: Build, rule: str, kind: str, invoice: Record, outcome: Outcome, expect: str) -> None:
    build.plant(rule, kind, "invoices", invoice["Id"], invoice["SerialNumber"], outcome, expect)
    build.named[kind] = invoice


def _when(build: Build) -> None:
    """Finalised or not, and when."""
    for kind in ("draft", "another draft"):
        draft = _add(build, _lines(build, 6), IsDraft=True, Updated=None, UpdatedCounter=0)
        _plant(build, "I1", kind, draft, "left_out", "not sent until it is finalised")
    for days in (31, 64, 118):
        old = _add(build, _lines(build, 5), days_ago=days)
        _plant(build, "G9", f"finalised {days} days ago", old, "left_out", "finalised before go-live")
    credited = _add(build, _lines(build, 4), days_ago=6, Credited=True, CreditedBy="Anna Admin")
    credited["CreditedDate"] = build.moment(5)
    _plant(
        build,
        "I10",
        "credited before it was ever sent",
        credited,
        "left_out",
        "nothing is owed any more; the rules speak only of a credit after the transfer",
    )


def _for_whom(build: Build) -> None:
    """Customer and project."""
    nobody = _add(build, _lines(build, 4), CustomerId=None)
    _plant(build, "I4", "invoice without customer", nobody, "stopped", "waits for a person")
    for kind, of_whom in (
        ("invoice to a customer without number", "customer without number"),
        ("invoice to a customer with a double number", "customer with a double number"),
    ):
        invoice = _add(build, _lines(build, 4), CustomerId=build.named[of_whom]["Id"])
        _plant(build, "I5", kind, invoice, "waiting", f"waits for the {of_whom}, and names it")
    unready = _add(build, _lines(build, 4), ProjectId=build.named["project without start date"]["Id"])
    _plant(
        build,
        "I5",
        "invoice on a project without start date",
        unready,
        "waiting",
        "waits for the project, and names it",
    )
    gone = build.smartdok.add_project(
        ProjectNumber="2099",
        ProjectName="Raderat projekt",
        StartDate=build.day(300),
        CustomerId=build.named["customer in order"]["Id"],
    )
    lost = _add(build, _lines(build, 4), ProjectId=gone["Id"])
    del build.smartdok.projects[gone["Id"]]
    _plant(build, "I5", "invoice on a project that is not listed", lost, "waiting", "waits, naming the project's id")
    done = _add(build, _lines(build, 8), ProjectId=build.named["finished project"]["Id"], InvoiceRef=LONG_REFERENCE)
    _plant(
        build, "G5", "last invoice on a finished project, reference too long", done, "created", "reference cut to 50"
    )
    other = build.named["project 3"]
    spread = _add(build, [*_lines(build, 3), _labour(build, ProjectId=other["Id"])], Comment="Etapp 2. " * 130)
    _plant(
        build,
        "I6",
        "rows on several projects, comment too long",
        spread,
        "created",
        "each row with its own project; Remarks cut to 1024",
    )


def _articles(build: Build) -> None:
    named = build.named
    doubles = ("goods doubled in consumption", "goods doubled in production", "goods with a machine's number")
    doubled = _add(build, [_material(build, named[kind]) for kind in doubles])
    _plant(
        build,
        "A3",
        "rows with doubled article numbers",
        doubled,
        "created",
        "rows without article number, a warning names 4001, 4002 and 4003",
    )
    made = ("goods with a unit that Fortnox lacks", "goods with a unit by description", "goods that Fortnox has")
    odd = ("goods with inch marks", "goods with a slash", "inactive goods")
    lines = [_material(build, named[kind]) for kind in (*made, *odd)]
    lines.append(_machine(build, named["machine that is inactive"]))
    mixed = _add(build, lines)
    _plant(
        build,
        "A2",
        "rows with articles that Fortnox lacks",
        mixed,
        "created",
        "articles and the unit lass are made; 4006 stays as it is in Fortnox; names made acceptable",
    )
    for number in ("4004", "4005", "4007", "GRUS-0/32", "4008", "M199"):
        rule = {"4004": "A4", "4005": "A4", "4007": "G5"}.get(number, "A2")
        build.plant(rule, f"article {number}", "articles", number, number, "created", "made when the invoice needs it")


def _sums(build: Build) -> None:
    named = build.named
    reading = build.tenant.discount_reading
    goods = [named[f"goods {index}"] for index in (1, 2, 3, 4)]
    discounts = (10.0, 12.5, 5.0) if reading == "percent" else (250.0, 75.5, 40.0)
    lines = [_material(build, item, Quantity=20.0, Discount=d) for item, d in zip(goods, discounts, strict=False)]
    lines.append(_material(build, goods[3], Quantity=1.0, Price=100.0, Discount=10.0))
    lines.append(_labour(build, Quantity=4.0, Price=500.0, Surcharge=10.0 if reading == "percent" else 250.0))
    discounted = _add(build, lines)
    _plant(
        build,
        "I7",
        f"rows with discount in {reading}",
        discounted,
        "created",
        "sums agree to the öre; one row of 100 kronor less 10 fits both readings",
    )
    whole = _add(build, _lines(build, 9), Discount=5.0 if reading == "percent" else 750.0)
    _plant(build, "I7", "discount on the whole invoice", whole, "created", "the discount is a row of its own")
    crooked = _add(build, [_labour(build), _labour(build, Price=500.0, Quantity=3.0, Discount=7.0, Sum=1333.33)])
    _plant(build, "I7", "a row that no reading reproduces", crooked, "stopped", "waits for a person with both figures")
    returned = _add(build, [*_lines(build, 4), _material(build, goods[0], Quantity=-3.0), _text("Återtaget material")])
    _plant(build, "I6", "negative quantity and rows of text", returned, "created", "text rows book nothing")
    unnamed = _add(build, [_labour(build, LineText=None), _labour(build, LineText="", Detail="", Comment="Resa")])
    _plant(build, "I6", "rows without text", unnamed, "created", "described by Detail, else by Comment")
    empty = _add(build, [])
    _plant(build, "I6", "invoice without rows", empty, "stopped", "nothing to send; says so")
    endless = _add(build, [_labour(build, Quantity=1.0, Price=10.0) for _ in range(MOST_ROWS)])
    _plant(build, "I6", "invoice with 501 rows", endless, "stopped", "refused with the count")
