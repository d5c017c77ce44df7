"""Causes of customers, projects and articles, and of data as such (C, P, A, G)."""

from sync.explain.cause import Cause, cause

_MEANT_SV = "Ingenting behöver göras: det är så reglerna säger."
_MEANT_EN = "Nothing needs to be done: this is what the rules say."
_GOES_SV = "Posten överförs sedan automatiskt, inom några minuter."
_GOES_EN = "It then goes by itself, within minutes."

CAUSES: dict[str, Cause] = {
    # -- data ------------------------------------------------------------------------------------------------------
    "data.unreadable": cause(
        "site",
        (
            "Uppgifterna går inte att läsa",
            "Posten har inte de uppgifter som den ska ha[: {problems}].",
            "Öppna posten i systemet den kommer från, rätta uppgifterna och spara.\n" + _GOES_SV,
        ),
        (
            "The data cannot be read",
            "The record does not have the data that was promised[: {problems}].",
            "Open the record in the system it comes from, correct the data and save.\n" + _GOES_EN,
        ),
    ),
    "data.outdated": cause(
        "",
        (
            "Läses in på nytt",
            "Posten lästes av en tidigare version av Byggbro och läses nu in på nytt.",
            "Ingenting behöver göras: det sker av sig självt inom några minuter.",
        ),
        (
            "Being read anew",
            "The record was read by an earlier version of Byggbro and is now being read anew.",
            "Nothing needs to be done: it happens by itself within minutes.",
        ),
    ),
    "gone": cause(
        "",
        (
            "Finns inte längre i källan",
            "Posten är borttagen i systemet den kom från, innan den hade överförts.",
            _MEANT_SV + " Kommer den tillbaka tas den med igen.",
        ),
        (
            "No longer in the source",
            "The record was removed from the system it came from before it had been transferred.",
            _MEANT_EN + " If it comes back it is taken up again.",
        ),
        awaited="site",
    ),
    "G5.empty": cause(
        "site",
        (
            "En uppgift som krävs är tom",
            "[Fältet {field}|Ett fält] är tomt, eller har bara tecken som Fortnox inte tar emot[ ({value})].",
            "SmartDok: öppna posten → fyll i [{field}|uppgiften] → Spara.\n" + _GOES_SV,
        ),
        (
            "A required field is empty",
            "[The field {field}|A field] is empty, or holds only characters that Fortnox does not accept[ ({value})].",
            "SmartDok: open the record → fill in [{field}|the value] → Spara.\n" + _GOES_EN,
        ),
        rule="G5",
    ),
    "G5.characters": cause(
        "site",
        (
            "Numret har tecken som Fortnox inte tar emot",
            "[{field}|Ett nummer][ {value}] innehåller [tecknen {characters}, som|tecken som] Fortnox inte tar emot. "
            "Nummer ändras aldrig av "
            "Byggbro.",
            "SmartDok: öppna posten → ändra [{field}|uppgiften] till bokstäver och siffror → Spara.\n" + _GOES_SV,
        ),
        (
            "The number has characters that Fortnox refuses",
            "[{field}|A number][ {value}] holds [the characters {characters}, which|characters that] Fortnox refuses. "
            "Byggbro never alters a number.",
            "SmartDok: open the record → change [{field}|the value] to letters and digits → Spara.\n" + _GOES_EN,
        ),
        rule="G5",
    ),
    "G5.length": cause(
        "site",
        (
            "Numret är för långt för Fortnox",
            "[{field}|Ett nummer][ {value}] är längre än [de {limit} tecken som|vad] Fortnox tar emot. Nummer ändras "
            "aldrig av Byggbro.",
            "SmartDok: öppna posten → korta [{field}|uppgiften] → Spara.\n" + _GOES_SV,
        ),
        (
            "The number is too long for Fortnox",
            "[{field}|A number][ {value}] is longer than [the {limit} characters that|what] Fortnox takes. Byggbro "
            "never alters a number.",
            "SmartDok: open the record → shorten [{field}|the value] → Spara.\n" + _GOES_EN,
        ),
        rule="G5",
    ),
    "G5": cause(
        "site",
        (
            "Fortnox tar inte emot uppgiften",
            "[{field}|En uppgift][ {value}] går inte att skicka till Fortnox.",
            "SmartDok: öppna posten → rätta [{field}|uppgiften] → Spara.\n" + _GOES_SV,
        ),
        (
            "Fortnox does not take the value",
            "[{field}|A value][ {value}] cannot be sent to Fortnox.",
            "SmartDok: open the record → correct [{field}|the value] → Spara.\n" + _GOES_EN,
        ),
    ),
    "G9": cause(
        "",
        (
            "Före första dagen",
            "Daterad[ {date},] före den dag då företaget började använda Byggbro.",
            _MEANT_SV + " Dagen ändras under Byggbro: Företag → Första dag.",
        ),
        (
            "Before go-live",
            "Dated[ {date},] before the day on which the company began to use Byggbro.",
            _MEANT_EN + " The day is changed under Byggbro: Companies → Go-live.",
        ),
    ),
    # -- customers -------------------------------------------------------------------------------------------------
    "C1.no_name": cause(
        "site",
        (
            "Kund utan namn",
            "[Kund {number}|Kunden] har inget namn i SmartDok, och Fortnox kräver ett.",
            "SmartDok: Projekt/kunder → Kunder → öppna [kund {number}|kunden] → fyll i Namn → Spara.\n" + _GOES_SV,
        ),
        (
            "Customer without a name",
            "[Customer {number}|The customer] has no name in SmartDok, and Fortnox requires one.",
            "SmartDok: Projekt/kunder → Kunder → open [customer {number}|the customer] → fill in Namn → Spara.\n"
            + _GOES_EN,
        ),
    ),
    "C2": cause(
        "site",
        (
            "Kund utan nummer",
            "Kunden[ {name}] har inget kundnummer i SmartDok och lämnas utanför tills den får ett.",
            "SmartDok: Projekt/kunder → Kunder → öppna [{name}|kunden] → fyll i Kundnummer → Spara.\n" + _GOES_SV,
        ),
        (
            "Customer without a number",
            "The customer[ {name}] has no customer number in SmartDok and is left out until it gets one.",
            "SmartDok: Projekt/kunder → Kunder → open [{name}|the customer] → fill in Kundnummer → Spara.\n" + _GOES_EN,
        ),
    ),
    "C4": cause(
        "site",
        (
            "Två kunder har samma nummer",
            "[Kundnummer {number}|Kundnumret] finns på fler än en kund i SmartDok. [Den andra är: {others}. ]Ingen av "
            "dem skickas.",
            "SmartDok: Projekt/kunder → Kunder → sök på [{number}|numret].\n"
            "Ge den ena ett annat nummer, eller ta bort dubbletten.\n" + _GOES_SV,
        ),
        (
            "Two customers share a number",
            "[Customer number {number}|The customer number] is on more than one customer in SmartDok. [The other is: "
            "{others}. ]Neither "
            "is sent.",
            "SmartDok: Projekt/kunder → Kunder → search for [{number}|the number].\n"
            "Give one of them another number, or remove the double.\n" + _GOES_EN,
        ),
    ),
    "C5": cause(
        "bookkeeper",
        (
            "Kundnumret tillhör någon annan i Fortnox",
            "[Kundnummer {number}|Kundnumret] är i Fortnox [{their_name} med organisationsnummer "
            "{theirs}|{their_name} utan organisationsnummer|ett företag], "
            "men i SmartDok [{our_name} med organisationsnummer {ours}|{our_name} utan organisationsnummer|ett "
            "annat]. Ingenting skrivs över.",
            "Är det samma kund: rätta organisationsnumret i det system där det är fel eller saknas, och välj Försök "
            "igen.\n"
            "Är det olika kunder: ge kunden ett annat nummer i SmartDok (Projekt/kunder → Kunder → Kundnummer).\n"
            "Välj Finns redan på posten i Byggbro om kunden i Fortnox ska användas som den är.",
        ),
        (
            "The customer number is somebody else's in Fortnox",
            "[Customer number {number}|The customer number] is [{their_name} with organisation number "
            "{theirs}|{their_name} without organisation number|one company] in "
            "Fortnox, but [{our_name} with organisation number {ours}|{our_name} without organisation number|another] "
            "in SmartDok. Nothing is overwritten.",
            "If it is the same customer: correct the organisation number in the system where it is wrong or missing, "
            "and choose Try again.\n"
            "If they differ: give the customer another number in SmartDok (Projekt/kunder → Kunder → Kundnummer).\n"
            "Choose Already there on the item in Byggbro to use the customer in Fortnox as it is.",
        ),
    ),
    # -- projects --------------------------------------------------------------------------------------------------
    "P1.no_number": cause(
        "site",
        (
            "Projekt utan nummer",
            "Projektet[ {name}] har inget projektnummer i SmartDok och lämnas utanför tills det får ett.",
            "SmartDok: Projekt/kunder → Projekt → öppna [{name}|projektet] → fyll i Projektnummer → Spara.\n"
            + _GOES_SV,
        ),
        (
            "Project without a number",
            "The project[ {name}] has no project number in SmartDok and is left out until it gets one.",
            "SmartDok: Projekt/kunder → Projekt → open [{name}|the project] → fill in Projektnummer → Spara.\n"
            + _GOES_EN,
        ),
    ),
    "P1.number_too_long": cause(
        "site",
        (
            "Projektnumret är för långt",
            "[Projektnummer {number}|Projektnumret] har [{length}|för många] tecken. Fortnox tar emot högst 20, och "
            "nummer kortas aldrig av "
            "Byggbro.",
            "SmartDok: Projekt/kunder → Projekt → öppna [{number}|projektet] → korta Projektnummer → Spara.\n"
            + _GOES_SV,
        ),
        (
            "The project number is too long",
            "[Project number {number}|The project number] has [{length}|too many] characters. Fortnox takes 20 at "
            "most, and Byggbro never cuts a "
            "number.",
            "SmartDok: Projekt/kunder → Projekt → open [{number}|the project] → shorten Projektnummer → Spara.\n"
            + _GOES_EN,
        ),
    ),
    "P1.double": cause(
        "site",
        (
            "Två projekt har samma nummer",
            "[Projektnummer {number}|Projektnumret] finns på fler än ett projekt i SmartDok. [Det andra är: {others}. "
            "]Inget av "
            "dem skickas.",
            "SmartDok: Projekt/kunder → Projekt → sök på [{number}|numret].\nGe det ena ett annat nummer.\n" + _GOES_SV,
        ),
        (
            "Two projects share a number",
            "[Project number {number}|The project number] is on more than one project in SmartDok. [The other is: "
            "{others}. ]Neither is sent.",
            "SmartDok: Projekt/kunder → Projekt → search for [{number}|the number].\nGive one of them another number.\n"
            + _GOES_EN,
        ),
    ),
    "P2": cause(
        "site",
        (
            "Projektet saknar startdatum",
            "[Projekt {number} {name}|Projekt {number}|Projektet {name}|Projektet] har inget startdatum i SmartDok, "
            "och utan det tar Fortnox inte emot projektet.",
            "SmartDok: Projekt/kunder → Projekt → öppna [{number}|projektet] → Tid och kostnad → fyll i Startdatum → "
            "Spara.\n" + _GOES_SV,
        ),
        (
            "The project has no start date",
            "[Project {number} {name}|Project {number}|The project {name}|The project] has no start date in SmartDok, "
            "and Fortnox takes no project without one.",
            "SmartDok: Projekt/kunder → Projekt → open [{number}|the project] → Tid och kostnad → fill in Startdatum "
            "→ Spara.\n" + _GOES_EN,
        ),
    ),
    "P3.absence": cause(
        "",
        (
            "Frånvaroprojekt",
            "[Projekt {number}|Projektet] är ett frånvaroprojekt. Sådana skickas aldrig till Fortnox.",
            _MEANT_SV,
        ),
        (
            "Absence project",
            "[Project {number}|The project] is an absence project. Those are never sent to Fortnox.",
            _MEANT_EN,
        ),
        awaited="site",
    ),
    "P3.order": cause(
        "",
        (
            "Order",
            "[Projekt {number}|Projektet] är en order. Ordrar skickas bara om företaget har slagit på det.",
            _MEANT_SV + " Ska ordrar med: Byggbro: Flöden → Projekt → Överför även ordrar.",
        ),
        (
            "Order",
            "[Project {number}|The project] is an order. Orders are sent only if the company has switched that on.",
            _MEANT_EN + " To include orders: Byggbro: Pipelines → Projects → Transfer orders too.",
        ),
        awaited="bookkeeper",
    ),
    "P5": cause(
        "bookkeeper",
        (
            "Projektredovisning är avstängd i Fortnox",
            "Fortnox tar inte emot projekt: projektredovisning är inte påslagen. Alla projekt väntar, inget går "
            "förlorat.",
            "Fortnox: Inställningar → Bokföring → Kostnadsställe/projekt → slå på Projekt → Spara.\n"
            "Byggbro provar igen var tionde minut och fortsätter av sig självt.",
        ),
        (
            "Project accounting is off in Fortnox",
            "Fortnox takes no projects: project accounting is not switched on. All projects wait, nothing is lost.",
            "Fortnox: Inställningar → Bokföring → Kostnadsställe/projekt → switch on Projekt → Spara.\n"
            "Byggbro tries again every ten minutes and goes on by itself.",
        ),
    ),
    # -- articles --------------------------------------------------------------------------------------------------
    "A1.no_number": cause(
        "",
        (
            "Artikel utan nummer",
            "[{name}|Varan eller maskinen] har inget nummer i SmartDok och kan därför inte bli en artikel i Fortnox.",
            "Ska den användas på fakturor: SmartDok → Varor eller Maskiner → öppna [{name}|den] → fyll i numret → "
            "Spara.",
        ),
        (
            "Article without a number",
            "[{name}|The article or machine] has no number in SmartDok, so it cannot become an article in Fortnox.",
            "To use it on invoices: SmartDok → Varor or Maskiner → open [{name}|it] → fill in the number → Spara.",
        ),
    ),
    "A2.not_needed": cause(
        "",
        (
            "Behövs inte än",
            "[Artikel {number}|Artikeln] finns bara i SmartDok. Den skapas i Fortnox när en faktura behöver den.",
            _MEANT_SV + " Ska hela registret med: Byggbro: Flöden → Artiklar → Håll hela artikelregistret i takt.",
        ),
        (
            "Not needed yet",
            "[Article {number}|The article] is in SmartDok only. It is made in Fortnox when an invoice needs it.",
            _MEANT_EN
            + " For the whole register: Byggbro: Pipelines → Articles → Keep the whole article register in step.",
        ),
    ),
    "A2.inactive": cause(
        "",
        ("Inaktiv artikel", "[Artikel {number}|Artikeln] är inaktiv i SmartDok och skapas inte i Fortnox.", _MEANT_SV),
        (
            "Inactive article",
            "[Article {number}|The article] is inactive in SmartDok and is not made in Fortnox.",
            _MEANT_EN,
        ),
    ),
    "A3": cause(
        "site",
        (
            "Artikelnumret är dubbelt",
            "[Nummer {number}|Numret] finns på fler än en vara eller maskin i SmartDok. [Den andra är: {others}. ]"
            "Fakturarader med "
            "numret skickas utan artikelnummer.",
            "SmartDok: Varor och Maskiner → sök på [{number}|numret] → ge den ena ett annat nummer → Spara.\n"
            + _GOES_SV,
        ),
        (
            "The article number is double",
            "[Number {number}|The number] is on more than one of the goods and machines in SmartDok. [The other is: "
            "{others}. ]"
            "Invoice rows with that number go without an article number.",
            "SmartDok: Varor and Maskiner → search for [{number}|the number] → give one of them another number → "
            "Spara.\n" + _GOES_EN,
        ),
    ),
    "A4": cause(
        "bookkeeper",
        (
            "Två enheter får samma kod i Fortnox",
            "Enheten[ {unit}] är längre än de 20 tecken som en kod får ha i Fortnox[, och koden {code} står redan för "
            "{taken}].",
            "Byggbro: Mappade värden → lägg till enheten. Typ: unit (enhet). Värde i SmartDok: [{unit}|enheten där]. "
            "Värde i Fortnox: en kod som finns där.\n"
            "Eller SmartDok: ge enheten ett kortare namn.\n" + _GOES_SV,
        ),
        (
            "Two units get the same code in Fortnox",
            "The unit[ {unit}] is longer than the 20 characters of a code in Fortnox[, and the code {code} already "
            "stands for {taken}].",
            "Byggbro: Mapped values → add the unit. Kind: unit. Value in the source: [{unit}|the unit in SmartDok]. "
            "Value in the target: a code that Fortnox has.\n"
            "Or SmartDok: give the unit a shorter name.\n" + _GOES_EN,
        ),
    ),
}
