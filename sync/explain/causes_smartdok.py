"""Causes that SmartDok gives: names of its errors, and faults of the connection to it."""

from sync.explain.cause import Cause, cause

_RETRY_SV = "Välj sedan Försök igen på posten i Byggbro."
_RETRY_EN = "Then choose Try again on the item in Byggbro."
_UNKNOWN_INVOICE = cause(
    "operator",
    (
        "Fakturan finns inte i SmartDok",
        "SmartDok känner inte till leverantörsfakturan[: {message}|.]",
        "Öppna leverantörsfakturan i Byggbro och välj Försök igen, så skickas den på nytt.",
    ),
    (
        "The invoice is not in SmartDok",
        "SmartDok does not know the supplier invoice[: {message}|.]",
        "Open the supplier invoice in Byggbro and choose Try again, and it is sent anew.",
    ),
    rule="S5",
)
_KNOWN_INVOICE = cause(
    "operator",
    (
        "Fakturan finns redan i SmartDok",
        "SmartDok har redan en leverantörsfaktura med numret[: {message}|.]",
        "Kontrollera fakturan i SmartDok.\nÄr det samma faktura: välj Finns redan på posten i Byggbro.",
    ),
    (
        "The invoice is in SmartDok already",
        "SmartDok already has a supplier invoice with that number[: {message}|.]",
        "Check the invoice in SmartDok.\nIf it is the same: choose Already there on the item in Byggbro.",
    ),
    rule="S5",
)
_HEALS_SV = "Ingenting behöver göras: Byggbro försöker igen av sig självt."
_HEALS_EN = "Nothing needs to be done: Byggbro tries again by itself."

CAUSES: dict[str, Cause] = {
    "smartdok.token_refused": cause(
        "site",
        (
            "SmartDok godtar inte API-nyckeln",
            "API-nyckeln är fel, ersatt eller äldre än ett år.",
            "SmartDok: Företagsinställningar → API-administration → skapa en ny nyckel (kräver administratör).\n"
            "Byggbro: Anslutningar → SmartDok → klistra in nyckeln → Spara.\n"
            "Allt som väntar överförs sedan automatiskt.",
        ),
        (
            "SmartDok does not accept the API token",
            "The API token is wrong, replaced or older than a year.",
            "SmartDok: Företagsinställningar → API-administration → make a new token (needs an administrator).\n"
            "Byggbro: Connections → SmartDok → paste the token → Save.\n"
            "All that waits then goes by itself.",
        ),
    ),
    "smartdok.missing_right": cause(
        "site",
        (
            "API-nyckeln saknar en rättighet",
            "SmartDok ger oss inte tillgång: [rättigheten {right}|en rättighet] saknas på API-nyckeln.",
            "SmartDok: Företagsinställningar → API-administration → öppna nyckeln → ge den [rättigheten "
            "{right}|rättigheten som saknas] → "
            "Spara.\n"
            "Byggbro: Anslutningar → SmartDok → Kontrollera nu.",
        ),
        (
            "The API token lacks a right",
            "SmartDok gives us no access: [the right {right}|a right] is missing on the API token.",
            "SmartDok: Företagsinställningar → API-administration → open the token → give it [the right {right}|the "
            "missing right] → "
            "Spara.\n"
            "Byggbro: Connections → SmartDok → Check now.",
        ),
    ),
    "smartdok.wrong_address": cause(
        "operator",
        (
            "Fel adress till SmartDok",
            "Adressen till SmartDok svarar, men inte som SmartDoks API.",
            "Byggbro: Anslutningar → SmartDok → Adress: https://api.smartdok.se för svenska företag, "
            "https://api.smartdok.no för norska.",
        ),
        (
            "Wrong address of SmartDok",
            "The address of SmartDok answers, but not as SmartDok's API does.",
            "Byggbro: Connections → SmartDok → Address: https://api.smartdok.se for Swedish companies, "
            "https://api.smartdok.no for Norwegian ones.",
        ),
    ),
    "smartdok.not_found": cause(
        "operator",
        (
            "SmartDok hittar inte det vi frågar efter",
            "SmartDok svarade att det vi frågade efter inte finns.",
            "Är posten borttagen i SmartDok: välj Lämna utanför på posten i Byggbro.\nAnnars: kontakta Byggbros drift.",
        ),
        (
            "SmartDok does not find what we ask for",
            "SmartDok answered that what we asked for does not exist.",
            "If the record was removed in SmartDok: choose Leave out on the item in Byggbro.\n"
            "Else: ask the operator of Byggbro.",
        ),
    ),
    "smartdok.invalid_parameters": cause(
        "operator",
        (
            "SmartDok förstår inte uppgifterna",
            "SmartDok tar inte emot uppgifterna[: {message}].",
            "Kontakta Byggbros drift. Ingenting har skrivits i SmartDok.",
        ),
        (
            "SmartDok does not understand the data",
            "SmartDok does not take the data[: {message}].",
            "Ask the operator of Byggbro. Nothing was written in SmartDok.",
        ),
    ),
    "smartdok.NameIsTooLong": cause(
        "bookkeeper",
        (
            "Namnet är för långt för SmartDok",
            "SmartDok tar inte emot namnet[: {message}|.]",
            "Fortnox: korta namnet på leverantören eller benämningen på raden → Spara.\n" + _RETRY_SV,
        ),
        (
            "The name is too long for SmartDok",
            "SmartDok does not take the name[: {message}|.]",
            "Fortnox: shorten the name of the supplier or the text of the row → Spara.\n" + _RETRY_EN,
        ),
    ),
    "smartdok.NameIsRequired": cause(
        "bookkeeper",
        (
            "SmartDok kräver ett namn",
            "SmartDok tar inte emot posten utan namn[: {message}|.]",
            "Fortnox: fyll i namnet på leverantören → Spara.\n" + _RETRY_SV,
        ),
        (
            "SmartDok requires a name",
            "SmartDok does not take it without a name[: {message}|.]",
            "Fortnox: fill in the name of the supplier → Spara.\n" + _RETRY_EN,
        ),
    ),
    "smartdok.list_stuck": cause(
        "operator",
        (
            "SmartDoks lista kommer inte fram i sin helhet",
            "En lista i SmartDok [har {total} poster men gav bara {got}|gav färre poster än den har]. Byggbro läser "
            "inte in en halv lista.",
            "Byggbro försöker igen. Håller det i sig: kontakta Byggbros drift.",
        ),
        (
            "SmartDok's list is stuck",
            "A list in SmartDok [has {total} records but gave only {got}|gave fewer records than it has]. Byggbro "
            "does not read half of it.",
            "Byggbro tries again. If it lasts: ask the operator of Byggbro.",
        ),
    ),
    "smartdok.no_list": cause(
        "",
        ("SmartDok gav ingen lista", "Svaret innehöll inte den lista som det ska innehålla.", _HEALS_SV),
        ("SmartDok gave no list", "The answer did not hold the promised list.", _HEALS_EN),
    ),
    "smartdok.ExternalInvoiceNumberNotFound": _UNKNOWN_INVOICE,
    "smartdok.SupplierInvoiceNotFound": _UNKNOWN_INVOICE,
    "smartdok.InvoiceNotFound": _UNKNOWN_INVOICE,
    "smartdok.NotFound": _UNKNOWN_INVOICE,
    "smartdok.ExternalInvoiceNumberAlreadyExists": _KNOWN_INVOICE,
    "smartdok.SupplierInvoiceAlreadyExists": _KNOWN_INVOICE,
    "smartdok.DocumentDownloadFailed": cause(
        "operator",
        (
            "SmartDok kunde inte hämta dokumentet",
            "SmartDok kom inte fram till dokumentet hos Byggbro[: {message}|.]",
            "Kontrollera att Byggbros adress går att nå från internet.\n" + _RETRY_SV,
        ),
        (
            "SmartDok could not fetch the document",
            "SmartDok did not get through to the document at Byggbro[: {message}|.]",
            "Check that Byggbro's address can be reached from the internet.\n" + _RETRY_EN,
        ),
        rule="S6",
    ),
}
