"""Causes of supplier invoices and their documents (S)."""

from sync.explain.cause import Cause, cause

_MEANT_SV = "Ingenting behöver göras: det är så reglerna säger."
_MEANT_EN = "Nothing needs to be done: this is what the rules say."
_SETTING_SV = " Det ändras under Byggbro: Flöden → Leverantörsfakturor."
_SETTING_EN = " It is changed under Byggbro: Pipelines → Supplier invoices."
_INVOICE_SV = "Fortnox: Leverantörsfakturor → öppna [{number}|fakturan]"
_INVOICE_EN = "Fortnox: Leverantörsfakturor → open [{number}|the invoice]"
_ATTACH_SV = (
    "Fortnox: Leverantörsfakturor → öppna fakturan → Bifogade filer → lägg till filen på nytt som PDF.\n"
    "Den nya filen läses in automatiskt; lämna den här utanför i Byggbro."
)
_ATTACH_EN = (
    "Fortnox: Leverantörsfakturor → open the invoice → Bifogade filer → attach the file again as a PDF.\n"
    "The new file is fetched by itself; leave this one out in Byggbro."
)

CAUSES: dict[str, Cause] = {
    "S1.supplier_missing": cause(
        "bookkeeper",
        (
            "Leverantören saknar namn",
            "[Leverantörsfaktura {number}|Leverantörsfakturan] har en leverantör utan namn och nummer, och SmartDok "
            "kräver ett namn.",
            "Fortnox: Register → Leverantörer → öppna leverantören → fyll i Namn → Spara.\nVälj sedan Försök igen här.",
        ),
        (
            "The supplier has no name",
            "[Supplier invoice {number}|The supplier invoice] has a supplier with neither name nor number, and "
            "SmartDok requires a name.",
            "Fortnox: Register → Leverantörer → open the supplier → fill in Namn → Spara.\nThen choose Try again here.",
        ),
    ),
    "S2.cancelled": cause(
        "",
        (
            "Makulerad",
            "[Leverantörsfaktura {number}|Leverantörsfakturan] makulerades i Fortnox innan den hade överförts.",
            _MEANT_SV,
        ),
        (
            "Cancelled",
            "[Supplier invoice {number}|The supplier invoice] was cancelled in Fortnox before it had been transferred.",
            _MEANT_EN,
        ),
    ),
    "S2.not_booked": cause(
        "",
        (
            "Inte bokförd än",
            "[Leverantörsfaktura {number}|Leverantörsfakturan] är inte bokförd i Fortnox. Den skickas till SmartDok "
            "när den är det.",
            "Ingenting behöver göras." + _SETTING_SV,
        ),
        (
            "Not booked yet",
            "[Supplier invoice {number}|The supplier invoice] is not booked in Fortnox. It is sent to SmartDok once "
            "it is.",
            "Nothing needs to be done." + _SETTING_EN,
        ),
    ),
    "S2.not_approved": cause(
        "",
        (
            "Inte slutattesterad än",
            "[Leverantörsfaktura {number}|Leverantörsfakturan] väntar på attest i Fortnox. Den skickas till SmartDok "
            "när den är "
            "slutattesterad.",
            "Ingenting behöver göras." + _SETTING_SV,
        ),
        (
            "Not finally approved yet",
            "[Supplier invoice {number}|The supplier invoice] awaits approval in Fortnox. It is sent to SmartDok once "
            "it is finally approved.",
            "Nothing needs to be done." + _SETTING_EN,
        ),
    ),
    "S3.no_project": cause(
        "",
        (
            "Inget projekt på fakturan",
            "[Leverantörsfaktura {number}|Leverantörsfakturan] har inget projekt i Fortnox, varken på fakturan eller "
            "på någon rad.",
            f"Hör den till ett projekt: {_INVOICE_SV} → välj Projekt → Spara. Den överförs sedan automatiskt."
            + _SETTING_SV,
        ),
        (
            "No project on the invoice",
            "[Supplier invoice {number}|The supplier invoice] has no project in Fortnox, neither on the invoice nor "
            "on any row.",
            f"If it belongs to a project: {_INVOICE_EN} → choose Projekt → Spara. It then goes by "
            f"itself." + _SETTING_EN,
        ),
    ),
    "S3.unknown_project": cause(
        "site",
        (
            "Projektet finns inte i SmartDok",
            "Fakturan är kodad på [projekt {projects}, som|ett projekt som] inte finns i SmartDok. Den väntar.",
            "Ska projektet finnas: SmartDok → Projekt/kunder → Projekt → lägg upp [{projects}|det].\n"
            "Är fakturan felkodad: Fortnox → Leverantörsfakturor → öppna fakturan → ändra Projekt.\n"
            "Fakturan överförs sedan automatiskt.",
        ),
        (
            "The project is not in SmartDok",
            "The invoice is coded to [project {projects}, which|a project that] SmartDok does not have. It waits.",
            "If the project ought to be there: SmartDok → Projekt/kunder → Projekt → add [{projects}|it].\n"
            "If the coding is wrong: Fortnox → Leverantörsfakturor → open the invoice → change Projekt.\n"
            "The invoice then goes by itself.",
        ),
    ),
    "S3.double_project": cause(
        "site",
        (
            "Projektnumret är dubbelt i SmartDok",
            "[Projektnummer {number}|Projektnumret] finns på flera projekt i SmartDok[: {others}]. Byggbro gissar "
            "inte vilket som menas.",
            "SmartDok: Projekt/kunder → Projekt → sök på [{number}|numret] → ge det ena ett annat nummer.\n"
            "Välj sedan Försök igen här.",
        ),
        (
            "The project number is double in SmartDok",
            "[Project number {number}|The project number] is on several projects in SmartDok[: {others}]. Byggbro "
            "does not guess which "
            "is meant.",
            "SmartDok: Projekt/kunder → Projekt → search for [{number}|the number] → give one of them another number.\n"
            "Then choose Try again here.",
        ),
    ),
    "S4.no_cost": cause(
        "bookkeeper",
        (
            "Ingen kostnadsrad",
            "[Leverantörsfaktura {number}|Leverantörsfakturan] har ingen rad med kostnad, så det finns inget att "
            "lägga på ett projekt.",
            f"{_INVOICE_SV} → kontera kostnaden → Spara. Den överförs sedan automatiskt.\n"
            "Ska den inte till SmartDok: välj Lämna utanför på posten i Byggbro.",
        ),
        (
            "No cost row",
            "[Supplier invoice {number}|The supplier invoice] has no row with a cost, so there is nothing to put on a "
            "project.",
            f"{_INVOICE_EN} → code the cost → Spara. It then goes by itself.\n"
            "If it is not for SmartDok: choose Leave out on the item in Byggbro.",
        ),
    ),
    "S4.total": cause(
        "bookkeeper",
        (
            "Raderna stämmer inte med fakturans summa",
            "[Leverantörsfaktura {number}|Leverantörsfakturan] [är på {total}, men kostnader, moms och öresavrundning "
            "blir {rows}|har en annan summa än kostnader, moms och öresavrundning ihop].",
            f"{_INVOICE_SV} → rätta konteringen så att raderna blir fakturans summa → Spara. Den överförs sedan "
            "automatiskt.\nSka den inte till SmartDok: välj Lämna utanför på posten i Byggbro.",
        ),
        (
            "The rows do not add up to the invoice",
            "[Supplier invoice {number}|The supplier invoice] [is for {total}, but costs, VAT and rounding come to "
            "{rows}|is for another sum than costs, VAT and rounding together].",
            f"{_INVOICE_EN} → correct the coding so that the rows add up to the invoice → Spara. It then goes by "
            "itself.\nIf it is not for SmartDok: choose Leave out on the item in Byggbro.",
        ),
    ),
    # -- documents -------------------------------------------------------------------------------------------------
    "S6.invoice_first": cause(
        "",
        (
            "Väntar på sin faktura",
            "Dokumentet hör till [leverantörsfaktura {number}, som|en leverantörsfaktura som] inte är överförd än.",
            "Ingenting behöver göras: dokumentet överförs automatiskt efter fakturan. Är fakturan stoppad: öppna den.",
        ),
        (
            "Waits for its invoice",
            "The document belongs to [supplier invoice {number}, which|a supplier invoice that] has not been "
            "transferred yet.",
            "Nothing needs to be done: it goes by itself after the invoice. If the invoice is stopped, open that.",
        ),
    ),
    "S6.invoice_left_out": cause(
        "",
        (
            "Fakturan är utanför",
            "Dokumentet hör till [leverantörsfaktura {number}, som|en leverantörsfaktura som] lämnats utanför[ "
            "({why})].",
            _MEANT_SV + " Överförs fakturan senare följer dokumentet med.",
        ),
        (
            "Its invoice is left out",
            "The document belongs to [supplier invoice {number}, which|a supplier invoice that] was left out[ "
            "({why})].",
            _MEANT_EN + " If the invoice is transferred later, the document follows it.",
        ),
    ),
    "S6.not_pdf": cause(
        "bookkeeper",
        (
            "Filen är ingen PDF",
            "[{name}|Filen] är varken en PDF eller en bild, så SmartDok kan inte visa den.",
            _ATTACH_SV,
        ),
        (
            "The file is no PDF",
            "[{name}|The file] is neither a PDF nor a picture, so SmartDok cannot show it.",
            _ATTACH_EN,
        ),
    ),
    "S6.not_fetched": cause(
        "",
        (
            "SmartDok har inte hämtat dokumentet än",
            "SmartDok har fått adressen till dokumentet men inte hämtat det.",
            "Ingenting behöver göras: Byggbro försöker igen.\n"
            "Gäller det alla dokument: driften kontrollerar att Byggbros adress går att nå från internet.",
        ),
        (
            "SmartDok has not fetched the document yet",
            "SmartDok was told where the document lies but has not fetched it.",
            "Nothing needs to be done: Byggbro tries again.\n"
            "If it concerns all documents: the operator checks that the internet reaches Byggbro's address.",
        ),
    ),
    "S6.never_fetched": cause(
        "operator",
        (
            "SmartDok hämtar inte dokumentet",
            "SmartDok har fått [{times}|flera] adresser till dokumentet och inte hämtat det under någon av dem.",
            "Driften kontrollerar att Byggbros adress går att nå från internet.\nTryck sedan på Skicka igen på posten.",
        ),
        (
            "SmartDok does not fetch the document",
            "SmartDok was given [{times}|several] addresses of the document and fetched it from none of them.",
            "The operator checks that the internet reaches Byggbro's address.\nThen press Send again on the item.",
        ),
    ),
    "S7.image": cause(
        "",
        (
            "Bild, skickas inte",
            "[{name}|Filen] är en bild. SmartDok tar emot PDF; bilden är sparad och kan laddas ner här.",
            "Ska bilder med: Byggbro: Flöden → Leverantörsfakturornas dokument → Slå ihop alla filer till en PDF.",
        ),
        (
            "Picture, not sent",
            "[{name}|The file] is a picture. SmartDok takes PDFs; the picture is kept and can be had here.",
            "To include pictures: Byggbro: Pipelines → Documents of supplier invoices → Join all files into one PDF.",
        ),
    ),
    "S7.further": cause(
        "",
        (
            "Ytterligare fil",
            "[{name}|Filen] är inte fakturans första PDF, och SmartDok tar emot en per faktura. Filen är sparad här.",
            "Ska alla filer med: Byggbro: Flöden → Leverantörsfakturornas dokument → Slå ihop alla filer till en PDF.",
        ),
        (
            "Further file",
            "[{name}|The file] is not the invoice's first PDF, and SmartDok takes one per invoice. The file is kept "
            "here.",
            "To send all files: Byggbro: Pipelines → Documents of supplier invoices → Join all files into one PDF.",
        ),
    ),
    "S7.joined": cause(
        "",
        ("Ligger i den hopslagna PDF:en", "[{name}|Filen] skickas som en del av fakturans hopslagna PDF.", _MEANT_SV),
        ("Part of the joined PDF", "[{name}|The file] is sent as a part of the invoice's joined PDF.", _MEANT_EN),
    ),
    "S7.order": cause(
        "",
        (
            "Väntar på filen före",
            "Dokumentet väntar på [{name}, som|ett dokument som] kommer före det på samma faktura.",
            "Ingenting behöver göras: dokumentet överförs automatiskt.",
        ),
        (
            "Waits for the file before it",
            "The document waits for [{name}, which|one that] comes before it on the same invoice.",
            "Nothing needs to be done: it goes by itself.",
        ),
    ),
    "document.empty": cause(
        "bookkeeper",
        ("Filen är tom", "[{name}|Filen] är tom i Fortnox.", _ATTACH_SV),
        ("The file is empty", "[{name}|The file] is empty in Fortnox.", _ATTACH_EN),
        rule="S6",
    ),
    "document.too_large": cause(
        "bookkeeper",
        (
            "Filen är för stor",
            "[Filen är {size}. Byggbro skickar filer upp till {largest}|Filen är större än Byggbro kan skicka].",
            _ATTACH_SV,
        ),
        (
            "The file is too large",
            "[The file is {size}. Byggbro sends files of up to {largest}|The file is larger than Byggbro can send].",
            _ATTACH_EN,
        ),
        rule="S6",
    ),
    "document.gone": cause(
        "bookkeeper",
        (
            "Filen finns inte i Fortnox",
            "[{name}|Filen] är kopplad till fakturan, men finns varken i arkivet eller i inkorgen.",
            _ATTACH_SV,
        ),
        (
            "The file is not in Fortnox",
            "[{name}|The file] is connected to the invoice, but lies neither in the archive nor in the inbox.",
            _ATTACH_EN,
        ),
        rule="S6",
    ),
    "document.unreadable": cause(
        "bookkeeper",
        (
            "Filen är skadad",
            "[{name}|Filen] går inte att läsa och kan därför inte slås ihop med de andra filerna.",
            _ATTACH_SV,
        ),
        (
            "The file is damaged",
            "[{name}|The file] cannot be read, so it cannot be joined with the other files.",
            _ATTACH_EN,
        ),
        rule="S7",
    ),
    "document.damaged": cause(
        "operator",
        (
            "Den sparade filen är ändrad",
            "[{name}|Filen] är inte längre den fil som sparades: kontrollsumman stämmer inte.",
            "Återställ filen från säkerhetskopian av dokumentlagret.\nVälj sedan Försök igen.",
        ),
        (
            "The kept file was changed",
            "[{name}|The file] is no longer the file that was kept: its checksum differs.",
            "Restore the file from the backup of the document storage.\nThen choose Try again.",
        ),
        rule="S6",
    ),
    "document.storage": cause(
        "operator",
        (
            "Dokumentlagret tar inte emot filer",
            "Filen kunde inte sparas. Byggbro försöker igen.",
            "Kontrollera att DOCUMENT_STORAGE går att skriva till och har plats.",
        ),
        (
            "The document storage takes no files",
            "The file could not be kept. Byggbro tries again.",
            "Check that DOCUMENT_STORAGE can be written to and has room.",
        ),
        rule="S6",
    ),
}
