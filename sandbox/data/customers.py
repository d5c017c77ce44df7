"""Sixty customers of one company in SmartDok, and those that Fortnox has already."""

from typing import Any

from sandbox.data import words
from sandbox.data.build import Build, Record

TOTAL = 60
FIRST_NUMBER = 1001


def fill(build: Build) -> None:
    ordinary = TOTAL - _troubled(build)
    for index in range(ordinary):
        number = str(FIRST_NUMBER + 100 + index)
        match index % 6:
            case 0:
                record = _private(build, number)
            case 1:
                name = f"BRF {build.random.choice(words.PLACES)} {index}"
                record = _add(build, number, name, words.organisation_number(build.random, "76"))
            case _:
                record = _add(build, number, words.company(build.random), words.organisation_number(build.random))
        build.named[f"customer {index}"] = record
        if index % 8 == 3:
            _in_fortnox(build, record)


def _add(build: Build, number: str, name: str, organisation_number: str, **fields: Any) -> Record:
    zip_code, city = build.random.choice(words.TOWNS)
    given = {
        "CustomerNumber": number,
        "CustomerName": name,
        "OrganizationNumber": organisation_number,
        "Email": words.email(name),
        "Address": words.street(build.random),
        "ZipCode": zip_code,
        "City": city,
        "PhoneNumber": words.landline(build.random),
        "MobileNumber": words.mobile(build.random) if build.random.random() < 0.4 else "",
        "Updated": build.moment(build.random.randint(31, 400)),
    }
    return build.smartdok.add_customer(**(given | fields))


def _private(build: Build, number: str, organisation_number: str = "", **fields: Any) -> Record:
    return _add(build, number, words.person(build.random), organisation_number, **fields)


def _in_fortnox(build: Build, record: Record, **fields: Any) -> None:
    """The same customer as a bookkeeper made it, before there was an integration."""
    given = {
        "OrganisationNumber": record["OrganizationNumber"],
        "Type": "COMPANY" if record["OrganizationNumber"] else "PRIVATE",
        "Address1": record["Address"],
        "ZipCode": record["ZipCode"],
        "City": record["City"],
    }
    build.fortnox.add_customer(record["CustomerName"], record["CustomerNumber"].strip(), **(given | fields))


def _troubled(build: Build) -> int:
    """Adds the customers with a trouble and returns how many they are. Their numbers begin at FIRST_NUMBER."""
    random, before = build.random, len(build.smartdok.customers)

    def legal() -> str:
        return words.organisation_number(random)

    def plant(rule: str, kind: str, record: Record, outcome: Any, expect: str) -> None:
        number = record["CustomerNumber"]
        build.plant(rule, kind, "customers", record["Id"], number, outcome, expect)
        build.named[kind] = record

    plant(
        "C2",
        "customer without number",
        _add(build, "", words.company(random), legal()),
        "left_out",
        "left out with the reason, until it gets a number",
    )
    for kind in ("customer with a double number", "customer with the same double number"):
        record = _add(build, "1001", words.company(random), legal())
        plant("C4", kind, record, "stopped", "neither of the two is sent; each names the other")
    other = _add(build, "1002", "Sjöviks Bygg AB", legal())
    _in_fortnox(build, other, OrganisationNumber=legal(), Name="Sjövik Betongteknik AB")
    plant("C5", "customer number taken in Fortnox", other, "stopped", "other organisation number: a person decides")
    set_by_hand = _add(build, "1003", words.company(random), legal(), PhoneNumber="08-465 004 77")
    digits = set_by_hand["OrganizationNumber"].replace("-", "")
    _in_fortnox(
        build,
        set_by_hand,
        OrganisationNumber=digits,
        VATType="SEREVERSEDVAT",
        TermsOfPayment="60",
        PriceList="B",
    )
    plant(
        "G4",
        "customer set up by hand in Fortnox",
        set_by_hand,
        "updated",
        "same organisation number, written without hyphen; VATType, TermsOfPayment and PriceList stay as they are",
    )
    burnt = _add(build, "1004", words.company(random), legal())
    build.fortnox.burnt_customer_numbers.add("1004")
    plant("C6", "customer number burnt in Fortnox", burnt, "stopped", "2000637 is a fault for a person, not a retry")
    gone = _add(build, "1005", words.company(random), legal(), IsActive=False)
    _in_fortnox(build, gone)
    plant("C6", "deactivated customer", gone, "updated", "Active becomes false in Fortnox, nothing is deleted")
    person = _private(build, "1006", words.personal_number(random))
    plant("C3", "private person with a personal number", person, "created", "Type PRIVATE: no legal person's number")
    nobody = _private(build, "1007")
    plant("C3", "private person", nobody, "created", "Type PRIVATE")
    firm = _add(build, "1008", words.company(random), legal())
    plant("C3", "company", firm, "created", "Type COMPANY, VATType SEVAT by the value map")
    odd = _add(build, "1009", 'Rör & "Kranar" <Syd>\tAB 🚧', legal(), Comment='Dörr 36" bred | ring {portkod}')
    plant("G5", "customer with characters that Fortnox refuses", odd, "created", "characters replaced, and noted")
    long_name = "Bostadsrättsföreningen " + " ".join(words.PLACES) + " Samfällighet"
    long = _add(build, "1010", long_name, legal(), ZipCode="SE-754 21 Uppsala")
    plant("G5", "customer with texts too long", long, "created", "ZipCode cut to the 10 characters of Fortnox, noted")
    spaced = _add(build, "1011  ", words.company(random), legal())
    _in_fortnox(build, spaced)
    plant("G2", "customer number with spaces at its end", spaced, "updated", "is 1011, which Fortnox has already")
    wrong = _add(build, "1012[A]", words.company(random), legal())
    plant("G5", "customer number that Fortnox refuses", wrong, "stopped", "a number is refused, never altered")
    build.named["customer in order"] = firm
    return len(build.smartdok.customers) - before
