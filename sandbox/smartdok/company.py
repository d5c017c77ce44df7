"""One company's data at SmartDok, and everything a person does there by hand.

Records are plain dicts in the vendor's own field names, kept by Id. The helpers give every field that the API would
return a value, stamp `Updated` (and `UpdatedCounter` of an invoice) and return the record itself. A field that such a
record does not have raises KeyError.
"""

import copy
import datetime as dt
import hashlib
import uuid
from collections.abc import Iterable
from typing import Any

from sandbox.smartdok import billing, clock, shapes
from sandbox.smartdok.shapes import Record


class Company:
    """A company with its register, invoices and supplier invoices.

    `token` is its API token, `claims` the token's rights. `discount_reading` decides what Discount and Surcharge mean
    on invoices that are added or changed from then on. `documents` holds every PDF that was fetched, oldest first, as
    `{ExternalInvoiceNumber, name, content_type, bytes, sha256, url}`. Each company of a twin needs its own `id`.
    """

    def __init__(
        self,
        name: str,
        token: str,
        *,
        organization_number: str = "",
        discount_reading: billing.DiscountReading = "percent",
        id: int = 1,
        now: clock.Clock = clock.utc_now,
    ) -> None:
        self.id = id
        self.name = name
        self.token = token
        self.token_revoked = False
        self.token_issued = now()
        self.organization_number = organization_number
        self.discount_reading: billing.DiscountReading = discount_reading
        self.claims: set[str] = set(shapes.CLAIMS)
        self.now = now
        self.customers: dict[int, Record] = {}
        self.departments: dict[int, Record] = {}
        self.projects: dict[int, Record] = {}
        self.sub_projects: dict[int, Record] = {}
        self.goods: dict[int, Record] = {}
        self.goods_categories: dict[int, Record] = {}
        self.units: dict[int, Record] = {}
        self.machines: dict[int, Record] = {}
        self.machine_categories: dict[int, Record] = {}
        self.consumption: dict[int, Record] = {}
        self.production: dict[int, Record] = {}
        self.invoices: dict[int, Record] = {}
        self.supplier_invoices: dict[str, Record] = {}
        self.supplier_invoice_ids: dict[str, str] = {}
        self.approved: set[str] = set()
        self.documents: list[Record] = []
        self.users: dict[str, Record] = {}
        self.webhooks: dict[int, Record] = {}
        self._last_id: dict[str, int] = {}
        self._set_up()

    def _set_up(self) -> None:
        for name in shapes.DEFAULT_UNITS:
            self.add_unit(name)
        self.add_department(Name="Produktion", Number="1")
        self.add_user(Name="Anna Admin", UserName="anna.admin", Role="Administrator")
        self.add_user(Name="Lars Lagbas", UserName="lars.lagbas", Role="Foreman")
        self.add_goods_category("Material")
        self.add_goods_category("Produktion", IsProduction=True)
        self.add_machine_category("Maskiner")

    # Time, ids

    def stamp(self) -> str:
        """The present as SmartDok writes it."""
        return clock.write(self.now())

    def next_id(self, kind: str) -> int:
        """Each kind counts in a range of its own, so that a customer's id is never taken for a project's."""
        start = self.id * 1_000_000 + 10_000 * len(self._last_id)
        self._last_id[kind] = self._last_id.get(kind, start) + 1
        return self._last_id[kind]

    def uuid(self, *parts: object) -> str:
        """The same uuid whenever the same company is built the same way."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(map(str, (self.name, *parts)))))

    def touch(self, record: Record, **fields: Any) -> Record:
        """Changes a record as a person would, and stamps it. With no fields only the stamp moves."""
        _known(record, fields)
        record.update(fields)
        if "Updated" in record:
            record["Updated"] = self.stamp()
        if "UpdatedCounter" in record:
            record["UpdatedCounter"] += 1
        return record

    # The API token

    def revoke_token(self) -> None:
        """The administrator revokes the API token: no new sessions."""
        self.token_revoked = True

    def token_expires(self) -> dt.datetime:
        """ "This token is valid for one year at a time.\""""
        return self.token_issued + dt.timedelta(days=365)

    # Register

    def _add(self, kind: str, shape: Record, defaults: Record, fields: Record) -> Record:
        record = {"Id": self.next_id(kind)} | copy.deepcopy(shape) | defaults
        _known(record, fields)
        record |= fields
        getattr(self, kind)[record["Id"]] = record
        return record

    def add_customer(self, **fields: Any) -> Record:
        return self._add("customers", shapes.CUSTOMER, {"CustomerName": "Kund", "Updated": self.stamp()}, fields)

    def add_department(self, **fields: Any) -> Record:
        return self._add("departments", shapes.DEPARTMENT, {"Updated": self.stamp()}, fields)

    def add_project(self, **fields: Any) -> Record:
        """A project; without start date unless one is given, as `StartDate="2026-03-01T00:00:00"`."""
        now = self.stamp()
        return self._add("projects", shapes.PROJECT, {"ProjectName": "Projekt", "Created": now, "Updated": now}, fields)

    def add_sub_project(self, project_id: int, **fields: Any) -> Record:
        project = self.projects[project_id]
        short = {"ProjectId": project_id} | {name: project[name] for name in ("ProjectName", "ProjectNumber")}
        defaults = {"ProjectId": project_id, "Project": short, "Updated": self.stamp()}
        return self._add("sub_projects", shapes.SUB_PROJECT, defaults, fields)

    def add_unit(self, name: str) -> Record:
        record: Record = {"UnitId": self.next_id("units"), "Name": name}
        self.units[record["UnitId"]] = record
        return record

    def unit(self, name: str) -> Record:
        """The unit of that name, added if it is not there yet."""
        return next((u for u in self.units.values() if u["Name"] == name), None) or self.add_unit(name)

    def add_goods_category(self, name: str, **fields: Any) -> Record:
        shape = {"Name": name, "IsProduction": False, "IsActive": True}
        return self._add("goods_categories", shape, {}, fields)

    def add_goods(self, *, unit: str = "st", **fields: Any) -> Record:
        """Goods of consumption, or of production with `IsProduction=True`. `unit` is the name of its unit."""
        production = fields.get("IsProduction", False)
        category = next(c for c in self.goods_categories.values() if c["IsProduction"] == production)
        given = self.unit(unit)
        defaults = {
            "Name": "Vara",
            "UnitId": given["UnitId"],
            "Unit": {"Id": given["UnitId"], "Name": given["Name"]},
            "CategoryId": category["Id"],
            "Category": dict(category),
        }
        return self._add("goods", shapes.GOODS, defaults, fields)

    def add_machine_category(self, name: str, **fields: Any) -> Record:
        return self._add("machine_categories", {"Name": name, "Comment": None, "IsActive": True}, {}, fields)

    def add_machine(self, **fields: Any) -> Record:
        category = next(iter(self.machine_categories.values()))
        defaults = {"Name": "Maskin", "CategoryId": category["Id"], "CategoryName": category["Name"]}
        return self._add("machines", shapes.MACHINE, defaults, fields)

    def add_user(self, **fields: Any) -> Record:
        now = self.stamp()
        record = copy.deepcopy(shapes.USER) | {
            "Id": self.uuid("user", len(self.users)),
            "AccessLevelId": self.uuid("access level"),
            "CompanyId": self.id,
            "LastActivityTime": now,
            "CreatedDate": now,
        }
        _known(record, fields)
        self.users[record["Id"]] = record | fields
        return self.users[record["Id"]]

    # Invoices

    def add_invoice(self, lines: Iterable[Record] = (), **fields: Any) -> Record:
        """A finalised invoice (`IsDraft=True` makes a draft). `lines` give what differs from an empty line.

        `Sum` and `TotalPrice` are computed; one that is given stands, for figures that do not add up. The customer's
        name and address are copied from the register, as SmartDok does when it makes the invoice.
        """
        now, draft = self.stamp(), fields.get("IsDraft", False)
        user = next(iter(self.users.values()))
        customer = self.customers.get(fields.get("CustomerId") or 0, {})
        defaults = {
            "CompanyId": self.id,
            "Created": now,
            "CreatedBy": user["Id"],
            "Updated": None if draft else now,
            "UpdatedBy": None if draft else user["Id"],
            "UpdatedCounter": 0 if draft else 1,
            "DateFrom": now[:10] + "T00:00:00",
            "DateTo": now[:10] + "T00:00:00",
            "InvoicedBy": user["Name"],
            "CustomerNumber": customer.get("CustomerNumber"),
            "CustomerName": customer.get("CustomerName"),
            "CustomerAddress": customer.get("Address"),
            "CustomerZipCode": customer.get("ZipCode"),
            "CustomerCity": customer.get("City"),
            "CompanyName": self.name,
            "CompanyOrgNo": self.organization_number,
        }
        invoice = self._add("invoices", shapes.INVOICE, defaults, fields)
        self._bill(invoice, lines, fields)
        return invoice

    def _bill(self, invoice: Record, lines: Iterable[Record], fields: Record) -> None:
        invoice["InvoiceLines"] = [self._line(invoice, index, line) for index, line in enumerate(lines)]
        invoice["InvoiceSummary"] = billing.summarise(invoice["InvoiceLines"])
        if "TotalPrice" not in fields:
            invoice["TotalPrice"] = billing.total_price(invoice, self.discount_reading)

    def _line(self, invoice: Record, index: int, fields: Record) -> Record:
        project = self.projects.get(fields.get("ProjectId", invoice["ProjectId"]) or 0)
        line: Record = {"Id": self.next_id("lines")} | shapes.INVOICE_LINE
        _known(line, fields)
        line |= {
            "RowId": index + 1,
            "Date": invoice["DateTo"],
            "ProjectId": invoice["ProjectId"],
            "Project": f"{project['ProjectNumber'].strip()} {project['ProjectName']}" if project else None,
            "InvoiceId": invoice["Id"],
            "PriceOriginal": fields.get("Price", 0.0),
            "QuantityOriginal": fields.get("Quantity", 0.0),
            "Created": invoice["Created"],
            "CreatedBy": invoice["CreatedBy"],
            "Order": index,
        } | fields
        line["InvoiceLineType"] = line["InvoiceLineType"] or billing.LINE_TYPES.get(line["InvoiceLineTypeId"])
        if fields.get("Sum") is None:
            line["Sum"] = billing.line_sum(line, self.discount_reading)
        return line

    def finalise(self, id: int) -> Record:
        """Utkast → Arkiv ("slutför")."""
        return self.touch(self.invoices[id], IsDraft=False)

    def withdraw(self, id: int) -> Record:
        """Arkiv → Utkast ("dra tillbaka")."""
        return self.touch(self.invoices[id], IsDraft=True)

    def change_invoice(self, id: int, lines: Iterable[Record] | None = None, **fields: Any) -> Record:
        """Changes fields and, if given, replaces all lines; the sums follow. Draft or not is left as it is."""
        invoice = self.touch(self.invoices[id], **fields)
        if lines is not None:
            self._bill(invoice, lines, fields)
        elif "TotalPrice" not in fields:
            invoice["TotalPrice"] = billing.total_price(invoice, self.discount_reading)
        return invoice

    def credit(self, id: int) -> Record:
        """Marks a finalised invoice as credited ("kreditera")."""
        invoice = self.invoices[id]
        return self.touch(invoice, Credited=True, CreditedBy=invoice["InvoicedBy"], CreditedDate=self.stamp())

    # Documents

    def add_document(self, external_number: str, name: str, content: bytes, content_type: str, url: str) -> Record:
        """Keeps a fetched document, byte for byte. Nothing is replaced: a second one stands beside the first."""
        record = {
            "ExternalInvoiceNumber": external_number,
            "name": name,
            "content_type": content_type,
            "bytes": content,
            "sha256": hashlib.sha256(content).hexdigest(),
            "url": url,
        }
        self.documents.append(record)
        return record


def _known(record: Record, fields: Record) -> None:
    unknown = set(fields) - set(record)
    if unknown:
        raise KeyError(f"there is no field {', '.join(sorted(unknown))}")
