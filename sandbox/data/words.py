"""Swedish words and numbers to make people, companies, goods and work of. All of them are invented.

Telephone numbers come from the series that Post- och telestyrelsen keeps free for fiction, addresses of e-mail from the
reserved domain `.example`.
"""

from random import Random


def _listed(text: str) -> tuple[str, ...]:
    return tuple(entry.strip() for line in text.strip().splitlines() for entry in line.split(" | "))


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((first, second) for first, second in (entry.rsplit(": ", 1) for entry in _listed(text)))


FIRST_NAMES = _listed("""
    Anders | Birgitta | Christer | Desirée | Elin | Fredrik | Gunilla | Håkan | Ida | Johan | Karin | Lennart
    Märta | Nils | Olof | Petra | Ragnhild | Sören | Tove | Ulf | Viktor | Yvonne | Åsa | Örjan
""")
LAST_NAMES = _listed("""
    Andersson | Björk | Cederlöf | Dahlgren | Ekström | Forsberg | Grönlund | Hägg | Isaksson | Jönsson | Källström
    Lindqvist | Månsson | Norén | Öberg | Palmér | Rosén | Sjögren | Törnqvist | Wallin | Åkesson
""")
PLACES = _listed("""
    Björkhagen | Ekbacken | Furulund | Granliden | Hästhagen | Kvarnsveden | Lövåsen | Mossängen | Norrtull
    Rönnskär | Sjövik | Stenbrohult | Tallåsen | Ugglarp | Vallby | Ängsholm | Åbrinken | Ödeshult
""")
STREETS = _listed("""
    Storgatan | Kyrkogatan | Industrivägen | Hantverkargatan | Björkvägen | Strandvägen | Åsgatan | Kvarngränd
    Järnvägsgatan | Skolvägen | Ringvägen | Verkstadsgatan
""")
TOWNS = _pairs("""
    803 20: Gävle | 811 30: Sandviken | 352 30: Växjö | 341 32: Ljungby | 721 30: Västerås
    903 25: Umeå | 582 23: Linköping | 703 61: Örebro | 222 22: Lund | 753 20: Uppsala
""")
KINDS_OF_COMPANY = _listed("""
    {place} Fastigheter AB | {last} Bygg AB | {place} Entreprenad AB | {last} & Söner AB
    {place} Industrihus AB | {last} Förvaltning AB | {place} Golv & Kakel AB | {last}s Åkeri AB
""")
KINDS_OF_WORK = _listed("""
    Tillbyggnad villa | Dränering | Ny garageplatta | Takbyte | Stambyte | Markarbeten | Renovering kök
    Ombyggnad skola | Ny infart | Schakt för fiber | Altan och trapp | Fasadrenovering | VA-anslutning
    Lekplats | Parkering | Stödmur | Betongreparation | Fönsterbyte
""")
LABOUR = _listed("""
    Snickeriarbete | Markarbete | Gjutning | Rivning | Armering | Platsledning | Målning | Plattsättning
    Etablering | Städning av arbetsplats
""")
MATERIALS = _pairs("""
    Regel 45x95 C24: m | Regel 45x145 C24: m | Gipsskiva 13 mm: st | OSB-skiva 12 mm: st | Cement 25 kg: förp
    Betong C25/30: m3 | Armeringsnät 6150: st | Makadam 16-32: ton | Bergkross 0-32: ton | Matjord sorterad: m3
    Dräneringsrör 110: m | Markduk N2: m2 | Marksten grå 210x140: m2 | Kantsten granit: m | Isolering 145 mm: m2
    Takpannor betong: st | Underlagstak: m2 | Skruv trall 4,2x55: förp | Spik 100x3,4: kg | Kabelskydd: m
    Brunn 400 mm: st | PVC-rör 160: m | Geonät: m2 | Asfalt ABT 11: ton | Fogsand: förp
    Trallvirke 28x120: m | Plywood 18 mm: st | Fönster 12x12: st | Ytterdörr: st | Kakel vit: m2
""")
MACHINES = _listed("""
    Grävmaskin 8 ton | Grävmaskin 14 ton | Hjullastare L60 | Minigrävare 1,8 ton | Dumper 6 ton | Vält 2,5 ton
    Padda 400 kg | Teleskoplastare | Saxlift 10 m | Kompressor 5 m3 | Elverk 60 kVA | Traktor med vagn
    Bandsågverk | Betongpump | Lastbil med kran | Asfaltsåg | Byggkran | Bodvagn
""")
SUPPLIERS = _listed("""
    Norrlands Betong AB | Trävaruhuset i Mellanskog AB | Svea Maskinuthyrning AB | Grus & Makadam i Norr AB
    Elkompaniet Ljus AB | Rörmontage Sandell AB | Byggbeslag Grossist AB | Åkerikompaniet AB
    Svensk Stenvara AB | Kranar & Liftar i Väst AB
""")


def person(random: Random) -> str:
    return f"{random.choice(FIRST_NAMES)} {random.choice(LAST_NAMES)}"


def company(random: Random) -> str:
    return random.choice(KINDS_OF_COMPANY).format(place=random.choice(PLACES), last=random.choice(LAST_NAMES))


def street(random: Random) -> str:
    return f"{random.choice(STREETS)} {random.randint(1, 98)}"


def landline(random: Random) -> str:
    return f"08-465 004 {random.randint(0, 99):02}"


def mobile(random: Random) -> str:
    return f"070-174 06 {random.randint(5, 99):02}"


def email(name: str) -> str:
    """An address made of the name's letters."""
    plain = name.lower().translate(str.maketrans("åäöéü", "aaoeu", "&,.'"))
    return "kontakt@" + "-".join(plain.split())[:38].strip("-") + ".example"


def with_check_digit(nine_digits: str) -> str:
    """`NNNNNN-NNNC`, as organisation and personal numbers are written. The last digit is the Luhn sum's complement."""
    doubled = [int(digit) * (2 - index % 2) for index, digit in enumerate(nine_digits)]
    total = sum(value // 10 + value % 10 for value in doubled)
    return f"{nine_digits[:6]}-{nine_digits[6:]}{-total % 10}"


def organisation_number(random: Random, group: str = "55") -> str:
    """Of a legal person: the third digit is 2 or more. Group 55 is limited companies, 76 housing associations."""
    return with_check_digit(group + str(random.randint(6, 9)) + f"{random.randint(0, 999_999):06}")


def personal_number(random: Random) -> str:
    """Of a person, with the serial numbers 980 to 999 that are never given out."""
    day = f"{random.randint(50, 99)}{random.randint(1, 12):02}{random.randint(1, 28):02}"
    return with_check_digit(day + str(random.randint(980, 999)))
