"""One construction company in both twins, filled and changed by dice, with the history that the oracle needs.

Every text carries the company's name, so that what ends up at another company is recognised.
"""

import copy
import datetime as dt
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sandbox import Twins
from sandbox import fortnox as fortnox_twin
from sandbox import smartdok as smartdok_twin

Record = dict[str, Any]


@dataclass
class History:
    """What the source once was: a change while something was being sent may have come before or after it left.

    `invoices`: every finalised version by SmartDok's id, oldest first. `numbers`: every number that a customer or a
    project ever had, by id. `gone`: ids of invoices that were deleted.
    """

    invoices: dict[int, list[Record]] = field(default_factory=lambda: defaultdict(list))
    numbers: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    gone: set[int] = field(default_factory=set)


class Site:
    """A company, its data in SmartDok and Fortnox, and what people do there."""

    def __init__(self, twins: Twins, slug: str, index: int, seed: object) -> None:
        self.twins, self.slug = twins, slug
        self.random = Random(f"{seed} {slug}")
        self.history = History()
        self.smartdok = smartdok_twin.Company(slug, f"token-{slug}", id=20 + index)
        self.fortnox = fortnox_twin.Company(7_000_000 + index, slug)
        for code, text in (("st", "Styck"), ("tim", "Timmar"), ("m3", "Kubikmeter")):
            self.fortnox.add_unit(code, text)
        with self._locked():
            twins.smartdok.add_company(self.smartdok)
            twins.fortnox.add_company(self.fortnox)
        self.customers: list[Record] = []
        self.projects: list[Record] = []
        self.goods: list[Record] = []
        self.given: list[str] = []
        self.deeds: list[str] = []

    def _locked(self) -> ExitStack:
        stack = ExitStack()
        stack.enter_context(self.twins.smartdok.lock)
        stack.enter_context(self.twins.fortnox.lock)
        return stack

    # -- what lies there -----------------------------------------------------------------------------------------
    def fill(self, customers: int, projects: int, invoices: int, supplier_invoices: int) -> "Site":
        """So many of each, with some of the troubles that the rules know."""
        with self._locked():
            for index in range(customers):
                self.add_customer(index)
            for index in range(projects):
                self.add_project(index)
            for index in range(6):
                self.add_goods(index)
            for index in range(invoices):
                self.add_invoice(troubled=index > 4)
            self.fortnox.add_supplier(f"Grus hos {self.slug}", "1")
            for index in range(supplier_invoices):
                self.add_supplier_invoice(troubled=index > 3)
        return self

    def add_customer(self, index: int) -> Record:
        number = {5: "", 7: "1006"}.get(index, f"{1000 + index}{'  ' if index == 3 else ''}")
        fields = {
            "CustomerName": f"Kund {index} hos {self.slug}",
            "OrganizationNumber": f"5560{index:02}-1234" if index % 2 else "",
            "Email": f"kund{index}@{self.slug}.example",
            "Address": f"Gatan {self.random.randint(1, 99)}",
            "ZipCode": "803 20",
            "City": "Gävle",
            "IsActive": index != 8,
        }
        customer = self.smartdok.add_customer(CustomerNumber=number, **fields)
        self.history.numbers[customer["Id"]].append(number.strip())
        self.customers.append(customer)
        return customer

    def add_project(self, index: int) -> Record:
        project = self.smartdok.add_project(
            ProjectNumber=f"P{100 + index}{' ' * (index % 3)}",
            ProjectName=f"Projekt {index} hos {self.slug}",
            StartDate=None if index == 5 else "2026-01-07T00:00:00",
            Finished=index == 4,
            IsAbsenceProject=index == 6,
            ProjectOwnerName=f"Lars {index}",
        )
        self.history.numbers[project["Id"]].append(project["ProjectNumber"].strip())
        self.projects.append(project)
        return project

    def add_goods(self, index: int) -> Record:
        if index == 4:
            machine = self.smartdok.add_machine(InternalNumber="M4", Name=f"Maskin hos {self.slug}", PricePerHour=850.0)
            self.goods.append({"Number": "M4", "Name": machine["Name"], "unit": "tim", "Price": 850.0})
            return machine
        goods = self.smartdok.add_goods(
            Number=f"A{min(index, 3) if index == 5 else index}", Name=f"Vara {index} hos {self.slug}",
            Price=float(10 + index), unit="st" if index % 2 else "lass",
        )  # fmt: skip
        self.goods.append({**goods, "unit": goods["Unit"]["Name"]})
        return goods

    def add_invoice(self, troubled: bool = True) -> Record:
        """A billing basis; a troubled one may be a draft, have no customer, or any customer and project there is."""
        dice = self.random
        kind = dice.choice(("draft", "nobody", "any", "any", "fine", "fine")) if troubled else "fine"
        good = [each for index, each in enumerate(self.customers) if index not in {5, 6, 7}]
        sound = [each for index, each in enumerate(self.projects) if index not in {5, 6}]
        customer = dice.choice(self.customers if kind == "any" else good)
        project = dice.choice(self.projects if kind == "any" else sound)
        invoice = self.smartdok.add_invoice(
            self.lines(project),
            IsDraft=kind == "draft",
            CustomerId=None if kind == "nobody" else customer["Id"],
            ProjectId=project["Id"],
            Title=f"Underlag hos {self.slug}",
            InvoiceRef=f"Ref {dice.randint(1, 99)}",
            SerialNumber=str(5000 + len(self.smartdok.invoices)),
            Discount=5.0 if dice.random() < 0.2 else None,
        )
        self._remember(invoice)
        return invoice

    def lines(self, project: Record) -> list[Record]:
        dice = self.random
        given: list[Record] = [{"LineText": f"Arbete hos {self.slug}", "InvoiceLineTypeId": 7}]
        for index in range(dice.randint(1, 4)):
            goods = dice.choice(self.goods) if index or self.smartdok.invoices else self.goods[0]
            given.append(
                {
                    "LineText": f"Rad {index} {goods['Name']}",
                    "Code": goods["Number"],
                    "UnitType": goods["unit"],
                    "Quantity": dice.randint(1, 80) / 4,
                    "Price": float(dice.choice((465, 495, 12.5, 99.9))),
                    "Discount": dice.choice((0.0, 0.0, 10.0)),
                    "ProjectId": project["Id"],
                }
            )
        return given

    def add_supplier_invoice(self, troubled: bool = True) -> str:
        dice = self.random
        kind = dice.choice(("unbooked", "nowhere", "unknown", "two files", "fine")) if troubled else "fine"
        project = dice.choice(self.projects)["ProjectNumber"].strip()
        number = self.fortnox.add_supplier_invoice(
            "1",
            dice.choice(("1250", "999.50", "-500", "12345.67")),
            project={"nowhere": "", "unknown": f"X{len(self.given)}"}.get(kind, project),
            invoice_number=f"F{dice.randint(1, 9)}",
            booked=kind != "unbooked",
        )
        for index in range(2 if kind == "two files" else 1):
            content = f"%PDF-1.4\n% {self.slug} {number} {index} {dice.random()}\n".encode() + dice.randbytes(3000)
            self.fortnox.attach_file(number, f"faktura-{number}-{index}.pdf", content + b"\n%%EOF\n")
        self.given.append(number)
        return number

    # -- what people do meanwhile --------------------------------------------------------------------------------
    def change_something(self) -> str:
        """One thing that a person does while others are being sent; what it was."""
        deed = self.random.choice(
            (
                *("customer edited", "customer edited", "customer numbered", "project edited", "project renumbered"),
                *("invoice withdrawn and finalised", "invoice changed", "invoice deleted", "invoice finalised"),
                *("invoice added", "invoice added", "supplier invoice added", "supplier invoice recoded"),
                *("supplier invoice booked", "customer added", "start date entered"),
            )
        )
        with self._locked():
            getattr(self, "_" + deed.replace(" ", "_"))()
        self.deeds.append(deed)
        return deed

    def _remember(self, invoice: Record) -> None:
        if not invoice["IsDraft"]:
            self.history.invoices[invoice["Id"]].append(copy.deepcopy(invoice))

    def _any_invoice(self) -> Record:
        return self.smartdok.invoices[self.random.choice(list(self.smartdok.invoices))]

    def _customer_edited(self) -> None:
        name = f"Kund {self.random.randint(100, 999)} hos {self.slug}"
        self.smartdok.touch(self.random.choice(self.customers), CustomerName=name, PhoneNumber=f"0{len(self.deeds)}")

    def _customer_numbered(self) -> None:
        for customer in self.customers:
            if not customer["CustomerNumber"].strip():
                self._renumber(customer, "CustomerNumber", f"{2000 + len(self.deeds)}")

    def _customer_added(self) -> None:
        self.add_customer(100 + len(self.customers))

    def _project_edited(self) -> None:
        project = self.random.choice(self.projects)
        self.smartdok.touch(project, ProjectName=f"Projekt {self.random.randint(100, 999)} hos {self.slug}")

    def _project_renumbered(self) -> None:
        self._renumber(self.random.choice(self.projects), "ProjectNumber", f"R{200 + len(self.deeds)}")

    def _renumber(self, record: Record, name: str, number: str) -> None:
        self.smartdok.touch(record, **{name: number})
        self.history.numbers[record["Id"]].append(number)

    def _start_date_entered(self) -> None:
        for project in self.projects:
            if not project["StartDate"]:
                self.smartdok.touch(project, StartDate="2026-02-01T00:00:00")

    def _invoice_withdrawn_and_finalised(self) -> None:
        invoice = self._any_invoice()
        self.smartdok.withdraw(invoice["Id"])
        self._remember(self.smartdok.finalise(invoice["Id"]))

    def _invoice_changed(self) -> None:
        invoice = self._any_invoice()
        project = self.smartdok.projects[invoice["ProjectId"]]
        self._remember(self.smartdok.change_invoice(invoice["Id"], self.lines(project)))

    def _invoice_finalised(self) -> None:
        for invoice in self.smartdok.invoices.values():
            if invoice["IsDraft"]:
                self._remember(self.smartdok.finalise(invoice["Id"]))
                return

    def _invoice_deleted(self) -> None:
        invoice = self._any_invoice()
        self.history.gone.add(invoice["Id"])
        del self.smartdok.invoices[invoice["Id"]]

    def _invoice_added(self) -> None:
        self.add_invoice()

    def _supplier_invoice_added(self) -> None:
        self.add_supplier_invoice()

    def _supplier_invoice_recoded(self) -> None:
        project = self.random.choice(self.projects)["ProjectNumber"].strip()
        self.fortnox.recode_supplier_invoice(self.random.choice(self.given), project)

    def _supplier_invoice_booked(self) -> None:
        for number in self.given:
            if not self.fortnox.supplier_invoices[number]["Booked"]:
                self.fortnox.book_supplier_invoice(number)
                return


def today() -> dt.date:
    """The day it is in Sweden."""
    return dt.datetime.now(smartdok_twin.SWEDEN).date()
