"""Causes of invoices (I)."""

from sync.explain.cause import Cause, cause

_GOES_SV = "Fakturan överförs sedan automatiskt, inom några minuter."
_GOES_EN = "The invoice then goes by itself, within minutes."
_WHERE_SV = "SmartDok: Fakturaunderlag → Arkiv → öppna underlaget → ta tillbaka det till Utkast"
_WHERE_EN = "SmartDok: Fakturaunderlag → Arkiv → open the billing basis → take it back to Utkast"
_SUMS_SV = (
    f"{_WHERE_SV}.\nKontrollera antal, pris, rabatt och påslag, så att de stämmer med summan.\n"
    f"Slutför underlaget igen.\n{_GOES_SV}"
)
_SUMS_EN = (
    f"{_WHERE_EN}.\nCheck quantity, price, discount and surcharge, so that they agree with the sum.\n"
    f"Finalise it again.\n{_GOES_EN}"
)

CAUSES: dict[str, Cause] = {
    "G3.customer": cause(
        "site",
        (
            "Flera kunder har fakturans kundnummer",
            "Fakturaunderlaget säger bara [kundnummer {number}|ett kundnummer], och det har flera kunder i SmartDok[: "
            "{bearers}]. Byggbro gissar inte vilken som ska ha fakturan.",
            "SmartDok: Projekt/kunder → Kunder → sök på [{number}|numret] → ge den ena ett annat nummer → Spara.\n"
            f"{_WHERE_SV} → välj Kund → slutför igen.\n{_GOES_SV}",
        ),
        (
            "Several customers have the invoice's customer number",
            "The billing basis says [customer number {number}|a customer number] and no more, and several customers "
            "in SmartDok have it"
            "[: {bearers}]. Byggbro does not guess which of them the invoice is for.",
            "SmartDok: Projekt/kunder → Kunder → search for [{number}|the number] → give one of them another number → "
            "Spara.\n"
            f"{_WHERE_EN} → choose Kund → finalise it again.\n{_GOES_EN}",
        ),
    ),
    "I1": cause(
        "",
        (
            "Inte slutförd",
            "Fakturaunderlaget är ett utkast. Bara slutförda underlag skickas.",
            "Ingenting behöver göras: underlaget överförs automatiskt inom några minuter när det slutförs i SmartDok.",
        ),
        (
            "Not finalised",
            "The billing basis is a draft. Only finalised ones are sent.",
            "Nothing needs to be done: it goes by itself within minutes of being finalised in SmartDok.",
        ),
    ),
    "I2.on_its_way": cause(
        "",
        (
            "Svaret kom aldrig fram",
            "Det skickades, men svaret gick förlorat. Byggbro letar efter det en minut innan något skickas igen, "
            "så att ingenting kommer fram två gånger.",
            "Ingenting behöver göras.",
        ),
        (
            "The answer never arrived",
            "It was sent, but the answer was lost. Byggbro looks for it for a minute before anything is sent again, so "
            "that nothing arrives twice.",
            "Nothing needs to be done.",
        ),
    ),
    "I3": cause(
        "bookkeeper",
        (
            "Ändrad efter överföring",
            "Underlaget har ändrats i SmartDok efter att fakturan skickades. [Summan var {sum_before} och är nu "
            "{sum_now}. ]"
            "Fakturan i Fortnox är inte ändrad.",
            "Jämför gammalt och nytt på postens sida i Byggbro.\n"
            "Ska Fortnox ändras: Fakturering → Kundfakturor → öppna fakturan → rätta den, eller kreditera den och "
            "skapa en ny om den är bokförd.\n"
            "Välj Markera som hanterad på posten i Byggbro när det är gjort, eller Behåll som det är i Fortnox.",
        ),
        (
            "Changed after transfer",
            "The billing basis was changed in SmartDok after the invoice was sent. [The sum was {sum_before} and is "
            "now {sum_now}. ]The invoice in Fortnox is unchanged.",
            "Compare old and new on the item's page in Byggbro.\n"
            "If Fortnox is to change: Fakturering → Kundfakturor → open the invoice → correct it, or credit it and "
            "make a new one if it is booked.\n"
            "Choose Mark as handled on the item in Byggbro once it is done, or Keep as it is in Fortnox.",
        ),
    ),
    "I3.withdrawn": cause(
        "site",
        (
            "Återtagen efter överföring",
            "Underlaget har tagits tillbaka till utkast i SmartDok efter att fakturan[ ({sum_before})] skickades. "
            "Fakturan i Fortnox är inte ändrad.",
            "SmartDok: Fakturaunderlag → Utkast → öppna underlaget → slutför igen. Är det oförändrat försvinner den "
            "här uppgiften av sig själv.\n"
            "Är det ändrat visas gammalt och nytt här, och ekonomen avgör vad som ska göras i Fortnox.",
        ),
        (
            "Withdrawn after transfer",
            "The billing basis was taken back to a draft in SmartDok after the invoice[ ({sum_before})] was sent. The "
            "invoice in Fortnox is unchanged.",
            "SmartDok: Fakturaunderlag → Utkast → open the billing basis → finalise it again. If it is unchanged this "
            "goes away by itself.\n"
            "If it is changed, old and new are shown here, and the bookkeeper decides what to do in Fortnox.",
        ),
    ),
    "I3.gone": cause(
        "bookkeeper",
        (
            "Borttagen efter överföring",
            "Underlaget finns inte längre i SmartDok, men fakturan är redan skickad till Fortnox och ligger kvar där.",
            "Avgör om fakturan i Fortnox ska vara kvar. Annars: Fakturering → Kundfakturor → öppna fakturan → "
            "Makulera, eller Kreditera om den är bokförd.\n"
            "Välj Markera som hanterad på posten i Byggbro när det är gjort, eller Behåll som det är i Fortnox.",
        ),
        (
            "Removed after transfer",
            "The billing basis is no longer in SmartDok, but the invoice was sent to Fortnox and still lies there.",
            "Decide whether the invoice in Fortnox is to stay. If not: Fakturering → Kundfakturor → open the invoice → "
            "Makulera, or Kreditera if it is booked.\n"
            "Choose Mark as handled on the item in Byggbro once it is done, or Keep as it is in Fortnox.",
        ),
    ),
    "I4": cause(
        "site",
        (
            "Fakturan saknar kund",
            "Fakturaunderlaget har ingen kund i SmartDok, så det finns ingen att fakturera.",
            f"{_WHERE_SV} → välj Kund → slutför igen.\n{_GOES_SV}",
        ),
        (
            "The invoice has no customer",
            "The billing basis has no customer in SmartDok, so there is nobody to invoice.",
            f"{_WHERE_EN} → choose Kund → finalise it again.\n{_GOES_EN}",
        ),
    ),
    "I5": cause(
        "",
        (
            "Väntar på annat",
            "Fakturan väntar på det som måste finnas i Fortnox först[: {names}].",
            "Är något av det stoppat eller utanför: öppna det och gör som det står där.\n"
            "Finns något av det inte i SmartDok: lägg upp det där, eller välj ett annat på underlaget.\n"
            "Fakturan överförs sedan automatiskt.",
        ),
        (
            "Waits for something else",
            "The invoice waits for what must be in Fortnox first[: {names}].",
            "If any of it is stopped or left out: open it and do what it says there.\n"
            "If any of it does not exist in SmartDok: add it there, or choose another on the billing basis.\n"
            "The invoice then goes by itself.",
        ),
    ),
    "I5.absence": cause(
        "site",
        (
            "Fakturan är på ett frånvaroprojekt",
            "Frånvaroprojekt skickas aldrig till Fortnox, och fakturan eller en av dess rader är på ett[: {projects}].",
            f"{_WHERE_SV} → välj ett annat projekt → slutför igen.\n{_GOES_SV}\n"
            "Är det inget frånvaroprojekt: SmartDok: Projekt/kunder → Projekt → öppna det → ändra det → Spara.",
        ),
        (
            "The invoice is on an absence project",
            "Absence projects are never sent to Fortnox, and the invoice or one of its rows is on one[: {projects}].",
            f"{_WHERE_EN} → choose another project → finalise it again.\n{_GOES_EN}\n"
            "If it is no absence project: SmartDok: Projekt/kunder → Projekt → open it → change it → Spara.",
        ),
    ),
    "I5.order": cause(
        "bookkeeper",
        (
            "Fakturan är på en order",
            "Ordrar skickas inte till Fortnox om företaget inte har slagit på det, och fakturan eller en av dess rader "
            "är på en[: {projects}].",
            "Ska ordrar med: Byggbro: Flöden → Projekt → slå på Överför även ordrar → Spara.\n"
            f"Annars: {_WHERE_SV} → välj ett annat projekt → slutför igen.\n{_GOES_SV}",
        ),
        (
            "The invoice is on an order",
            "Orders are not sent to Fortnox unless the company has switched that on, and the invoice or one of its "
            "rows is on one[: {projects}].",
            "To include orders: Byggbro: Pipelines → Projects → switch on Transfer orders too → Save.\n"
            f"Else: {_WHERE_EN} → choose another project → finalise it again.\n{_GOES_EN}",
        ),
    ),
    "I6.no_rows": cause(
        "site",
        (
            "Faktura utan rader",
            "Fakturaunderlaget har inga rader, så det finns inget att fakturera.",
            f"{_WHERE_SV} → lägg till rader → slutför igen.\n{_GOES_SV}\n"
            "Ska det inte faktureras: välj Lämna utanför på posten i Byggbro.",
        ),
        (
            "Invoice without rows",
            "The billing basis has no rows, so there is nothing to invoice.",
            f"{_WHERE_EN} → add rows → finalise it again.\n{_GOES_EN}\n"
            "If it is not to be invoiced: choose Leave out on the item in Byggbro.",
        ),
    ),
    "I6.too_many_rows": cause(
        "site",
        (
            "För många rader",
            "Fakturan har [{rows} rader. Fortnox tar emot högst {most}|fler rader än Fortnox tar emot].",
            f"{_WHERE_SV} → dela upp det på flera underlag, eller slå ihop rader → slutför igen.\n{_GOES_SV}",
        ),
        (
            "Too many rows",
            "The invoice has [{rows} rows. Fortnox takes {most} at most|more rows than Fortnox takes].",
            f"{_WHERE_EN} → split it, or join rows → finalise it again.\n{_GOES_EN}",
        ),
    ),
    "I7.row": cause(
        "site",
        (
            "En rads summa stämmer inte",
            "[Rad {row}|En rad][ ({text})]: antal × pris ger [{computed}|en summa], och med rabatt[ {discount}] och "
            "påslag[ {surcharge}] går det "
            "inte att komma till radens summa[ {sum}].",
            _SUMS_SV,
        ),
        (
            "The sum of a row does not agree",
            "[Row {row}|A row][ ({text})]: quantity × price gives [{computed}|one sum], and with discount[ "
            "{discount}] and surcharge"
            "[ {surcharge}] there is no way to the row's sum[ {sum}].",
            _SUMS_EN,
        ),
    ),
    "I7.invoice": cause(
        "site",
        (
            "Fakturans rabatt stämmer inte",
            "Raderna ger [{rows}|en annan summa]. Med rabatt[ {discount}] och påslag[ {surcharge}] på hela fakturan "
            "går det inte att komma "
            "till totalsumman[ {total}].",
            _SUMS_SV,
        ),
        (
            "The invoice's discount does not agree",
            "The rows give [{rows}|another sum]. With discount[ {discount}] and surcharge[ {surcharge}] on the whole "
            "invoice there is no way to the total[ {total}].",
            _SUMS_EN,
        ),
    ),
    "I7.total": cause(
        "site",
        (
            "Fakturans summa stämmer inte",
            "[Raderna ger {rows}, men underlagets totalsumma är {total}|Raderna ger inte underlagets totalsumma]. "
            "Fakturan skickas inte med fel summa.",
            _SUMS_SV,
        ),
        (
            "The invoice's sum does not agree",
            "[The rows give {rows}, but the total of the billing basis is {total}|The rows do not give the total of "
            "the billing basis]. It is not sent with a wrong sum.",
            _SUMS_EN,
        ),
    ),
    "I10": cause(
        "bookkeeper",
        (
            "Krediterad i SmartDok efter överföring",
            "Underlaget är markerat som krediterat i SmartDok. Fakturan[ ({sum_before})] ligger kvar i Fortnox.",
            "Fortnox: Fakturering → Kundfakturor → öppna fakturan → Kreditera (eller makulera, om den inte är "
            "bokförd).\n"
            "Välj Markera som hanterad på posten i Byggbro när det är gjort, eller Behåll som det är i Fortnox.",
        ),
        (
            "Credited in SmartDok after transfer",
            "The billing basis is marked as credited in SmartDok. The invoice[ ({sum_before})] still lies in Fortnox.",
            "Fortnox: Fakturering → Kundfakturor → open the invoice → Kreditera (or cancel it, unless it is booked).\n"
            "Choose Mark as handled on the item in Byggbro once it is done, or Keep as it is in Fortnox.",
        ),
    ),
    "I10.before": cause(
        "",
        (
            "Krediterad före överföring",
            "[Underlag {number}|Underlaget] krediterades i SmartDok innan det hade överförts, så det skickas inte.",
            "Ingenting behöver göras: det är så reglerna säger.",
        ),
        (
            "Credited before transfer",
            "[Billing basis {number}|The billing basis] was credited in SmartDok before it had been transferred, so "
            "it is not sent.",
            "Nothing needs to be done: this is what the rules say.",
        ),
    ),
}
