"""Every cause that the code can raise has an explanation in both languages, and figures never raise."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest
from django.utils import translation

from integration import errors
from integration.registry import systems
from integration.systems.fortnox.errors import CODES
from integration.systems.smartdok.errors import NAMES
from sync.explain import CAUSES, Explanation, explain, explain_one
from sync.flows.base import flows

ROOT = Path(__file__).parents[2]
WHO = {"bookkeeper", "site", "operator", ""}
RULE = r"[A-Z]\d{1,2}(?:\.\w+)?"
WORDS = r"internal|gone|redis|throttle"
CAUSE = re.compile(
    rf"(?:{RULE}|{WORDS}|(?:http|document|data|connection|manual|setup|preflight|fortnox|smartdok)\.\w+)"
)
NOTES = ROOT.parent / "shared" / "specs" / "fortnox-notes.md"
NOTED = {
    2000359, 2000401, 2000423, 2000588, 2000600, 2000637, 2000947, 2001101, 2001103, 2001304, 2004167, 2004217, 2004218,
}  # fmt: skip
FAULTS = {name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, errors.Fault)}
# What these expressions can be is listed below, or told in the vendor's own words.
COMPUTED = {
    "http.{}xx": ["http.5xx"],
    "{}.token_unavailable": [f"{name}.token_unavailable" for name in ("fortnox", "smartdok")],
    "{}.client_refused": ["fortnox.client_refused"],
    "{}.consent_gone": ["fortnox.consent_gone"],
    "fortnox.{}": [],
    "smartdok.http_{}": [],
}


def _sources() -> list[Path]:
    folders = [ROOT / "integration", ROOT / "sync"]
    files = [path for folder in folders for path in folder.rglob("*.py")]
    return [path for path in files if not {"explain", "migrations"} & set(path.parts)]


def _raised() -> dict[str, str]:
    """Cause → where it stands: first arguments that look like one, and arguments named `cause`."""
    found: dict[str, str] = {}
    for path in _sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or (isinstance(node.func, ast.Name) and node.func.id == "Note"):
                continue
            named = [each.value for each in node.keywords if each.arg == "cause"]
            for argument in [*node.args[:1], *named]:
                for text in _texts(argument, node):
                    found[text] = f"{path.relative_to(ROOT)}:{node.lineno}"
    return found


def _texts(argument: ast.expr, call: ast.Call) -> list[str]:
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return [argument.value] if CAUSE.fullmatch(argument.value) else []
    is_fault = isinstance(call.func, ast.IfExp) or (isinstance(call.func, ast.Name) and call.func.id in FAULTS)
    if is_fault and isinstance(argument, ast.JoinedStr):
        shape = "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in argument.values)
        return COMPUTED[shape]
    return []


def _tabled() -> dict[str, str]:
    """Causes of the vendors' error tables."""
    found = {make(f"fortnox.{code}", method="GET").cause: f"Fortnox code {code}" for code, make in CODES.items()}
    return found | {f"smartdok.{name}": f"SmartDok error {name}" for name in NAMES}


EVERY = {**_raised(), **_tabled()}


def test_the_walk_finds_what_it_should():
    assert {"C2", "I3.gone", "fortnox.2000401", "http.5xx", "document.too_large", "internal", "gone"} <= set(EVERY)
    assert len(EVERY) >= 40
    assert set(systems) == {"fortnox", "smartdok"}


@pytest.mark.parametrize("cause", sorted(EVERY))
@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_cause_has_an_explanation(cause, language):
    told = explain(cause, {"problem": "length"} if cause == "G5" else {}, language)
    fallback = explain("nobody.wrote_this", {}, language)
    assert told.title and told.what and told.to_do, EVERY[cause]
    assert told.title.replace("Fortnox", "").replace("SmartDok", "") != fallback.title.replace("nobody", ""), (
        f"{cause} ({EVERY[cause]}) has no explanation"
    )
    assert told.who in WHO
    assert not re.search(r"[{}]", told.what + told.to_do + told.title)


@pytest.mark.parametrize("cause", [*sorted(CAUSES), "fortnox.2009999", "visma.x", "something", ""])
@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_cause_of_which_nothing_is_known_is_told_in_whole_sentences(cause, language):
    told = explain(cause, {}, language)
    for text in (told.title, told.what, *told.steps):
        assert not re.search(r"[{}\[\]|]|None|–|\*|  | [.,;:)]|\( ?\)|→ ?[→.]|[,:;(→]$|^ | $", text), text
        assert text[0].isupper() or told.title.startswith("visma"), text
    for text in (told.what, *told.steps):
        assert re.search(r"[.)]$", text), text
    assert told.awaited in WHO


# What is told beside the field or the button itself, or about any kind of record.
NO_PLACE = {"data.unreadable", "manual.lies_there", "manual.not_found", "manual.taken", "setup.other_company",
            "fortnox.404"}  # fmt: skip


@pytest.mark.parametrize("cause", sorted(set(CAUSES) - NO_PLACE))
@pytest.mark.parametrize("language", ["sv", "en"])
def test_whoever_must_act_is_told_where_to_click(cause, language):
    told = explain(cause, {}, language)
    if told.who in {"bookkeeper", "site"}:
        assert "→" in told.to_do
        assert told.who != "site" or "SmartDok" in told.to_do
        assert told.who != "bookkeeper" or re.search("Fortnox|Byggbro", told.to_do)


@pytest.mark.parametrize("cause", sorted(CAUSES))
def test_what_is_told_without_a_figure_is_no_sentence_within_another(cause):
    for text in (CAUSES[cause].sv, CAUSES[cause].en):
        for each in (text.title, text.what, text.to_do):
            assert not re.search(r"[\[\]|]", re.sub(r"\[[^\[\]]*\{\w+\}[^\[\]]*\]", "", each)), each


@pytest.mark.parametrize("cause", sorted(CAUSES))
def test_both_languages_name_the_same_figures(cause):
    found = CAUSES[cause]
    for field in ("title", "what", "to_do"):
        named = [set(re.findall(r"\{(\w+)\}", getattr(each, field))) for each in (found.sv, found.en)]
        assert named[0] == named[1], field


@pytest.mark.parametrize("code", sorted(NOTED))
def test_every_code_of_the_notes_has_a_text_of_its_own(code):
    assert f"fortnox.{code}" in CAUSES


def test_the_notes_name_no_other_codes():
    if not NOTES.exists():
        pytest.skip("the notes on the vendors lie beside the project, in ../shared")
    text = NOTES.read_text(encoding="utf-8")
    assert {int(code) for code in re.findall(r"(?<!\w)(?:1000|200\d)\d{3}(?!\w)", text)} == NOTED


def test_at_least_forty_causes():
    assert len(CAUSES) >= 40


def test_P2_says_where_the_start_date_is_entered():
    told = explain("P2", {"number": "P7", "name": "Badhuset"}, "sv")
    assert told.what.startswith("Projekt P7 Badhuset har inget startdatum")
    assert told.what.endswith("(regel P2)")
    assert told.who == "site"
    assert "Projekt/kunder → Projekt → öppna P7 → Tid och kostnad → fyll i Startdatum" in told.to_do


def test_the_active_language_is_used_and_swedish_without_one():
    with translation.override("en"):
        assert explain("I4", {}).title == "The invoice has no customer"
    with translation.override("sv"):
        assert explain("I4", {}).title == "Fakturan saknar kund"
    with translation.override(None):
        assert explain("I4", {}).title == "Fakturan saknar kund"


def test_unreadable_data_names_each_field_and_its_problem():
    problems = {"problems": {"Rad 3, Pris": "ska vara ett tal", "Kundnummer": "saknas"}}
    assert "Rad 3, Pris: ska vara ett tal; Kundnummer: saknas" in explain("data.unreadable", problems, "sv").what
    assert "Row 3, Pris: must be a number; Kundnummer: is missing" in explain("data.unreadable", problems, "en").what


def test_I5_names_what_it_waits_for_with_state_and_cause_in_words():
    params = {"names": ["kund 1001 Bygg AB (pending)", "projekt P7 Badhuset (stopped, P2)"]}
    told = explain("I5", params, "sv")
    assert "kund 1001 Bygg AB (ska överföras), projekt P7 Badhuset (stoppad: Projektet saknar startdatum)" in told.what
    english = explain("I5", params, "en").what
    assert "customer 1001 Bygg AB (to be sent), project P7 Badhuset (stopped: The project has no start date)" in english


def test_S3_names_the_projects():
    told = explain("S3.unknown_project", {"projects": ["4711", "4712"]}, "sv")
    assert "projekt 4711, 4712, som inte finns" in told.what


def test_G5_tells_each_problem_with_the_field_in_words():
    params = {"field": "Rad 2, ArticleNumber", "problem": "length", "value": "X" * 60, "limit": 50}
    told = explain("G5", params, "sv")
    assert told.what.startswith("Rad 2, artikelnummer " + "X" * 60 + " är längre än de 50 tecken")
    assert told.what.endswith("(regel G5)")
    other = explain("G5", {**params, "problem": "characters", "characters": "<"}, "sv")
    assert other.title.startswith("Numret har tecken")


def test_a_vendor_code_carries_the_rule_behind_it():
    assert explain("fortnox.2000401", {}, "sv").what.endswith("(regel I9)")
    assert explain("fortnox.2000637", {}, "en").what.endswith("(rule C6)")


def test_an_unknown_vendor_code_is_told_in_the_vendors_words():
    told = explain("fortnox.2009999", {"code": 2009999, "message": "Något är fel"}, "sv")
    assert told == Explanation(
        "Fortnox svarade: Något är fel.", "operator", told.to_do, "Fortnox tog inte emot posten", "fortnox.2009999"
    )
    assert explain("visma.x", {"message": "No"}, "en").what == "visma answered: No."
    assert explain("something", None, "en").details == "something"
    assert explain("visma.x", {"message": "No."}, "en").what == "visma answered: No."


def test_one_of_many_is_told_as_an_example_that_says_which():
    rows = {"rows": 501, "most": 500}
    alone = explain_one(("F7", "Bygg AB"), 1, "I6.too_many_rows", rows, "sv").what
    assert alone.startswith("F7 Bygg AB: Fakturan har 501 rader.")
    many = explain_one(("F7", "Bygg AB"), 3, "I6.too_many_rows", rows, "sv").what
    assert many.startswith("T.ex. F7 Bygg AB: Fakturan har 501 rader.")
    assert explain_one(("F7", ""), 3, "I6.too_many_rows", rows, "en").what.startswith("For example: F7: The invoice")


def test_a_text_that_names_the_item_itself_does_so_once():
    told = explain_one(("P7", "Badhuset"), 1, "P2", {}, "sv").what
    assert told.startswith("Projekt P7 Badhuset har inget startdatum")
    other = explain_one(("12", "Leverantör"), 1, "S3.double_project", {"number": "P7", "others": ["X"]}, "sv").what
    assert other.startswith("12 Leverantör: Projektnummer P7 finns på flera projekt")


def test_a_text_that_is_the_same_for_all_names_none():
    assert explain_one(("F7", "Bygg AB"), 3, "I4", {}, "sv") == explain("I4", {}, "sv")


def test_no_cause_is_told_in_two_places():
    tables = [import_module(f"sync.explain.{path.stem}").CAUSES for path in (ROOT / "sync/explain").glob("causes_*.py")]
    assert len(CAUSES) == sum(len(table) for table in tables)


def test_what_a_flow_suspects_is_told():
    assert {each.suspicion for each in flows()} - {"", *CAUSES} == set()


def test_causes_of_every_system_need_no_text_of_their_own():
    told = explain("visma.consent_gone", {"error": "invalid_grant"}, "en")
    assert told.what == "visma does not let us in: the consent was withdrawn or has expired."
    assert told.details == "visma.consent_gone · invalid_grant"
    why = explain("smartdok.token_unavailable", {"why": "http.timeout"}, "sv").what
    assert why == "SmartDok ger just nu inget svar på inloggningen (Svaret dröjde för länge)."


def test_sizes_are_told_in_megabytes():
    told = explain("document.too_large", {"size": 52428800, "largest": 26214400}, "sv")
    assert told.what == "Filen är 50,0 MB. Byggbro skickar filer upp till 25,0 MB. (regel S6)"


def test_a_figure_that_is_missing_is_left_out_with_its_words():
    told = explain("C4", {"number": "1001"}, "sv")
    assert told.what.startswith("Kundnummer 1001 finns på fler än en kund i SmartDok. Ingen av dem skickas.")
    assert explain("C4", {}, "sv").steps[0] == "SmartDok: Projekt/kunder → Kunder → sök på numret."
    theirs = {"number": "1", "their_name": "A AB", "our_name": "B AB", "ours": "556677-8899"}
    what = explain("C5", theirs, "sv").what
    assert "A AB utan organisationsnummer, men i SmartDok B AB med organisationsnummer 556677-8899." in what
    assert explain("manual.not_found", {}, "en").what.startswith("The other system has nothing with that number.")
    assert "[: x]|{y}" in explain("fortnox.1000003", {"message": "[: x]|{y}"}, "en").what


def test_odd_params_never_raise():
    for params in ({"number": None, "others": []}, {"others": {"a": [1]}}, {"number": "{x}"}, {"problem": 7}):
        for cause in CAUSES:
            assert explain(cause, params, "sv").what


@pytest.mark.parametrize("cause", sorted(set(CAUSES) - {"A4"}))  # a unit's code is no fault's
def test_what_happened_is_told_without_codes_and_addresses(cause):
    params = {"code": 2000637, "status": 403, "method": "POST", "path": "/3/customers", "error": "invalid_grant"}
    told = explain(cause, params, "sv")
    assert not re.search(r"2000637|403|POST|/3/customers|invalid_grant|PUBLIC_URL|\bid\b", told.what)
    if not re.match(r"[A-Z]\d", cause):
        assert told.details == f"{cause} · POST /3/customers · 403 · invalid_grant"


def test_C4_names_the_other_without_its_id_which_stands_among_the_details():
    told = explain("C4", {"number": "1001", "others": ["Lövåsen AB (id 2040003)"]}, "sv")
    assert "Lövåsen AB. " in told.what
    assert told.details == "C4 · Lövåsen AB (id 2040003)"
    assert explain("I4", {}).details == ""


def test_a_sentence_begins_with_a_capital_letter():
    params = {"field": "ProjectNumber", "problem": "characters", "value": "2013|B", "characters": "|"}
    told = explain("G5", params, "sv")
    assert told.what.startswith("Projektnummer 2013|B innehåller")
