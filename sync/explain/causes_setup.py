"""Causes that only a set-up meets."""

from sync.explain.cause import Cause, cause

CAUSES: dict[str, Cause] = {
    "setup.company_taken": cause(
        "operator",
        (
            "Företaget används redan",
            "Det här företaget i {system} är redan kopplat till ett annat företag i Byggbro. Ingenting har ändrats.",
            "Kontrollera att du valde rätt företag i {system}.\nÄr det rätt: kontakta den som skickade startlänken.",
        ),
        (
            "The company is in use already",
            "This company in {system} is connected to another company in Byggbro already. Nothing was changed.",
            "Make sure that you chose the right company in {system}.\n"
            "If it is right: ask whoever sent the set-up link.",
        ),
    ),
    "setup.no_projects": cause(
        "bookkeeper",
        (
            "Är projektredovisning påslagen?",
            "{system} har inte ett enda projekt. Om projektredovisning inte är påslagen tar {system} inte emot några.",
            "Fortnox: Inställningar → Bokföring → Kostnadsställe/projekt → kontrollera att Projekt är påslaget.",
        ),
        (
            "Is project accounting switched on?",
            "{system} has not a single project. If project accounting is not switched on, {system} takes none.",
            "Fortnox: Inställningar → Bokföring → Kostnadsställe/projekt → make sure that Projekt is switched on.",
        ),
        rule="P5",
    ),
    "setup.other_company": cause(
        "site",
        (
            "Nyckeln hör till ett annat företag",
            "Nyckeln hör till ett annat företag i {system} än det som Byggbro har överfört för hittills. "
            "Ingenting har ändrats.",
            "Logga in i rätt företag i {system} och skapa nyckeln där.\n"
            "Ska ni byta företag: kontakta den som skickade startlänken.",
        ),
        (
            "The token is another company's",
            "The token belongs to another company in {system} than the one that Byggbro has transferred for so far. "
            "Nothing was changed.",
            "Log in to the right company in {system} and make the token there.\n"
            "If you mean to change company: ask whoever sent the set-up link.",
        ),
    ),
}
