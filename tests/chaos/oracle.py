"""What must lie on the other side, worked out from the source alone and from the rules of the integration.

Pure, and shares no code with the flows or the adapters. `compare` reads the twins' state, the source's history and the
items, and says what is doubled, lost, wrong or stuck.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.fortnox import Company as Fortnox
from sandbox.smartdok import Company as SmartDok
from tests.chaos.company import History

Record = dict[str, Any]
Items = dict[str, dict[str, tuple[str, str]]]  # flow -> source id -> (state, cause)


@dataclass
class Verdict:
    """Counts for the table, and every problem in words."""

    items: int = 0
    duplicates: int = 0
    losses: int = 0
    wrong: int = 0
    stuck: int = 0
    problems: list[str] = field(default_factory=list)

    def say(self, kind: str, text: str) -> None:
        setattr(self, kind, getattr(self, kind) + 1)
        self.problems.append(f"{kind}: {text}")

    def add(self, other: "Verdict") -> None:
        for name in ("items", "duplicates", "losses", "wrong", "stuck"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.problems += other.problems


def compare(slug: str, smartdok: SmartDok, fortnox: Fortnox, history: History, rows: list[tuple[Any, ...]]) -> Verdict:
    """The whole state of one company on both sides."""
    items: Items = defaultdict(dict)
    for flow, source_id, state, cause, _, _ in rows:
        items[flow][source_id] = (state, cause)
    return _Comparison(slug, smartdok, fortnox, history, items).verdict


def text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def kronor(value: Any) -> Decimal:
    return Decimal(str(value or 0)).quantize(Decimal("0.01"), ROUND_HALF_UP)


class _Comparison:
    def __init__(self, slug: str, smartdok: SmartDok, fortnox: Fortnox, history: History, items: Items) -> None:
        self.slug, self.smartdok, self.fortnox = slug, smartdok, fortnox
        self.history, self.items = history, items
        self.verdict = Verdict(items=sum(map(len, items.values())))
        self.customers = self._customers()
        self.projects = self._projects()
        self.needed: set[str] = set()
        self._invoices()
        self._articles()
        self._supplier_invoices()
        self._documents()

    def say(self, kind: str, what: str) -> None:
        self.verdict.say(kind, f"{self.slug} {what}")

    def state(self, flow: str, source_id: Any, *allowed: tuple[str, str]) -> None:
        """The item has one of these states, for one of these causes (a cause may be given by its start)."""
        state, cause = self.items[flow].get(str(source_id), ("no item", ""))
        if not any(state == wanted and cause.startswith(why) for wanted, why in allowed):
            self.say("stuck", f"{flow} {source_id} is {state} {cause}, not {' or '.join(' '.join(a) for a in allowed)}")

    def same(self, what: str, there: Record, wanted: Record) -> None:
        for name, value in wanted.items():
            if there.get(name, "") != value:
                self.say("wrong", f"{what}: {name} is {there.get(name)!r}, not {value!r}")

    # -- registers (C, P, A) -------------------------------------------------------------------------------------
    def _register(
        self, flow: str, there: dict[str, Record], source: list[tuple[int, str, tuple[str, str], Record]]
    ) -> dict[int, str]:
        """Numbers by id of what must be there. `source`: id, number, (state, cause) where it may not, else its fields.

        Numbers that records bore earlier may be left over (G2), others may not.
        """
        bearers = Counter(number for _, number, _, _ in source)
        arrived = {}
        double = ("stopped", "C4" if flow == "customers" else "P1.double")
        for record_id, number, kept_back, wanted in source:
            what = f"{flow} {number!r}"
            if kept_back[0] or bearers[number] > 1:
                self.state(flow, record_id, kept_back if kept_back[0] else double)
                continue
            arrived[record_id] = number
            self.state(flow, record_id, ("done", ""))
            if number not in there:
                self.say("losses", f"{what} is not in Fortnox")
            else:
                self.same(what, there[number], wanted)
        ever = {number for record_id, _, _, _ in source for number in self.history.numbers[record_id]}
        for number in set(there) - set(arrived.values()) - ever:
            self.say("wrong", f"{flow} {number!r} should not be in Fortnox")
        return arrived

    def _customers(self) -> dict[int, str]:
        source = []
        for record in self.smartdok.customers.values():
            number = text(record["CustomerNumber"])
            wanted = {
                "Name": text(record["CustomerName"]),
                "OrganisationNumber": text(record["OrganizationNumber"]),
                "Email": text(record["Email"]),
                "Address1": text(record["Address"]),
                "City": text(record["City"]),
                "Phone1": text(record["PhoneNumber"]),
                "Active": record["IsActive"],
            }
            source.append((record["Id"], number, ("", "") if number else ("left_out", "C2"), wanted))
        return self._register("customers", self.fortnox.customers, source)

    def _projects(self) -> dict[int, str]:
        source = []
        for record in self.smartdok.projects.values():
            kept_back = ("", "")
            if record["IsAbsenceProject"]:
                kept_back = ("left_out", "P3")
            elif not record["StartDate"]:
                kept_back = ("stopped", "P2")
            wanted = {
                "Description": text(record["ProjectName"]),
                "StartDate": text(record["StartDate"])[:10],
                "Status": "COMPLETED" if record["Finished"] or not record["IsActive"] else "ONGOING",
                "ProjectLeader": text(record["ProjectOwnerName"]),
            }
            source.append((record["Id"], text(record["ProjectNumber"]), kept_back, wanted))
        return self._register("projects", self.fortnox.projects, source)

    def _article_bearers(self) -> dict[str, list[str]]:
        bearers: dict[str, list[str]] = defaultdict(list)
        for goods in self.smartdok.goods.values():
            bearers[text(goods["Number"])].append(f"goods:{goods['Id']}")
        for machine in self.smartdok.machines.values():
            bearers[text(machine["InternalNumber"])].append(f"machine:{machine['Id']}")
        return bearers

    def _articles(self) -> None:
        """A2: exactly those that an invoice needs, unless somebody wanted them meanwhile; A3: no doubles."""
        for number, ids in self._article_bearers().items():
            for source_id in ids:
                if len(ids) > 1:
                    self.state("articles", source_id, ("left_out", "A3"))
                elif number in self.needed:
                    self.state("articles", source_id, ("done", ""))
                else:
                    self.state("articles", source_id, ("left_out", "A2"), ("done", ""))
            if number in self.needed and len(ids) == 1 and number not in self.fortnox.articles:
                self.say("losses", f"article {number} is not in Fortnox")
        names = {text(each["Name"]) for each in (*self.smartdok.goods.values(), *self.smartdok.machines.values())}
        for number, article in self.fortnox.articles.items():
            if article["Description"] not in names or len(self._article_bearers()[number]) != 1:
                self.say("wrong", f"article {number} should not be in Fortnox")

    # -- invoices (I) --------------------------------------------------------------------------------------------
    def _invoices(self) -> None:
        there: dict[str, list[Record]] = defaultdict(list)
        for invoice in self.fortnox.invoices.values():
            there[text(invoice.get("ExternalInvoiceReference1"))].append(invoice)
        for source_id in {*self.smartdok.invoices, *self.history.gone}:
            self._invoice(source_id, there.pop(f"BYGGBRO-{source_id:012}", []))
        for reference, invoices in there.items():
            self.say("wrong", f"{len(invoices)} invoices with reference {reference!r} should not be in Fortnox")

    def _invoice(self, source_id: int, found: list[Record]) -> None:
        now = self.smartdok.invoices.get(source_id)
        versions = self.history.invoices[source_id]
        what = f"invoice {source_id}"
        if len(found) > 1:
            self.say("duplicates", f"{what} is {len(found)} times in Fortnox")
        if found:
            problems = [self._differences(found[0], version) for version in versions]
            if not problems:
                self.say("wrong", f"{what} was never finalised")
            elif min(map(len, problems)):
                self.say("wrong", f"{what}: {'; '.join(min(problems, key=len))}")
            sent = [version for version, each in zip(versions, problems, strict=True) if not each]
            if now is None:
                self.state("invoices", source_id, ("stopped", "I3.gone"))
            elif any(_content(each) == _content(now) for each in sent):
                self.state("invoices", source_id, ("done", ""))
            else:
                self.state("invoices", source_id, ("stopped", "I3"))
        elif now is None:
            if str(source_id) in self.items["invoices"]:
                self.state("invoices", source_id, ("left_out", "gone"))
        elif now["IsDraft"]:
            self.state("invoices", source_id, ("left_out", "I1"))
        elif now["CustomerId"] is None:
            self.state("invoices", source_id, ("stopped", "I4"))
        elif now["CustomerId"] not in self.customers or self._missing_projects(now):
            self.state("invoices", source_id, ("waiting", "I5"))
        else:
            self.say("losses", f"{what} is not in Fortnox: {self.items['invoices'].get(str(source_id))}")
        if found or (now and not now["IsDraft"] and now["CustomerId"]):
            self.needed |= {text(line["Code"]) for each in versions[-1:] for line in each["InvoiceLines"] if not found}
            self.needed |= {text(row.get("ArticleNumber")) for each in found for row in each["InvoiceRows"]}
        self.needed.discard("")

    def _missing_projects(self, invoice: Record) -> bool:
        ids = {invoice["ProjectId"], *(line["ProjectId"] for line in invoice["InvoiceLines"])} - {None}
        return bool(ids - set(self.projects))

    def _differences(self, there: Record, version: Record) -> list[str]:
        """I6, I7: every row in its place, the sum to the öre."""
        problems = []
        if not self._bore(version["CustomerId"], there["CustomerNumber"]):
            problems.append(f"customer {there['CustomerNumber']}")
        if not self._bore(version["ProjectId"], there.get("Project", "")):
            problems.append(f"project {there.get('Project')}")
        if there.get("YourReference", "") != text(version["InvoiceRef"]):
            problems.append("your reference")
        if text(version["Title"]) not in there.get("Remarks", ""):
            problems.append("remarks")
        lines, rows = version["InvoiceLines"], there["InvoiceRows"]
        extra = 1 if version["Discount"] else 0
        if len(rows) != len(lines) + extra:
            return [*problems, f"{len(rows)} rows for {len(lines)} lines"]
        for line, row in zip(lines, rows, strict=False):
            problems += [f"row {text(line['LineText'])!r}: {each}" for each in self._row(line, row)]
        total = sum((kronor(row["Total"]) for row in rows), Decimal(0))
        if total != kronor(version["TotalPrice"]):
            problems.append(f"rows add up to {total}, not {version['TotalPrice']}")
        return problems

    def _bore(self, record_id: int, number: str) -> bool:
        """Whether the number was ever this record's, and never anybody else's."""
        bearers = {each for each, numbers in self.history.numbers.items() if number and number in numbers}
        return number in self.history.numbers[record_id] and bearers <= {record_id}

    def _row(self, line: Record, row: Record) -> list[str]:
        problems = []
        if row["Description"] != text(line["LineText"]):
            problems.append(f"description {row['Description']!r}")
        if kronor(row["Total"]) != kronor(line["Sum"]):
            problems.append(f"total {row['Total']}, not {line['Sum']}")
        if not line["Quantity"]:
            return problems
        if Decimal(row["DeliveredQuantity"]) != Decimal(str(line["Quantity"])):
            problems.append(f"quantity {row['DeliveredQuantity']}")
        if not self._bore(line["ProjectId"], row.get("Project", "")):
            problems.append(f"project {row.get('Project')!r}")
        single = len(self._article_bearers()[text(line["Code"])]) == 1
        if row.get("ArticleNumber", "") != (text(line["Code"]) if single else ""):
            problems.append(f"article {row.get('ArticleNumber')!r}")
        return problems

    # -- supplier invoices and documents (S) ---------------------------------------------------------------------
    def _supplier_invoices(self) -> None:
        ids: dict[str, list[int]] = defaultdict(list)
        for project in self.smartdok.projects.values():
            ids[text(project["ProjectNumber"])].append(project["Id"])
        self.carried = set()
        for number, invoice in self.fortnox.supplier_invoices.items():
            there = self.smartdok.supplier_invoices.get(number)
            project = text(invoice["Project"])
            if there is None and not invoice["Booked"]:
                self.state("supplier-invoices", number, ("left_out", "S2"))
            elif there is None and not project:
                self.state("supplier-invoices", number, ("left_out", "S3"))
            elif len(ids[project]) != 1 and there is None:
                self.state("supplier-invoices", number, ("waiting", "S3"))
            elif len(ids[project]) != 1:
                # S5: what was sent before its project got another number stays as it was sent.
                self.carried.add(number)
                self.state("supplier-invoices", number, ("done", ""), ("waiting", "S3"))
                if not all(project in self.history.numbers[line["ProjectId"]] for line in there["Lines"]):
                    self.say("wrong", f"supplier invoice {number}: a project that never was {project!r}")
            elif there is None:
                self.say("losses", f"supplier invoice {number} is not in SmartDok")
            else:
                self.carried.add(number)
                self.state("supplier-invoices", number, ("done", ""))
                self._supplier_invoice(number, invoice, there, ids[project][0])
        for number in set(self.smartdok.supplier_invoices) - set(self.fortnox.supplier_invoices):
            self.say("wrong", f"supplier invoice {number} should not be in SmartDok")

    def _supplier_invoice(self, number: str, invoice: Record, there: Record, project: int) -> None:
        what = f"supplier invoice {number}"
        cost = sum(
            (kronor(row["Debit"]) - kronor(row["Credit"]) for row in invoice["SupplierInvoiceRows"]
             if row["Code"] not in {"TOT", "VAT", "ROV"}), Decimal(0)
        )  # fmt: skip
        net = sum((kronor(each["AmountIncludingVat"]) - kronor(each["Vat"]) for each in there["Lines"]), Decimal(0))
        vat = sum((kronor(each["Vat"]) for each in there["Lines"]), Decimal(0))
        total = kronor(there["TotalIncludingVat"])
        if (net, vat, total) != (cost, kronor(invoice["VAT"]), kronor(invoice["Total"])):
            self.say("wrong", f"{what}: {net} + {vat}, not {cost} + {invoice['VAT']}")
        if {each["ProjectId"] for each in there["Lines"]} != {project}:
            self.say("wrong", f"{what}: projects {[each['ProjectId'] for each in there['Lines']]}, not {project}")
        if there["SupplierName"] != invoice["SupplierName"] or there["InvoiceNumber"] != invoice["InvoiceNumber"]:
            self.say("wrong", f"{what}: supplier or number")

    def _documents(self) -> None:
        there: dict[str, list[bytes]] = defaultdict(list)
        for document in self.smartdok.documents:
            there[document["ExternalInvoiceNumber"]].append(document["bytes"])
        files: dict[str, list[str]] = defaultdict(list)
        for file_id, connection in self.fortnox.file_connections.items():
            files[connection["SupplierInvoiceNumber"]].append(file_id)
        for number, file_ids in files.items():
            got, first = there.pop(number, []), self.fortnox.files[file_ids[0]]["Bytes"]
            if len(got) > 1:
                self.say("duplicates", f"document of {number} is {len(got)} times in SmartDok")
            if got and got[0] != first:
                self.say("wrong", f"document of {number} has other bytes")
            if not got and number in self.carried:
                item = self.items["supplier-documents"].get(f"{number}:{file_ids[0]}")
                self.say("losses", f"document of {number} is not in SmartDok: {item}")
            for file_id in file_ids:
                allowed = ("done", "") if file_id == file_ids[0] else ("left_out", "S7")
                kept_back = (("left_out", "S6"), ("waiting", "S6"))
                self.state("supplier-documents", f"{number}:{file_id}",
                           *([allowed] if number in self.carried else kept_back))  # fmt: skip
        for number in there:
            self.say("wrong", f"document of {number} should not be in SmartDok")


def _content(invoice: Record) -> Record:
    """An invoice without what is no change: the counter, the stamps, and the ids of its rows."""
    lines = [{k: v for k, v in line.items() if k not in {"Id", "Created"}} for line in invoice["InvoiceLines"]]
    return {k: v for k, v in invoice.items() if not k.startswith("Updated") and k != "InvoiceLines"} | {"lines": lines}
