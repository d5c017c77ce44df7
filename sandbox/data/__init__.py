"""Demo data: two Swedish construction companies, in SmartDok and in Fortnox, made by dice that always fall the same
way.

`generate(seed, today)` gives the same companies for the same arguments, but for the ids of files, which Fortnox draws.
Each company has 60 customers, 40 projects, 120 goods, 25 machines, 30 invoices with 3 to 40 rows, and in Fortnox 10
suppliers with 25 invoices and their PDFs. Times are counted back from `today`; with go-live at `go_live(today)` (30
days before) almost everything is transferred. Each company has every trouble of the rules at least once:

| rule | planted | expected in a first pass |
|---|---|---|
| C2 | customer without number | left out with the reason |
| C3 | private person with and without personal number; company | created as PRIVATE, PRIVATE, COMPANY |
| C4 | two customers with number 1001 | both stopped, each names the other |
| C5 | number 1002 in Fortnox with another organisation number | stopped: adopt or leave |
| C6 | number 1004 burnt in Fortnox | stopped (2000637), not retried |
| C6 | customer 1005 deactivated | updated: Active false |
| G4 | customer 1003 with VATType, terms and price list set by hand | updated, those three untouched |
| G5 | customer 1009 with `"`, `<`, `>`, tab, emoji, `{`, `|` | created, characters replaced, e-mail left out, noted |
| G5 | customer 1010 with a postcode of 17 characters and a name of 200 | created, postcode cut, noted |
| G5 | customer number `1012[A]`, project number `2013|B` | stopped: a number is refused, never altered |
| G2 | customer `1011  `, project `2007   ` (in Fortnox already), project `2008 ` | updated, updated, created |
| G2 | project number `2026/14` | created, encoded in the URL |
| G3 | projects `2012` and `2012 ` | both stopped |
| P2 | project 2001 without start date | stopped, says where to enter it |
| P3 | absence project 2002, order 2003 | left out (an order is not even listed by default) |
| P4 | project 2004 finished, 2005 inactive, 2006 in the future | COMPLETED, COMPLETED, NOTSTARTED |
| G5 | project names of 62 and 51 characters, description of 590; inch marks | created, cut and noted |
| A2 | rows with articles that Fortnox lacks (inactive ones among them) and one that it has | created; 4006 untouched |
| A3 | numbers doubled in consumption, in production, with a machine | invoice created, rows without number, warning |
| A4 | unit `lass` missing in Fortnox; unit `dygn` known by description | unit made; code `D` used |
| I1 | two drafts | not sent |
| I4 | invoice without customer | stopped |
| I5 | customer without number, customer double, project without start date, project not listed | waiting, named |
| I6 | text rows, negative quantity, rows without text, rows on several projects | created |
| I6 | invoice with 0 rows, with 501 rows | stopped |
| I7 | row discounts in percent (Östanbygg) or kronor (Maltes), surcharge, discount on the whole | created, to the öre |
| I7 | a row whose Sum no reading reproduces | stopped with both figures |
| I10 | credited before it was ever sent | left out (the rules speak only of a credit after the transfer) |
| G9 | three invoices finalised 31, 64 and 118 days ago; a supplier invoice dated 50 days ago | left out |
| S2 | two unbooked supplier invoices, one cancelled | left out |
| S3 | no project; project 9901 that SmartDok lacks | left out; waiting for 9901 |
| S4 | rows on two projects, project on the header only, project inactive in SmartDok | created, split |
| S4 | credit note, freight and rounding, reverse charge (CND/CNC), euro (PRD/PRC) | created, to the öre |
| S5 | invoice number 1001 of two suppliers; a paid one | created by GivenNumber; Paid |
| S6 | a PDF that is none; no file at all | document stopped; none. The invoices are created |
| S7 | two files; a PNG (Östanbygg) or TIFF (Maltes) only | first PDF sent; picture kept, not sent |

`DemoTenant.troubles` is the same list with ids.
"""

import datetime as dt
from dataclasses import dataclass
from random import Random

from sandbox import fortnox, smartdok
from sandbox.data import articles, customers, invoices, projects, purchases
from sandbox.data.build import Build, Trouble, go_live
from sandbox.data.start import FirstStart, first_start
from sandbox.data.tenants import FORTNOX_PORT, SMARTDOK_PORT, TENANTS, Tenant, credentials

__all__ = [
    "FORTNOX_PORT",
    "SMARTDOK_PORT",
    "TENANTS",
    "DemoTenant",
    "FirstStart",
    "Tenant",
    "Trouble",
    "credentials",
    "empty",
    "first_start",
    "generate",
    "go_live",
    "this_day",
]

# What a new company in Fortnox brings along; the others it makes itself.
FORTNOX_UNITS = {
    "st": "Styck",
    "tim": "Timmar",
    "m": "Meter",
    "m2": "Kvadratmeter",
    "m3": "Kubikmeter",
    "kg": "Kilogram",
    "ton": "Ton",
    "l": "Liter",
    "km": "Kilometer",
    "förp": "Förpackning",
}


@dataclass(frozen=True)
class DemoTenant:
    """One tenant's company at either vendor, and the troubles planted in them."""

    tenant: Tenant
    smartdok: smartdok.Company
    fortnox: fortnox.Company
    troubles: tuple[Trouble, ...] = ()


def empty() -> list[DemoTenant]:
    """The two tenants with their tokens and nothing in them but what new companies have."""
    return [_new(tenant) for tenant in TENANTS]


def _new(tenant: Tenant) -> DemoTenant:
    there = smartdok.Company(
        tenant.name,
        tenant.smartdok_token,
        organization_number=tenant.organisation_number,
        discount_reading=tenant.discount_reading,
        id=tenant.id,
    )
    here = fortnox.Company(tenant.fortnox_tenant_id, tenant.name, tenant.organisation_number)
    for code, description in FORTNOX_UNITS.items():
        here.add_unit(code, description)
    return DemoTenant(tenant, there, here)


def generate(seed: int = 1, today: dt.date | None = None) -> list[DemoTenant]:
    """The two tenants filled. `today` is the day that all times are counted back from."""
    return [_filled(demo, seed, today or this_day()) for demo in empty()]


def this_day() -> dt.date:
    """Today in Sweden."""
    return dt.datetime.now(smartdok.SWEDEN).date()


def _filled(demo: DemoTenant, seed: int, today: dt.date) -> DemoTenant:
    random = Random(f"{seed} {demo.tenant.slug}")
    build = Build(demo.tenant, demo.smartdok, demo.fortnox, random, today)
    for part in (customers, projects, articles, invoices, purchases):
        part.fill(build)
    return DemoTenant(demo.tenant, demo.smartdok, demo.fortnox, tuple(build.troubles))
