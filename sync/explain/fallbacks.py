"""What is said about a cause that no table holds: the vendor's own words, and that a person must look."""

from sync.explain.cause import cause

VENDOR = cause(
    "operator",
    (
        "{system} tog inte emot posten",
        "{system} svarade[: {message}| med ett fel utan förklaring].",
        "Rätta det som {system} påpekar, om texten säger vad det är.\n"
        "Öppna sedan posten i Byggbro och välj Försök igen.\n"
        "Går det inte att förstå: kontakta Byggbros drift och uppge koden {code}.",
    ),
    (
        "{system} did not accept it",
        "{system} answered[: {message}| with a fault and no explanation].",
        "Correct what {system} points out, if the text says what it is.\n"
        "Then open the item in Byggbro and choose Try again.\n"
        "If it cannot be understood: ask the operator of Byggbro and quote the code {code}.",
    ),
)

UNKNOWN = cause(
    "operator",
    (
        "Okänd orsak",
        "Något hände som Byggbro saknar förklaring till.[ {message}]",
        "Kontakta Byggbros drift[ och uppge {code}].",
    ),
    (
        "Unknown cause",
        "Something happened that Byggbro has no explanation for.[ {message}]",
        "Ask the operator of Byggbro[ and quote {code}].",
    ),
)
