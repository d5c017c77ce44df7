"""Causes of the way there: network, access, our own machinery. Most of them heal by themselves."""

from sync.explain.cause import Cause, cause

_HEALS_SV = "Ingenting behöver göras: Byggbro försöker igen av sig självt."
_HEALS_EN = "Nothing needs to be done: Byggbro tries again by itself."
_OPERATOR_SV = "Kontakta Byggbros drift[ och uppge {code}]."
_OPERATOR_EN = "Ask the operator of Byggbro[ and quote {code}]."

CAUSES: dict[str, Cause] = {
    "http.429": cause(
        "",
        (
            "För många anrop",
            "Det andra systemet bad oss vänta: för många anrop på kort tid.",
            _HEALS_SV,
        ),
        ("Too many requests", "The other side asked us to wait: too many requests in a short time.", _HEALS_EN),
    ),
    "throttle": cause(
        "",
        (
            "Väntar på sin tur",
            "Byggbro gör inte fler anrop än SmartDok och Fortnox tillåter, så posten väntar på sin tur.",
            _HEALS_SV,
        ),
        (
            "Waits its turn",
            "Byggbro stays below the number of requests that the other side allows, so this waits its turn.",
            _HEALS_EN,
        ),
    ),
    "connection.renewing": cause(
        "",
        (
            "Inloggningen dröjer",
            "Inloggningen i det andra systemet svarar långsamt eller inte alls just nu.",
            _HEALS_SV,
        ),
        ("The log-in takes long", "The other side's log-in answers slowly or not at all right now.", _HEALS_EN),
    ),
    "http.5xx": cause(
        "",
        (
            "Fel i det andra systemet",
            "Det andra systemets server svarade med ett fel.",
            _HEALS_SV + " Om felet håller i sig mer än några timmar: se driftinformationen för SmartDok eller Fortnox.",
        ),
        (
            "Fault on the other side",
            "The other side's server answered with a fault.",
            _HEALS_EN + " If it lasts for more than a few hours: see the status page of SmartDok or Fortnox.",
        ),
    ),
    "clock.in_vain": cause(
        "operator",
        (
            "Försöken går inte igenom",
            "[Sedan {since} har Byggbro försökt upp till {times} gånger|Byggbro har försökt många gånger] och "
            "fortsätter, "
            "men det andra systemet svarar varje gång med ett fel. När ett försök går igenom är problemet löst.",
            "Se efter om SmartDok eller Fortnox har driftstörningar.\n"
            "Är allt annat i ordning: kontakta Byggbros drift, som ser varje svar under Försök.",
        ),
        (
            "Trying is in vain",
            "[Since {since} Byggbro has tried up to {times} times|Byggbro has tried many times] and goes on, but the "
            "other "
            "side answers with a fault each time. When it gets through, this closes by itself.",
            "See whether SmartDok or Fortnox has trouble.\n"
            "If all else is well: ask the operator of Byggbro, who sees every answer under Attempts.",
        ),
    ),
    "http.timeout": cause(
        "",
        (
            "Svaret dröjde för länge",
            "Det andra systemet svarade inte i tid. Byggbro letar efter det skickade innan något skickas igen.",
            _HEALS_SV,
        ),
        (
            "The answer took too long",
            "The other side did not answer in time. Byggbro looks for what was sent before sending again.",
            _HEALS_EN,
        ),
    ),
    "http.reset": cause(
        "",
        (
            "Förbindelsen bröts",
            "Förbindelsen bröts. Byggbro letar efter det skickade innan något skickas igen.",
            _HEALS_SV,
        ),
        (
            "The line broke",
            "The line broke. Byggbro looks for what was sent before sending again.",
            _HEALS_EN,
        ),
    ),
    "http.truncated": cause(
        "",
        (
            "Svaret kom inte fram i sin helhet",
            "Svaret bröts av. Byggbro letar efter det skickade innan något skickas igen.",
            _HEALS_SV,
        ),
        (
            "Half an answer",
            "The answer was cut off. Byggbro looks for what was sent before sending again.",
            _HEALS_EN,
        ),
    ),
    "http.not_json": cause(
        "",
        (
            "Svaret gick inte att läsa",
            "Svaret hade inte det format som det ska ha.",
            _HEALS_SV,
        ),
        (
            "The answer could not be read",
            "The answer was not in the promised format.",
            _HEALS_EN,
        ),
    ),
    "http.unreachable": cause(
        "",
        (
            "Det andra systemet går inte att nå",
            "[{host}|Det andra systemet] går inte att nå just nu. Ingenting har skickats.",
            _HEALS_SV + " Om det håller i sig: kontrollera adressen på anslutningen.",
        ),
        (
            "The other side cannot be reached",
            "[{host}|The other system] cannot be reached now. Nothing has been sent.",
            _HEALS_EN + " If it lasts: check the address of the connection.",
        ),
    ),
    "http.bad_address": cause(
        "operator",
        (
            "Adressen är ingen webbadress",
            "Anslutningens adress[ {host}] går inte att anropa.",
            "Rätta adressen på anslutningen.",
        ),
        (
            "The address is no web address",
            "The connection's address[ {host}] cannot be called.",
            "Correct it on the connection.",
        ),
    ),
    "redis": cause(
        "operator",
        (
            "Redis går inte att nå",
            "Byggbros minne för anropstakten (Redis) går inte att nå. Inget går förlorat.",
            "Byggbros drift: starta Redis eller rätta REDIS_URL.\nPosterna överförs sedan automatiskt.",
        ),
        (
            "Redis cannot be reached",
            "Byggbro's memory for the request rate (Redis) cannot be reached. Nothing is lost.",
            "The operator of Byggbro: start Redis or correct REDIS_URL.\nThe items then go by themselves.",
        ),
    ),
    "internal": cause(
        "operator",
        (
            "Fel i Byggbro",
            "Ett oväntat fel uppstod i Byggbro. Inget skickas igen förrän någon har tittat på det.",
            "Byggbros drift: sök [referensen {reference}|felet] i loggen.\nVälj Försök igen när felet är rättat.",
        ),
        (
            "Fault in Byggbro",
            "Byggbro went wrong in a way that was not foreseen. Nothing is sent again until somebody has looked.",
            "The operator of Byggbro: search the log for [the reference {reference}|the fault].\n"
            "Choose Try again once the fault is mended.",
        ),
    ),
    "connection.missing": cause(
        "operator",
        (
            "Anslutning saknas",
            "Företaget har ingen anslutning till {system}.",
            "Byggbro: Företag → öppna företaget → lägg till anslutningen till {system} och fyll i uppgifterna.",
        ),
        (
            "No connection",
            "The company has no connection to {system}.",
            "Byggbro: Companies → open the company → add the connection to {system} and fill in its fields.",
        ),
    ),
    "connection.paused": cause(
        "",
        (
            "Anslutningen är pausad",
            "Någon har pausat anslutningen till {system}.",
            "Den återupptas när någon väljer Fortsätt överföringarna i Byggbro.",
        ),
        (
            "The connection is paused",
            "Somebody has paused the connection to {system}.",
            "It goes on when somebody chooses Resume the transfers in Byggbro.",
        ),
    ),
    # -- by hand ---------------------------------------------------------------------------------------------------
    "manual.left_out": cause(
        "",
        (
            "Lämnad utanför för hand",
            "[{actor}|Någon] har valt att posten inte ska överföras[: {note}|.]",
            "Välj Försök igen på posten om den ändå ska överföras.",
        ),
        (
            "Left out by hand",
            "[{actor}|Somebody] chose not to transfer this[: {note}|.]",
            "Choose Try again on the item if it is to be transferred after all.",
        ),
        awaited="bookkeeper",
    ),
    "manual.not_found": cause(
        "bookkeeper",
        (
            "Numret finns inte",
            "{system} har inget med [numret {number}|det numret]. Ingenting har ändrats.",
            "Kontrollera numret i {system} och ange det på nytt.",
        ),
        (
            "No such number",
            "{system} has nothing with [the number {number}|that number]. Nothing was changed.",
            "Check the number in {system} and give it again.",
        ),
    ),
    "manual.taken": cause(
        "bookkeeper",
        (
            "Numret hör till en annan post",
            "[Nummer {number}|Numret] hör redan till [{others}|en annan post]. Ingenting har ändrats.",
            "Kontrollera numret och ange det på nytt.",
        ),
        (
            "The number belongs to another item",
            "[Number {number}|The number] already belongs to [{others}|another item]. Nothing was changed.",
            "Check the number and give it again.",
        ),
    ),
    "manual.unanswered": cause(
        "",
        (
            "Svaret saknas ännu",
            "Posten[ {number}] har skickats till {system} utan att något svar kom. Den kan redan ligga där. "
            "Ingenting har ändrats.",
            "Vänta en minut: Byggbro letar efter den av sig självt.\nVälj Försök igen om ingenting händer.",
        ),
        (
            "There is no answer yet",
            "[Item {number}|The item] was sent to {system} and no answer came. It may lie there already. "
            "Nothing has been changed.",
            "Wait a minute: Byggbro looks for it by itself.\nChoose Try again if nothing happens.",
        ),
    ),
    "manual.lies_there": cause(
        "bookkeeper",
        (
            "Den ligger redan i {system}",
            "Posten kom fram till {system}[ som nummer {number}], fast svaret gick förlorat. Ingenting har ändrats.",
            "Välj Försök igen, så kopplas posten till det numret.",
        ),
        (
            "It lies in {system} already",
            "The item arrived in {system}[ as number {number}], although the answer was lost. Nothing has been "
            "changed.",
            "Choose Try again, and the item is tied to that number.",
        ),
    ),
    "dry_run.lost": cause(
        "",
        (
            "Provkörningen blev aldrig klar",
            "Den avbröts, och ingenting har skickats eller ändrats.",
            "Starta en ny provkörning.",
        ),
        (
            "The dry run never ended",
            "It was broken off, and nothing was sent or changed.",
            "Start a new dry run.",
        ),
    ),
    "manual.busy": cause(
        "",
        (
            "Posten överförs just nu",
            "Posten[ {number}] överförs eller ändrades just nu. Ingenting har ändrats.",
            "Vänta en minut och försök igen.",
        ),
        (
            "The item is being sent",
            "The item[ {number}] is being sent or was changed just now. Nothing was changed.",
            "Wait a minute and try again.",
        ),
    ),
    # -- tokens, of every system that has them ---------------------------------------------------------------------
    "*.token_unavailable": cause(
        "",
        (
            "Inloggningen svarar inte",
            "{system} ger just nu inget svar på inloggningen[ ({why})].",
            _HEALS_SV,
        ),
        ("The log-in does not answer", "{system} gives no answer to the log-in now[ ({why})].", _HEALS_EN),
    ),
    "*.client_refused": cause(
        "operator",
        (
            "Byggbros egen inloggning nekas",
            "{system} känner inte igen Byggbro som program. Det gäller alla företag.",
            "Kontrollera FORTNOX_CLIENT_ID och FORTNOX_CLIENT_SECRET mot utvecklarportalen.\n"
            "Kontrollera att servicekonton är tillåtna för programmet där.\n"
            "Byggbro: Anslutningar → Kontrollera nu.",
        ),
        (
            "Byggbro's own log-in is refused",
            "{system} does not know Byggbro as a program. This concerns all companies.",
            "Check FORTNOX_CLIENT_ID and FORTNOX_CLIENT_SECRET against the developer portal.\n"
            "Check that the program may use service accounts there.\n"
            "Byggbro: Connections → Check now.",
        ),
    ),
    "*.consent_gone": cause(
        "bookkeeper",
        (
            "Godkännandet i {system} gäller inte längre",
            "{system} släpper inte in oss: godkännandet är återkallat eller har gått ut.",
            "Byggbro: Anslutningar → {system} → Anslut igen.\n"
            "Logga in som systemadministratör i {system} och välj Godkänn.\n"
            "Allt som väntar överförs sedan automatiskt.",
        ),
        (
            "The consent in {system} has ended",
            "{system} does not let us in: the consent was withdrawn or has expired.",
            "Byggbro: Connections → {system} → Connect again.\n"
            "Log in as system administrator in {system} and choose Godkänn.\n"
            "All that waits then goes by itself.",
        ),
    ),
}
