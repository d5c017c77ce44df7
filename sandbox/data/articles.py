"""A hundred and twenty goods and 25 machines of one company in SmartDok, and the articles that Fortnox has already.

Articles travel only when an invoice needs them (A2), so their troubles are planted with the invoices that use them.
"""

from typing import Any

from sandbox.data import words
from sandbox.data.build import Build, Record

GOODS = 120
MACHINES = 25
# The unit that Fortnox lacks, and the one that Fortnox knows by its description only.
UNKNOWN_UNIT = "lass"
UNIT_BY_DESCRIPTION = ("D", "dygn")


def fill(build: Build) -> None:
    build.fortnox.add_unit(*UNIT_BY_DESCRIPTION)
    goods = GOODS - _troubled_goods(build)
    for index in range(goods):
        name, unit = words.MATERIALS[index % len(words.MATERIALS)]
        series = index // len(words.MATERIALS)
        production = index % 12 == 5
        record = _goods(
            build,
            f"{'P' if production else 'V'}{5001 + index}",
            Name=name if not series else f"{name}, sort {'ABCDEFG'[series - 1]}",
            unit=unit,
            IsProduction=production,
            IsActive=index % 40 != 39,
        )
        build.named[f"goods {index}"] = record
    machines = MACHINES - _troubled_machines(build)
    for index in range(machines):
        name = words.MACHINES[index % len(words.MACHINES)]
        record = _machine(build, f"M{101 + index}", Name=name if index < len(words.MACHINES) else f"{name}, nr 2")
        build.named[f"machine {index}"] = record


def _goods(build: Build, number: str, *, unit: str = "st", **fields: Any) -> Record:
    price = float(build.kronor(8, 1900))
    given = {"Number": number, "Price": price, "InternalCost": round(price * 0.7, 2)}
    return build.smartdok.add_goods(unit=unit, **(given | fields))


def _machine(build: Build, number: str, **fields: Any) -> Record:
    given = {"InternalNumber": number, "PricePerHour": float(build.random.randint(20, 130) * 10), "ModelYear": 2019}
    return build.smartdok.add_machine(**(given | fields))


def _troubled_goods(build: Build) -> int:
    before = len(build.smartdok.goods)
    named = build.named
    named["goods doubled in consumption"] = _goods(build, "4001", Name="Skarvband 50 mm")
    _goods(build, "4001", Name="Hörnjärn")
    named["goods doubled in production"] = _goods(build, "4002", Name="Takstol fackverk")
    _goods(build, "4002", Name="Takstol fackverk, egen", IsProduction=True)
    named["goods with a machine's number"] = _goods(build, "4003", Name="Padda, hyrd")
    named["goods with a unit that Fortnox lacks"] = _goods(build, "4004", Name="Fyllnadsmassor", unit=UNKNOWN_UNIT)
    named["goods with a unit by description"] = _goods(
        build, "4005", unit=UNIT_BY_DESCRIPTION[1], Name="Byggström, hyra"
    )
    named["goods that Fortnox has"] = _goods(build, "4006", Name="Betong C32/40 vct 0,5", unit="m3")
    build.fortnox.add_article(
        "Fabriksbetong C32/40", "4006", Unit="m3", SalesPrice=1650, SalesAccount=3001, ConstructionAccount=3231
    )
    named["goods with inch marks"] = _goods(build, "4007", Name='Slang 3/4" <förzinkad>', unit="m")
    named["goods with a slash"] = _goods(build, "GRUS-0/32", Name="Bärlager 0/32", unit="ton")
    named["inactive goods"] = _goods(build, "4008", Name="Impregnerat virke, utgånget", unit="m", IsActive=False)
    return len(build.smartdok.goods) - before


def _troubled_machines(build: Build) -> int:
    before = len(build.smartdok.machines)
    _machine(build, "4003", Name="Padda 160 kg")
    build.named["machine that is inactive"] = _machine(build, "M199", Name="Hjullastare, såld", IsActive=False)
    return len(build.smartdok.machines) - before
