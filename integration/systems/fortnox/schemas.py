"""The shapes of Fortnox' supplier invoices, with the words of its screens. Money fields are text (note 47)."""

from decimal import Decimal

from integration.systems.border import Amount, Day, Flag, Key, Number, Rows, Shape, Text

ZERO = Decimal(0)
ONE = Decimal(1)


class _Head(Shape):
    """What list row and single invoice share."""

    source_id = Key("GivenNumber", "Löpnummer")
    invoice_number = Number("InvoiceNumber", "Fakturanummer")
    supplier_number = Number("SupplierNumber", "Leverantörsnummer")
    supplier_name = Text("SupplierName", "Leverantör")
    invoice_date = Day("InvoiceDate", "Fakturadatum")
    due_date = Day("DueDate", "Förfallodatum", optional=True)
    paid_date = Day("FinalPayDate", "Slutbetald", optional=True)
    total = Amount("Total", "Total", required=True)
    balance = Amount("Balance", "Saldo", load_default=None)
    rate = Amount("CurrencyRate", "Valutakurs", load_default=ONE)
    rate_unit = Amount("CurrencyUnit", "Valutaenhet", load_default=ONE)
    currency = Number("Currency", "Valuta")
    booked = Flag("Booked", "Bokförd", load_default=False)
    credit = Flag("Credit", "Kreditfaktura", load_default=False)
    project_number = Number("Project", "Projekt")
    cost_center = Number("CostCenter", "Kostnadsställe")


class ThinShape(_Head):
    """SupplierInvoiceListItem."""

    cancelled = Flag("Cancel", "Makulerad", load_default=False)


class RowShape(Shape):
    """SupplierInvoice_SupplierInvoiceRow."""

    code = Number("Code", "Kod")
    account = Key("Account", "Konto", optional=True)
    account_description = Text("AccountDescription", "Kontobenämning")
    item_description = Text("ItemDescription", "Benämning")
    information = Text("TransactionInformation", "Transaktionsinformation")
    project_number = Number("Project", "Projekt")
    cost_center = Number("CostCenter", "Kostnadsställe")
    debit = Amount("Debit", "Debet", load_default=ZERO)
    credit = Amount("Credit", "Kredit", load_default=ZERO)
    quantity = Amount("Quantity", "Antal", load_default=ZERO)


class DetailShape(_Head):
    """SupplierInvoice."""

    vat = Amount("VAT", "Moms", load_default=ZERO)
    cancelled = Flag("Cancelled", "Makulerad", load_default=False)
    payment_pending = Flag("PaymentPending", "Väntar på betalning", load_default=False)
    our_reference = Text("OurReference", "Vår referens")
    rows = Rows("SupplierInvoiceRows", RowShape)


class ConnectionShape(Shape):
    """SupplierInvoiceFileConnection."""

    file_id = Key("FileId", "Fil")
    external_number = Key("SupplierInvoiceNumber", "Leverantörsfaktura")
    name = Text("Name", "Filnamn")
