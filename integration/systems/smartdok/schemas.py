"""The shapes of SmartDok's objects, as far as we read them, with the words of its screens."""

from decimal import Decimal

from marshmallow import fields

from integration.systems.border import Amount, Count, Day, Flag, Key, Moment, Number, Rows, Shape, Text

ZERO = Decimal(0)


class CustomerShape(Shape):
    """CustomerOutput."""

    source_id = Key("Id")
    number = Number("CustomerNumber", "Kundnummer")
    name = Text("CustomerName", "Kundnamn")
    organisation_number = Number("OrganizationNumber", "Organisationsnummer")
    email = Text("Email", "E-post")
    address = Text("Address", "Adress")
    zip_code = Text("ZipCode", "Postnummer")
    city = Text("City", "Ort")
    delivery_address = Text("AlternativeAddress", "Alternativ adress")
    delivery_zip_code = Text("AlternativeZipCode", "Alternativt postnummer")
    delivery_city = Text("AlternativeCity", "Alternativ ort")
    phone = Text("PhoneNumber", "Telefon")
    mobile = Text("MobileNumber", "Mobil")
    comment = Text("Comment", "Kommentar")
    active = Flag("IsActive", "Aktiv", load_default=True)


class ProjectShape(Shape):
    """ProjectOutput."""

    source_id = Key("Id")
    number = Number("ProjectNumber", "Projektnummer")
    name = Text("ProjectName", "Projektnamn")
    start = Day("StartDate", "Startdatum", optional=True)
    end = Day("EndDate", "Slutdatum", optional=True)
    created = Day("Created", "Skapad", optional=True)
    leader = Text("ProjectOwnerName", "Projektansvarig")
    contact = Text("ClientCompanyContact", "Kontaktperson hos kund")
    description = Text("DescriptionText", "Beskrivning")
    active = Flag("IsActive", "Aktiv", load_default=True)
    finished = Flag("Finished", "Avslutat", load_default=False)
    absence = Flag("IsAbsenceProject", "Frånvaroprojekt", load_default=False)
    order = Flag("IsOrder", "Order", load_default=False)


class UnitShape(Shape):
    """GoodsUnitOutput."""

    name = Text("Name", "Namn")


class GoodsShape(Shape):
    """GoodsOutputBase."""

    id = Key("Id")
    number = Number("Number", "Varunummer")
    name = Text("Name", "Varunamn")
    unit = fields.Nested(
        UnitShape,
        data_key="Unit",
        allow_none=True,
        load_default=None,
        metadata={"label": "Enhet"},
        error_messages={"type": "ska vara ett objekt"},
    )
    price = Amount("Price", "Pris", load_default=None)
    active = Flag("IsActive", "Aktiv", load_default=True)
    production = Flag("IsProduction", "Varuproduktion", load_default=False)


class MachineShape(Shape):
    """MachineOutput."""

    id = Key("Id")
    number = Number("InternalNumber", "Internnummer")
    name = Text("Name", "Maskinnamn")
    price = Amount("PricePerHour", "Pris per timme", load_default=None)
    active = Flag("IsActive", "Aktiv", load_default=True)


class LineShape(Shape):
    """InvoiceLineOutput. Price, quantity and sum must be there: nothing may be invoiced on a guess."""

    id = Count("Id", load_default=0)
    order = Count("Order", "Ordning", load_default=None)
    code = Number("Code", "Kod")
    line_text = Text("LineText", "Text")
    detail = Text("Detail", "Detalj")
    comment = Text("Comment", "Kommentar")
    quantity = Amount("Quantity", "Antal", required=True)
    price = Amount("Price", "Pris", required=True)
    unit = Number("UnitType", "Enhet")
    discount = Amount("Discount", "Rabatt", load_default=ZERO)
    surcharge = Amount("Surcharge", "Påslag", load_default=ZERO)
    sum = Amount("Sum", "Summa", required=True)
    project_id = Key("ProjectId", "Projekt", optional=True)
    kind = Text("InvoiceLineType", "Radtyp")


class InvoiceShape(Shape):
    """InvoiceOutput."""

    source_id = Key("Id")
    draft = Flag("IsDraft", "Utkast", required=True)
    credited = Flag("Credited", "Krediterad", load_default=False)
    customer_id = Key("CustomerId", "Kund", optional=True)
    customer_number = Number("CustomerNumber", "Kundnummer")
    customer_name = Text("CustomerName", "Kundnamn")
    project_id = Key("ProjectId", "Projekt", optional=True)
    period_from = Day("DateFrom", "Period från")
    period_to = Day("DateTo", "Period till")
    created = Moment("Created", "Skapad")
    updated = Moment("Updated", "Ändrad", optional=True)
    version = Count("UpdatedCounter", "Ändringsräknare", load_default=0)
    title = Text("Title", "Titel")
    comment = Text("Comment", "Kommentar")
    reference = Text("InvoiceRef", "Fakturareferens")
    invoiced_by = Text("InvoicedBy", "Fakturerad av")
    serial_number = Number("SerialNumber", "Löpnummer")
    discount = Amount("Discount", "Rabatt", load_default=ZERO)
    surcharge = Amount("Surcharge", "Påslag", load_default=ZERO)
    total = Amount("TotalPrice", "Totalpris", required=True)
    lines = Rows("InvoiceLines", LineShape)
