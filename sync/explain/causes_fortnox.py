"""Causes that Fortnox gives: its codes, and faults of the connection to it. Texts are ours, codes decide."""

from sync.explain.cause import Cause, cause

_RETRY_SV = "Välj sedan Försök igen på posten i Byggbro."
_RETRY_EN = "Then choose Try again on the item in Byggbro."
_OURS_SV = (
    "Byggbro skickade något som Fortnox inte förstår[ ({message})].",
    "Kontakta Byggbros drift och uppge koden {code}. Ingenting har skrivits i Fortnox.",
)
_OURS_EN = (
    "Byggbro sent something that Fortnox does not understand[ ({message})].",
    "Ask the operator of Byggbro and quote the code {code}. Nothing was written in Fortnox.",
)
_AGAIN_SV = (
    "Byggbro: Anslutningar → Fortnox → Anslut igen.\n"
    "Logga in som systemadministratör i Fortnox och välj Godkänn.\n"
    "Allt som väntar överförs sedan automatiskt."
)
_AGAIN_EN = (
    "Byggbro: Connections → Fortnox → Connect again.\n"
    "Log in as system administrator in Fortnox and choose Godkänn.\n"
    "All that waits then goes by itself."
)
_HEALS_SV = "Ingenting behöver göras: Byggbro försöker igen av sig självt."
_HEALS_EN = "Nothing needs to be done: Byggbro tries again by itself."


def _ours(title_sv: str, title_en: str) -> Cause:
    return cause("operator", (title_sv, *_OURS_SV), (title_en, *_OURS_EN))


# Notes 28: the token is wrong, and another did not help.
_REFUSED = cause(
    "bookkeeper",
    (
        "Fortnox släpper inte in oss",
        "Fortnox nekar inloggningen[ ({message})]. Godkännandet är troligen återkallat.",
        _AGAIN_SV,
    ),
    (
        "Fortnox does not let us in",
        "Fortnox refuses the log-in[ ({message})]. The consent was probably withdrawn.",
        _AGAIN_EN,
    ),
)
_ACCOUNT = cause(
    "bookkeeper",
    (
        "Kontot finns inte eller är inaktivt",
        "Fortnox hittar inte ett konto som behövs[: {message}].",
        "Fortnox: Bokföring → Kontoplan → lägg upp eller aktivera kontot för rätt räkenskapsår.\n"
        "Står kontot på en artikel eller kund: rätta det under Register → Artiklar eller Kunder.\n" + _RETRY_SV,
    ),
    (
        "The account is missing or inactive",
        "Fortnox does not find an account that is needed[: {message}].",
        "Fortnox: Bokföring → Kontoplan → add or activate the account for the right year.\n"
        "If an article or customer names it: correct it under Register → Artiklar or Kunder.\n" + _RETRY_EN,
    ),
)
_REDUCTION = cause(
    "site",
    (
        "Skattereduktionens belopp stämmer inte",
        "Fortnox godtar inte beloppet för rot/rut[: {message}]. Det ska vara hela, positiva kronor.",
        "SmartDok: Fakturaunderlag → Arkiv → öppna underlaget → ta tillbaka det till Utkast → rätta belopp och timmar "
        "till hela tal → slutför igen.\n" + _RETRY_SV,
    ),
    (
        "The amount of the tax reduction is wrong",
        "Fortnox does not accept the amount for rot/rut[: {message}]. It must be whole, positive kronor.",
        "SmartDok: Fakturaunderlag → Arkiv → open the billing basis → take it back to Utkast → correct amount and "
        "hours to whole numbers → finalise it again.\n" + _RETRY_EN,
    ),
)

CAUSES: dict[str, Cause] = {
    # -- access ----------------------------------------------------------------------------------------------------
    "fortnox.2000310": _REFUSED,
    "fortnox.2000311": _REFUSED,
    "fortnox.401": _REFUSED,
    "fortnox.403": _REFUSED,
    "fortnox.2001101": cause(
        "bookkeeper",
        (
            "Fortnox-licens saknas för en del",
            "Företaget saknar licens i Fortnox för det som ska läsas eller skrivas[: {message}].",
            "Fortnox: Hantera användare → Licenser → lägg till licensen som behövs.\n"
            "Byggbro provar igen av sig självt.",
        ),
        (
            "A Fortnox licence is missing for one part",
            "The company has no licence in Fortnox for what is to be read or written[: {message}].",
            "Fortnox: Hantera användare → Licenser → add the licence that is needed.\nByggbro tries again by itself.",
        ),
    ),
    "fortnox.2001103": cause(
        "bookkeeper",
        (
            "Fortnox-licens för integration saknas",
            "Företaget har ingen licens i Fortnox som tillåter integrationer[: {message}].",
            "Fortnox: Hantera användare → Licenser → lägg till Fortnox Integration.\n"
            "Byggbro: Anslutningar → Fortnox → Kontrollera nu.",
        ),
        (
            "The Fortnox licence for integrations is missing",
            "The company has no licence in Fortnox that allows integrations[: {message}].",
            "Fortnox: Hantera användare → Licenser → add Fortnox Integration.\n"
            "Byggbro: Connections → Fortnox → Check now.",
        ),
    ),
    "fortnox.not_connected": cause(
        "bookkeeper",
        (
            "Fortnox är inte anslutet än",
            "Ingen har godkänt kopplingen till Fortnox än.",
            "Byggbro: Anslutningar → Fortnox → Anslut.\nLogga in som systemadministratör i Fortnox och välj Godkänn.",
        ),
        (
            "Fortnox is not connected yet",
            "Nobody has approved the connection to Fortnox yet.",
            "Byggbro: Connections → Fortnox → Connect.\nLog in as system administrator in Fortnox and choose Godkänn.",
        ),
    ),
    "fortnox.client_missing": cause(
        "operator",
        (
            "Byggbro saknar inloggning till Fortnox",
            "FORTNOX_CLIENT_ID är inte satt, så inget företag kan nå Fortnox.",
            "Sätt FORTNOX_CLIENT_ID och FORTNOX_CLIENT_SECRET och starta om.",
        ),
        (
            "Byggbro has no log-in to Fortnox",
            "FORTNOX_CLIENT_ID is not set, so no company can reach Fortnox.",
            "Set FORTNOX_CLIENT_ID and FORTNOX_CLIENT_SECRET and restart.",
        ),
    ),
    "fortnox.wrong_company": cause(
        "bookkeeper",
        (
            "Fel företag i Fortnox",
            "Anslutningen gäller [företaget med databasnummer {expected}|ett visst företag], men Fortnox svarade som "
            "[{company}|ett annat][ ({got})]. "
            "Ingenting har ändrats.",
            "Byggbro: Anslutningar → Fortnox → Anslut igen, och välj rätt företag i Fortnox.\n"
            "Ska det vara [{company}|det företaget]: be driften ändra databasnumret på anslutningen.",
        ),
        (
            "Wrong company in Fortnox",
            "The connection is for [the company with database number {expected}|one company], but Fortnox answered as "
            "[{company}|another][ ({got})]. "
            "Nothing was changed.",
            "Byggbro: Connections → Fortnox → Connect again, and choose the right company in Fortnox.\n"
            "If [{company}|that company] is right: ask the operator to change the database number of the connection.",
        ),
    ),
    # -- the source's data -----------------------------------------------------------------------------------------
    "fortnox.2000106": cause(
        "site",
        (
            "Otillåtna tecken i en uppgift",
            "Fortnox tar bara emot bokstäver och siffror där[: {message}].",
            "SmartDok: öppna posten → ta bort specialtecken ur uppgiften → Spara.",
        ),
        (
            "Characters that are not allowed",
            "Fortnox takes only letters and digits there[: {message}].",
            "SmartDok: open the record → remove special characters from the value → Spara.",
        ),
    ),
    "fortnox.2000108": cause(
        "site",
        (
            "Uppgiften ska vara siffror",
            "Fortnox tar bara emot siffror där[: {message}].",
            "SmartDok: öppna posten → rätta uppgiften till siffror → Spara.",
        ),
        (
            "The value must be digits",
            "Fortnox takes only digits there[: {message}].",
            "SmartDok: open the record → correct the value to digits → Spara.",
        ),
    ),
    "fortnox.2000359": cause(
        "site",
        (
            "Otillåtna tecken",
            "Texten innehåller tecken som Fortnox inte tar emot[: {message}].",
            "SmartDok: öppna posten → ta bort ovanliga tecken ur texterna → Spara.",
        ),
        (
            "Forbidden characters",
            "The text holds characters that Fortnox refuses[: {message}].",
            "SmartDok: open the record → remove unusual characters from the texts → Spara.",
        ),
        rule="G5",
    ),
    "fortnox.2000600": cause(
        "site",
        (
            "Samma personnummer två gånger",
            "Samma personnummer står två gånger på fakturans skattereduktion.",
            "SmartDok: Fakturaunderlag → Arkiv → öppna underlaget → ta tillbaka det till Utkast → ta bort den ena "
            "personen → slutför igen.",
        ),
        (
            "The same personal number twice",
            "The same personal number is given twice for the tax reduction of the invoice.",
            "SmartDok: Fakturaunderlag → Arkiv → open the billing basis → take it back to Utkast → remove one of the "
            "persons → finalise it again.",
        ),
    ),
    "fortnox.2004217": _REDUCTION,
    "fortnox.2004218": _REDUCTION,
    # -- Fortnox says no -------------------------------------------------------------------------------------------
    "fortnox.2000401": cause(
        "bookkeeper",
        (
            "Perioden är låst i Fortnox",
            "Fakturans datum ligger i en period som är låst i Fortnox. Byggbro flyttar aldrig datum.",
            "Fortnox: Inställningar → Bokföring → Låst t.o.m. → lås upp perioden, om den får låsas upp.\n"
            "Annars: ändra Fakturadatum under Byggbro: Flöden → Fakturor till att Fortnox väljer dagens datum.\n"
            + _RETRY_SV,
        ),
        (
            "The period is locked in Fortnox",
            "The invoice's date lies in a period that is locked in Fortnox. Byggbro never moves a date.",
            "Fortnox: Inställningar → Bokföring → Låst t.o.m. → unlock the period, if that is allowed.\n"
            "Else: set Invoice date under Byggbro: Pipelines → Invoices so that Fortnox takes today's "
            "date.\n" + _RETRY_EN,
        ),
        rule="I9",
    ),
    "fortnox.2000637": cause(
        "site",
        (
            "Kundnumret är förbrukat i Fortnox",
            "Numret har tillhört en kund som är borttagen i Fortnox och kan aldrig användas igen.",
            "SmartDok: Projekt/kunder → Kunder → öppna kunden → ge den ett nytt Kundnummer → Spara.\n"
            "Kunden överförs sedan automatiskt.",
        ),
        (
            "The customer number is used up in Fortnox",
            "The number belonged to a customer that was removed in Fortnox and can never be used again.",
            "SmartDok: Projekt/kunder → Kunder → open the customer → give it a new Kundnummer → Spara.\n"
            "The customer then goes by itself.",
        ),
        rule="C6",
    ),
    # -- set-up in Fortnox -----------------------------------------------------------------------------------------
    "fortnox.2000423": _ACCOUNT,
    "fortnox.2001304": _ACCOUNT,
    "fortnox.2000947": cause(
        "bookkeeper",
        (
            "Kostnadsstället är inaktivt",
            "Fortnox tar inte emot kostnadsstället[: {message}].",
            "Fortnox: Register → Kostnadsställen → aktivera det, eller byt kostnadsställe på kunden eller projektet.\n"
            + _RETRY_SV,
        ),
        (
            "The cost centre is inactive",
            "Fortnox does not take the cost centre[: {message}].",
            "Fortnox: Register → Kostnadsställen → activate it, or change it on the customer or project.\n" + _RETRY_EN,
        ),
    ),
    "fortnox.2004167": cause(
        "bookkeeper",
        (
            "Raden behöver ett konto",
            "Fortnox har Enkel moms påslaget och en egen momssats används, så raden måste ha ett konto.",
            "Fortnox: Register → Artiklar → öppna artikeln → fyll i Försäljningskonto → Spara.\n" + _RETRY_SV,
        ),
        (
            "The row needs an account",
            "Fortnox uses simple VAT with a VAT rate of your own, so the row must have an account.",
            "Fortnox: Register → Artiklar → open the article → fill in Försäljningskonto → Spara.\n" + _RETRY_EN,
        ),
    ),
    "fortnox.2000430": cause(
        "",
        (
            "Enheten saknas i Fortnox",
            "Fortnox hittar inte enheten på raden[: {message}]. Byggbro läser enheterna på nytt.",
            "Ingenting behöver göras om det går över. Annars: Byggbro: Mappade värden → lägg till enheten (typ: unit).",
        ),
        (
            "The unit is missing in Fortnox",
            "Fortnox does not find the unit of the row[: {message}]. Byggbro reads the units anew.",
            "Nothing needs to be done if it passes. Else: Byggbro: Mapped values → add the unit (kind: unit).",
        ),
        rule="A4",
    ),
    "fortnox.404": cause(
        "bookkeeper",
        (
            "Finns inte längre i Fortnox",
            "Det som skulle uppdateras finns inte i Fortnox.",
            "Kontrollera i Fortnox om det är borttaget.\n" + _RETRY_SV,
        ),
        (
            "No longer in Fortnox",
            "What was to be updated is not in Fortnox.",
            "Check in Fortnox whether it was removed.\n" + _RETRY_EN,
        ),
    ),
    # -- ours ------------------------------------------------------------------------------------------------------
    "fortnox.1000030": _ours("Fel svarsformat begärt", "Wrong answer format asked for"),
    "fortnox.1000031": _ours("Fel format skickat", "Wrong format sent"),
    "fortnox.2000134": _ours("Fel ja/nej-värde skickat", "Yes/no value sent wrongly"),
    "fortnox.2000588": _ours("Okänd sökparameter", "Unknown search parameter"),
    "fortnox.2001392": _ours("Tom eller felaktig begäran", "Empty or malformed request"),
    "fortnox.2001399": _ours("Okänt fält", "Unknown field"),
    "fortnox.2002115": _ours("Begäran går inte att tolka", "Request cannot be parsed"),
    # -- theirs ----------------------------------------------------------------------------------------------------
    "fortnox.1000003": cause(
        "",
        ("Systemfel i Fortnox", "Ett fel uppstod i Fortnox[: {message}].", _HEALS_SV),
        ("System fault in Fortnox", "Fortnox had a fault of its own[: {message}].", _HEALS_EN),
    ),
    "fortnox.no_number": cause(
        "",
        (
            "Fortnox gav inget fakturanummer",
            "Fortnox svarade utan fakturanummer. Byggbro letar upp fakturan på sin referens innan något skickas igen.",
            _HEALS_SV,
        ),
        (
            "Fortnox gave no invoice number",
            "Fortnox answered without an invoice number. Byggbro looks the invoice up by its reference before "
            "sending again.",
            _HEALS_EN,
        ),
        rule="I2",
    ),
    "fortnox.no_list": cause(
        "",
        ("Fortnox gav ingen lista", "Svaret innehöll inte den lista som det ska innehålla.", _HEALS_SV),
        ("Fortnox gave no list", "The answer did not hold the promised list.", _HEALS_EN),
    ),
    "fortnox.list_endless": cause(
        "operator",
        (
            "Listan tar aldrig slut",
            "En lista i Fortnox gav orimligt många sidor.",
            "Byggbro försöker igen. Håller det i sig: kontakta Byggbros drift.",
        ),
        (
            "The list never ends",
            "A list in Fortnox gave more pages than is reasonable.",
            "Byggbro tries again. If it lasts: ask the operator of Byggbro.",
        ),
    ),
}
