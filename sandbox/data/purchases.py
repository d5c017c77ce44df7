"""Twenty-five supplier invoices of one company in Fortnox, with their suppliers and files.

The rows are those that Fortnox keeps: the debt (TOT), the VAT and the costs, debit equal to credit. With reverse charge
the VAT comes as a pair that cancels itself out: CND/CNC in construction, PRD/PRC for goods from the EU.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.data import papers, words
from sandbox.data.build import GO_LIVE_DAYS, Build, Outcome, Record
from sandbox.data.projects import IN_FORTNOX, ONLY_IN_FORTNOX

TOTAL = 25
VAT = Decimal("0.25")


@dataclass(frozen=True)
class Cost:
    """A cost row in kronor (or the invoice's currency), net of VAT."""

    text: str
    net: Decimal
    project: str = ""
    account: int = 4010
    code: str = "ACC"


def fill(build: Build) -> None:
    for index, name in enumerate(words.SUPPLIERS):
        number = words.organisation_number(build.random)
        supplier = build.fortnox.add_supplier(name, OrganisationNumber=number, City=build.tenant.town)
        build.named[f"supplier {index}"] = {"SupplierNumber": supplier}
    ordinary = TOTAL - _troubled(build)
    for index in range(ordinary):
        project = _project(build, index)
        given = _add(
            build, _costs(build, project, 1 + index % 3), project, days_ago=1 + (index * 3) % (GO_LIVE_DAYS - 2)
        )
        where: Any = ("archive", "inbox", "attachment")[index % 3]
        _attach(build, given, where=where)


def _project(build: Build, index: int) -> str:
    """The number of a project that both systems know."""
    return str(build.named[f"project {index % IN_FORTNOX}"]["ProjectNumber"])


def _costs(build: Build, project: str, count: int) -> list[Cost]:
    texts = [name for name, _ in words.MATERIALS]
    return [Cost(build.random.choice(texts), build.kronor(300, 24_000), project) for _ in range(count)]


def _add(
    build: Build,
    costs: list[Cost],
    project: str = "",
    *,
    days_ago: int = 4,
    supplier: int | None = None,
    rounding: Decimal = Decimal(0),
    reverse: tuple[str, str] | None = None,
    rate: Decimal | None = None,
    **fields: Any,
) -> str:
    """Adds an invoice and returns its GivenNumber.

    `reverse` names the codes of the VAT pair and leaves the invoice without VAT. `rate` is SEK per unit of the
    invoice's currency: rows then carry both amounts.
    """
    index = build.random.randrange(len(words.SUPPLIERS)) if supplier is None else supplier
    net = sum((cost.net for cost in costs), Decimal(0))
    vat = _ore(net * VAT)
    total = net + rounding if reverse else net + vat + rounding
    rows = [_row("TOT", 2440, -total, rate=rate)]
    if reverse:
        rows += [_row(reverse[0], 2647, vat, rate=rate), _row(reverse[1], 2617, -vat, rate=rate)]
    else:
        rows.append(_row("VAT", 2641, vat, rate=rate))
    rows += [_row(c.code, c.account, c.net, c.project, c.text, rate) for c in costs]
    if rounding:
        rows.append(_row("ROV", 3740, rounding, rate=rate))
    given = {
        "supplier": build.named[f"supplier {index}"]["SupplierNumber"],
        "total": total,
        "vat": Decimal(0) if reverse else vat,
        "project": project,
        "rows": rows,
        "invoice_number": str(build.random.randint(10_000, 99_999)),
        "invoice_date": build.date(days_ago),
        "RoundOffValue": f"{rounding:.2f}",
    }
    number = build.fortnox.add_supplier_invoice(**(given | fields))
    build.named[f"costs {number}"] = {"costs": costs}
    return number


def _ore(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _row(
    code: str, account: int, debit: Decimal, project: str = "", text: str = "", rate: Decimal | None = None
) -> Record:
    """A row as Fortnox keeps it: a negative debit is a credit. Debit and Credit are kronor whatever the currency."""
    kronor = _ore(debit * rate) if rate else debit
    row: Record = {"Code": code, "Account": account, "Project": project, "Total": float(kronor)}
    row |= {"Debit": float(max(kronor, Decimal(0))), "Credit": float(max(-kronor, Decimal(0)))}
    if rate:
        row |= {"DebitCurrency": float(max(debit, Decimal(0))), "CreditCurrency": float(max(-debit, Decimal(0)))}
    return row | ({"ItemDescription": text} if text else {})


def _attach(build: Build, given: str, where: Any = "archive", name: str | None = None, title: str = "Faktura") -> None:
    """Connects the invoice's PDF."""
    invoice = build.fortnox.supplier_invoices[given]
    costs = [(cost.text, cost.net) for cost in build.named[f"costs {given}"]["costs"]]
    content = papers.invoice_pdf(invoice, build.tenant.name, costs, title)
    file_name = name or f"{invoice['SupplierName'].split()[0]} {invoice['InvoiceNumber']}.pdf"
    build.fortnox.attach_file(given, file_name, content, where)


# Troubles


def _plant(build: Build, rule: str, kind: str, given: str, outcome: Outcome, expect: str) -> None:
    build.plant(rule, kind, "supplier-invoices", given, given, outcome, expect)
    build.named[kind] = build.fortnox.supplier_invoices[given]


def _plant_file(build: Build, rule: str, kind: str, given: str, outcome: Outcome, expect: str) -> None:
    build.plant(rule, kind, "supplier-documents", given, given, outcome, expect)


def _troubled(build: Build) -> int:
    before = len(build.fortnox.supplier_invoices)
    _which(build)
    _projects(build)
    _amounts(build)
    _files(build)
    return len(build.fortnox.supplier_invoices) - before


def _which(build: Build) -> None:
    """S2, S5, G9: which invoices are taken."""
    project = _project(build, 0)
    for kind in ("unbooked", "another unbooked one"):
        given = _add(build, _costs(build, project, 2), project, booked=False)
        _attach(build, given, "inbox")
        _plant(build, "S2", kind, given, "left_out", "left out until it is booked, by the default setting")
    given = _add(build, _costs(build, project, 1), project, booked=False)
    build.fortnox.cancel_supplier_invoice(given)
    _attach(build, given)
    _plant(build, "S2", "cancelled before it was ever sent", given, "left_out", "left out")
    given = _add(build, _costs(build, project, 1), project, days_ago=50)
    _attach(build, given)
    _plant(build, "G9", "invoice date before go-live", given, "left_out", "dated before go-live")
    for supplier in (0, 1):
        given = _add(build, _costs(build, project, 1), project, supplier=supplier, invoice_number="1001")
        _attach(build, given)
        _plant(
            build,
            "S5",
            f"number 1001 of supplier {supplier + 1}",
            given,
            "created",
            "two suppliers use one invoice number; GivenNumber keeps them apart",
        )
    given = _add(build, _costs(build, project, 2), project, days_ago=28, Balance="0.00")
    build.fortnox.supplier_invoices[given]["FinalPayDate"] = build.date(2).isoformat()
    _attach(build, given)
    _plant(build, "S5", "paid", given, "created", "InvoiceStatus Paid, FullyPaidDate set")


def _projects(build: Build) -> None:
    """S3, S4: where the costs belong."""
    first, second = _project(build, 1), _project(build, 2)
    given = _add(build, _costs(build, "", 2))
    _attach(build, given)
    _plant(build, "S3", "without project", given, "left_out", "no project on header or rows")
    given = _add(build, _costs(build, ONLY_IN_FORTNOX, 1), ONLY_IN_FORTNOX)
    _attach(build, given)
    _plant(build, "S3", "project unknown to SmartDok", given, "waiting", f"waits and names {ONLY_IN_FORTNOX}")
    split = [*_costs(build, first, 2), *_costs(build, second, 1)]
    given = _add(build, split)
    _attach(build, given, "inbox")
    _plant(build, "S4", "split over two projects, none on the header", given, "created", "a line per project's rows")
    given = _add(build, _costs(build, "", 2), first)
    _attach(build, given)
    _plant(build, "S4", "project on the header only", given, "created", "the header's project holds for its rows")
    given = _add(build, _costs(build, "2007", 1), "2007")
    _attach(build, given)
    _plant(build, "G2", "project with spaces at its end in SmartDok", given, "created", "2007 is found")
    given = _add(build, _costs(build, "2005", 1), "2005")
    _attach(build, given)
    _plant(build, "S4", "project that is inactive in SmartDok", given, "created", "found with all=true")


def _amounts(build: Build) -> None:
    """S4: what is cost and what is not."""
    project, other = _project(build, 3), _project(build, 4)
    given = _add(build, [Cost("Återköp: regel 45x95", Decimal("-1240.50"), project)], project)
    _attach(build, given, title="Kreditfaktura")
    _plant(build, "S4", "credit note", given, "created", "amounts are negative")
    thirds = [Cost("Betong C25/30", Decimal("3333.33"), project), Cost("Pumpning", Decimal("1666.67"), other)]
    freight = Cost("Frakt", Decimal("450.10"), project, account=5615, code="FRT")
    given = _add(build, [*thirds, freight], rounding=Decimal("-0.13"), Freight="450.10")
    _attach(build, given)
    _plant(
        build,
        "S4",
        "freight, rounding and VAT over two projects",
        given,
        "created",
        "FRT is cost, ROV is not; VAT spread by net, sums agree to the öre",
    )
    given = _add(build, _costs(build, project, 2), project, reverse=("CND", "CNC"), VATType="REVERSE")
    _attach(build, given)
    _plant(build, "S4", "reverse charge in construction", given, "created", "the pair CND/CNC is not cost; VAT 0")
    given = _add(
        build,
        [Cost("Fästdon, från Tyskland", Decimal("845.00"), project, account=4500)],
        project,
        reverse=("PRD", "PRC"),
        rate=Decimal("11.32"),
        VATType="EUINTERNAL",
        Currency="EUR",
        CurrencyRate="11.32",
    )
    _attach(build, given)
    _plant(build, "S4", "invoice in euro", given, "created", "in kronor as booked (ADR 3), VAT 0")


def _files(build: Build) -> None:
    """S6, S7: the documents."""
    project = _project(build, 5)
    given = _add(build, _costs(build, project, 2), project)
    _attach(build, given)
    _attach(build, given, name="Följesedel.pdf", title="Följesedel")
    _plant_file(build, "S7", "two files", given, "created", "the first PDF is sent, the other is kept and listed")
    given = _add(build, _costs(build, project, 1), project)
    if build.tenant.id % 2:
        build.fortnox.attach_file(given, "Skannad faktura.png", papers.scan_png(), "inbox")
    else:
        build.fortnox.attach_file(given, "Skannad faktura.tif", papers.scan_tiff(), "inbox")
    _plant_file(build, "S7", "picture only", given, "left_out", "kept and listed; the invoice itself is created")
    given = _add(build, _costs(build, project, 1), project)
    _plant_file(build, "S6", "no file", given, "left_out", "nothing to send; the invoice itself is created")
    given = _add(build, _costs(build, project, 1), project)
    build.fortnox.attach_file(given, "Faktura.pdf", papers.false_pdf(), "archive")
    _plant_file(build, "S6", "false PDF", given, "stopped", "no PDF by its content; the invoice itself is created")
