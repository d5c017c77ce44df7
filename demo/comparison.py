"""Both sides against each other, record by record, by rules written a second time and on purpose.

Nothing here uses the product's mapping, adapters or records: what lies in the twins is read over HTTP (`/_state`, since
SmartDok's API lists no supplier invoices), and every field, row and sum is compared with what the rules promise. The
product is asked one thing only: what it says about a record that differs (`Told`). A difference is meant when its item
waits, is stopped or was left out with a cause; any other is unexpected.
"""

import datetime as dt
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

Record = dict[str, Any]
ORE = Decimal("0.01")
NOT_COST = {"TOT", "VAT", "ROV"}
# Accounts of VAT that a buyer reckons himself; they come in pairs and are no cost.
REVERSE_VAT = {"2614", "2615", "2617", "2645", "2647"}
STEPS_ASIDE = {"stopped", "left_out", "waiting"}
OWN_ROWS = ("Påslag", "Rabatt", "Öresutjämning")  # rows that the integration adds so that sums agree (I7)


@dataclass(frozen=True)
class Told:
    """What the product says about a record. `noted`: it shows that texts were made acceptable (G5)."""

    state: str
    cause: str = ""
    params: Record = field(default_factory=dict)
    adopted: bool = False
    noted: bool = False


@dataclass(frozen=True)
class Difference:
    """A record that is not the same on both sides, and in what. Without a `cause` nothing explains it."""

    flow: str
    source_id: str
    name: str
    what: str
    state: str = ""
    cause: str = ""
    params: Record = field(default_factory=dict)


@dataclass
class Compared:
    """What a comparison found: records compared per flow, and the differences."""

    records: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    @property
    def unexpected(self) -> list[Difference]:
        return [each for each in self.differences if not each.cause]

    @property
    def meant(self) -> list[Difference]:
        return [each for each in self.differences if each.cause]


class Comparison:
    """One company. `smartdok` and `fortnox` are what lies there, `told` is what the product says, by flow and id."""

    def __init__(
        self, smartdok: Record, fortnox: Record, told: Mapping[tuple[str, str], Told], go_live: dt.date
    ) -> None:
        self.smartdok = smartdok
        self.fortnox = fortnox
        self.told = told
        self.go_live = go_live
        self.found = Compared()

    def run(self) -> Compared:
        """Compare everything."""
        self._customers()
        self._projects()
        self._articles()
        self._invoices()
        self._supplier_invoices()
        self._documents()
        return self.found

    # -- saying it -------------------------------------------------------------------------------------------
    def _settle(self, flow: str, source_id: str, name: str, differences: Iterable[str], before: bool = False) -> None:
        """Count a record and keep what differs, with the reason that the product gives.

        Args:
            before: the record is from before the first day that counts (G9), and need not be an item at all.
        """
        self.found.records[flow] += 1
        what = "; ".join(differences)
        if not what:
            return
        told = self.told.get((flow, source_id))
        if told is None and before:
            told = Told("left_out", "G9")
        if told and not (told.state in STEPS_ASIDE and told.cause):
            told = Told(told.state)
        told = told or Told("")
        self.found.differences.append(Difference(flow, source_id, name, what, told.state, told.cause, told.params))

    def _told(self, flow: str, source_id: str) -> Told:
        return self.told.get((flow, source_id), Told(""))

    def _texts(self, told: Told, pairs: Mapping[str, tuple[Any, Any]]) -> Iterator[str]:
        for name, (ours, theirs) in pairs.items():
            source, target = _text(ours), _text(theirs)
            if source == target or (not source and told.adopted):
                continue  # G4: what the source leaves empty is not cleared in what was there
            if told.noted and skeleton(target) and skeleton(source).startswith(skeleton(target)):
                continue  # G5: made acceptable or cut, and shown
            if told.noted and name == "Email" and not target:
                continue  # G5: an address is never altered; it was left out, and shown
            yield f"{name} is {target!r}, not {source!r}"

    # -- SmartDok → Fortnox ----------------------------------------------------------------------------------
    def _customers(self) -> None:
        for record in self.smartdok["customers"].values():
            number, source_id = _text(record["CustomerNumber"]), str(record["Id"])
            there = self.fortnox["customers"].get(number) if number else None
            name = f"{number} {record['CustomerName']}".strip()
            self._settle(
                "customers", source_id, name, self._customer(record, there, self._told("customers", source_id))
            )

    def _customer(self, record: Record, there: Record | None, told: Told) -> Iterator[str]:
        if there is None:
            yield "is not in Fortnox"
            return
        ours, theirs = digits(record["OrganizationNumber"]), digits(there.get("OrganisationNumber"))
        if ours[-10:] != theirs[-10:] and not (told.adopted and not ours):
            yield f"OrganisationNumber is {theirs!r}, not {ours!r}"
        fields = {
            "Name": "CustomerName", "Email": "Email", "Address1": "Address", "ZipCode": "ZipCode", "City": "City",
            "DeliveryAddress1": "AlternativeAddress", "DeliveryZipCode": "AlternativeZipCode",
            "DeliveryCity": "AlternativeCity", "Phone1": "PhoneNumber", "Phone2": "MobileNumber", "Comments": "Comment",
        }  # fmt: skip
        yield from self._texts(told, {to: (record[of], there.get(to)) for to, of in fields.items()})
        if bool(there.get("Active", True)) != record["IsActive"]:
            yield f"Active is {there.get('Active')}, not {record['IsActive']}"

    def _projects(self) -> None:
        for record in self.smartdok["projects"].values():
            if record["IsOrder"] or record["IsAbsenceProject"]:
                continue  # P3: never meant to be there
            number, source_id = _text(record["ProjectNumber"]), str(record["Id"])
            there = self.fortnox["projects"].get(number) if number else None
            name = f"{number} {record['ProjectName']}".strip()
            differences = self._project(record, there, self._told("projects", source_id))
            self._settle("projects", source_id, name, differences)

    def _project(self, record: Record, there: Record | None, told: Told) -> Iterator[str]:
        if there is None:
            yield "is not in Fortnox"
            return
        fields = {
            "Description": record["ProjectName"], "StartDate": _day(record["StartDate"]),
            "EndDate": _day(record["EndDate"]), "ProjectLeader": record["ProjectOwnerName"],
            "ContactPerson": record["ClientCompanyContact"], "Comments": record["DescriptionText"],
        }  # fmt: skip
        yield from self._texts(told, {to: (ours, there.get(to)) for to, ours in fields.items()})
        started = _day(record["StartDate"]) <= there.get("StartDate", "")
        ended = record["Finished"] or not record["IsActive"]
        allowed = {"COMPLETED"} if ended else {"ONGOING", "NOTSTARTED"}
        if started and there.get("Status") not in allowed:
            yield f"Status is {there.get('Status')}, not {' or '.join(sorted(allowed))}"

    def _articles(self) -> None:
        """What invoices name must be there (A2); the others are in the register of SmartDok alone, and say so."""
        for kind, of, number_of in (("goods", "Name", "Number"), ("machines", "Name", "InternalNumber")):
            for record in self.smartdok[kind].values():
                number = _text(record[number_of])
                source_id = self._article_id(kind, record)
                told = self._told("articles", source_id)
                there = self.fortnox["articles"].get(number) if number else None
                differences = [] if there else ["is not in Fortnox"]
                if there and not told.adopted:
                    differences = list(self._texts(told, {"Description": (record[of], there.get("Description"))}))
                self._settle("articles", source_id, f"{number} {record[of]}".strip(), differences)

    def _article_id(self, kind: str, record: Record) -> str:
        """The product keys goods and machines apart, since their ids may be the same."""
        plain = str(record["Id"])
        known = [key for flow, key in self.told if flow == "articles" and re.split(r"\W", key)[-1] == plain]
        return next((key for key in known if ("machine" in key) == (kind == "machines")), plain)

    def _invoices(self) -> None:
        sent = defaultdict(list)
        for there in self.fortnox["invoices"].values():
            if reference := re.fullmatch(r"BYGGBRO-0*(\d+)", there.get("ExternalInvoiceReference1") or ""):
                sent[reference[1]].append(there)
        for record in self.smartdok["invoices"].values():
            source_id = str(record["Id"])
            found = sent.pop(source_id, [])
            name = f"{record['SerialNumber'] or source_id} {record['CustomerName'] or ''}".strip()
            if record["IsDraft"] and not found:
                continue  # I1
            finalised = dt.date.fromisoformat((record["Updated"] or record["Created"])[:10])
            self._settle("invoices", source_id, name, self._invoice(record, found), finalised < self.go_live)
        for source_id, found in sent.items():
            self._settle("invoices", source_id, f"Fortnox {found[0]['DocumentNumber']}", ["is not in SmartDok"])

    def _invoice(self, record: Record, found: list[Record]) -> Iterator[str]:
        told = self._told("invoices", str(record["Id"]))
        if not found:
            yield "is not in Fortnox"
            return
        if len(found) > 1:  # I2: whatever the product says of it, this is never meant
            numbers = ", ".join(each["DocumentNumber"] for each in found)
            self.found.differences.append(
                Difference("invoices", str(record["Id"]), record["SerialNumber"] or "", f"was sent twice: {numbers}")
            )
        there = found[0]
        projects = self.smartdok["projects"]
        pairs = {
            "CustomerNumber": (record["CustomerNumber"], there["CustomerNumber"]),
            "Project": (_project_number(projects, record["ProjectId"]), there.get("Project")),
            "YourReference": (record["InvoiceRef"], there.get("YourReference")),
            "OurReference": (record["InvoicedBy"], there.get("OurReference")),
            "ExternalInvoiceReference2": (record["SerialNumber"], there.get("ExternalInvoiceReference2")),
            "Remarks": ("\n".join(filter(None, [record["Title"], record["Comment"]])), there.get("Remarks")),
        }
        yield from self._texts(told, pairs)
        if there.get("Booked") or there.get("Sent"):
            yield "is booked or sent, which we never do"
        yield from self._rows(record, there, told)
        ours = money(record["TotalPrice"])
        theirs = sum(
            (money(row.get("TotalExcludingVAT", row.get("Total"))) for row in there["InvoiceRows"]), Decimal(0)
        )
        if ours != theirs:
            yield f"the rows come to {theirs}, not {ours}"

    def _rows(self, record: Record, there: Record, told: Told) -> Iterator[str]:
        lines = sorted(record["InvoiceLines"], key=lambda each: each["Order"] or 0)
        rows = [row for row in there["InvoiceRows"] if not row.get("Description", "").startswith(OWN_ROWS)]
        if len(lines) != len(rows):
            yield f"has {len(rows)} rows, not {len(lines)}"
            return
        for position, (line, row) in enumerate(zip(lines, rows, strict=True), 1):
            for what in self._row(line, row, told):
                yield f"row {position}: {what}"

    def _row(self, line: Record, row: Record, told: Told) -> Iterator[str]:
        text = line["LineText"] or line["Detail"] or line["Comment"] or line["Code"]
        pairs = {"Description": (text, row.get("Description"))}
        if line["Price"] or line["Quantity"] or line["Sum"]:
            quantities = number(line["Quantity"]), number(row.get("DeliveredQuantity"))
            if quantities[0] != quantities[1]:
                yield f"DeliveredQuantity is {quantities[1]}, not {quantities[0]}"
            code = _text(line["Code"])
            pairs["ArticleNumber"] = (code if self._one_article(code) else "", row.get("ArticleNumber"))
            pairs["Project"] = (_project_number(self.smartdok["projects"], line["ProjectId"]), row.get("Project"))
        yield from self._texts(told, pairs)

    def _one_article(self, code: str) -> bool:
        """Exactly one thing of SmartDok bears the number (A3)."""
        return bool(code) and self._bearers[code] == 1

    @cached_property
    def _bearers(self) -> Counter[str]:
        goods = [_text(each["Number"]) for each in self.smartdok["goods"].values()]
        return Counter([*goods, *(_text(each["InternalNumber"]) for each in self.smartdok["machines"].values())])

    # -- Fortnox → SmartDok ----------------------------------------------------------------------------------
    def _supplier_invoices(self) -> None:
        there = dict(self.smartdok["supplier_invoices"])
        for number_, record in self.fortnox["supplier_invoices"].items():
            name = f"{number_} {record['SupplierName']} {record['InvoiceNumber']}"
            before = dt.date.fromisoformat(record["InvoiceDate"]) < self.go_live
            differences = list(self._supplier_invoice(record, there.pop(number_, None)))
            self._settle("supplier-invoices", number_, name, differences, before)
        for number_ in there:
            self._settle("supplier-invoices", number_, f"SmartDok {number_}", ["is not in Fortnox"])

    def _supplier_invoice(self, record: Record, there: Record | None) -> Iterator[str]:
        if there is None:
            yield "is not in SmartDok"
            return
        told = self._told("supplier-invoices", record["GivenNumber"])
        pairs = {
            "InvoiceNumber": (record["InvoiceNumber"], there["InvoiceNumber"]),
            "SupplierNumber": (record["SupplierNumber"], there["SupplierNumber"]),
            "SupplierName": (record["SupplierName"], there["SupplierName"]),
            "IssueDate": (record["InvoiceDate"], there["IssueDate"]),
            "DueDate": (record.get("DueDate") or record["InvoiceDate"], there["DueDate"]),
        }
        yield from self._texts(told, pairs)
        if (there["BookingStatus"] == "Booked") != record["Booked"]:
            yield f"BookingStatus is {there['BookingStatus']} and Booked in Fortnox is {record['Booked']}"
        if (there["InvoiceStatus"] == "Cancelled") != record["Cancelled"]:
            yield f"InvoiceStatus is {there['InvoiceStatus']} and Cancelled in Fortnox is {record['Cancelled']}"
        total = sum((_booked(row) for row in record["SupplierInvoiceRows"] if row["Code"] == "TOT"), Decimal(0))
        if -total != money(there["TotalIncludingVat"]):
            yield f"TotalIncludingVat is {money(there['TotalIncludingVat'])}, not {-total}"
        ours, theirs = self._costs(record), self._lines(there)
        if ours != theirs:
            yield f"the cost per project is {_shown(theirs)}, not {_shown(ours)}"
        vat = sum((money(line["Vat"]) for line in there["Lines"]), Decimal(0))
        if vat != money(there["Vat"]):
            yield f"the lines' VAT comes to {vat}, not {money(there['Vat'])}"

    def _costs(self, record: Record) -> dict[str, Decimal]:
        """Net cost in kronor by project number (S4)."""
        costs: dict[str, Decimal] = defaultdict(Decimal)
        for row in record["SupplierInvoiceRows"]:
            if row["Code"] not in NOT_COST and str(row.get("Account")) not in REVERSE_VAT:
                project = _text(row.get("Project")) or _text(record.get("Project"))
                costs[project] += _booked(row)
        return dict(costs)

    def _lines(self, there: Record) -> dict[str, Decimal]:
        costs: dict[str, Decimal] = defaultdict(Decimal)
        for line in there["Lines"]:
            project = _project_number(self.smartdok["projects"], line["ProjectId"])
            costs[project] += money(line["AmountIncludingVat"]) - money(line["Vat"])
        return dict(costs)

    def _documents(self) -> None:
        """Byte for byte: the file's SHA-256 in Fortnox is that of what SmartDok fetched (S6)."""
        fetched = defaultdict(set)
        for document in self.smartdok["documents"]:
            fetched[document["ExternalInvoiceNumber"]].add(document["sha256"])
        for file_id, connection in self.fortnox["file_connections"].items():
            number_ = connection["SupplierInvoiceNumber"]
            held = self.fortnox["files"].get(file_id)
            there = held is not None and held["Bytes"] in fetched[number_]
            day = self.fortnox["supplier_invoices"].get(number_, {}).get("InvoiceDate", "")
            before = bool(day) and dt.date.fromisoformat(day) < self.go_live
            name = f"{number_} {connection['Name']}"
            differences = [] if there else ["is not in SmartDok, byte for byte"]
            self._settle("supplier-documents", self._document_id(file_id, number_), name, differences, before)

    def _document_id(self, file_id: str, number_: str) -> str:
        known = [key for flow, key in self.told if flow == "supplier-documents" and file_id in key]
        return next((key for key in known if number_ in key.replace(file_id, "")), known[0] if known else file_id)


def skeleton(text: str) -> str:
    """Letters and digits alone, without those that stand in for signs: what is left when a text is made acceptable."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(char for char in plain.casefold() if char.isalnum() and char not in "xø")


def digits(value: Any) -> str:
    """The digits of an organisation number."""
    return re.sub(r"\D", "", _text(value))


def money(value: Any) -> Decimal:
    """Kronor, rounded to the öre."""
    return number(value).quantize(ORE, ROUND_HALF_UP)


def number(value: Any) -> Decimal:
    """An exact number from JSON; 0 for nothing."""
    return Decimal(str(value or 0)).normalize() + 0


def _text(value: Any) -> str:
    return " ".join(str(value if value is not None else "").split())


def _day(value: str | None) -> str:
    return (value or "")[:10]


def _project_number(projects: Record, project_id: int | None) -> str:
    return _text(projects.get(str(project_id), {}).get("ProjectNumber", "")) if project_id else ""


def _booked(row: Record) -> Decimal:
    """What a row is booked at, debit being positive."""
    return money(row.get("Debit")) - money(row.get("Credit"))


def _shown(costs: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{project or 'none'}: {cost}" for project, cost in sorted(costs.items())) or "nothing"
