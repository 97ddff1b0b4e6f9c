"""Names of invented clubs, and how their teams, committees, functions and group types are called in three languages.

Only names belong here; who is in which team is decided in `generate`.
"""

import unicodedata
from collections.abc import Mapping

Words = Mapping[str, str]


def words(english: str, dutch: str, french: str) -> Words:
    """A name in three languages, as the wire gives it."""
    return {"EN": english, "NL": dutch, "FR": french}


CLUB_NAMES = (
    "KC Scheldedal",
    "Korfbal 't Wilgenhof '78",
    "Corfbal Sclessin-sur-Rhée",
    "KC Zandhoek",
    "Royal Corfbal Étoile",
    "Korfbalclub Sint-Jozef Polder",
)

_PREFIXES = ("KC", "AKC", "Korfbalclub", "Royal Korfbal", "Corfbal", "Sporting Korfbal", "KV", "Union Corfbal")
_PLACES = (
    "Beverdonk", "Klein-Hoeve", "Ter Linden", "Rosmeerhout", "Pont-à-Saules", "Vieux-Étang", "Oudenpoel", "Krekelberg",
    "Vossenveld", "Mont-Sainte-Aude", "Elzenbroek", "Duinhoek", "Nethegalm", "Sint-Truda", "Wilderveld", "Fonteyne",
)  # fmt: skip


def club_name(index: int) -> str:
    """The name of the club with that number; all are different."""
    if index < len(CLUB_NAMES):
        return CLUB_NAMES[index]
    rest = index - len(CLUB_NAMES)
    place = _PLACES[rest % len(_PLACES)]
    prefix = _PREFIXES[rest // len(_PLACES) % len(_PREFIXES)]
    round_ = rest // (len(_PLACES) * len(_PREFIXES))
    return f"{prefix} {place}" if round_ == 0 else f"{prefix} {place} {round_ + 1}"


FEDERATION_NAME = "Belgische Korfbalfederatie (simulatie)"

CATEGORIES: tuple[tuple[str, str, Words], ...] = (
    ("Senioren", "SEN", words("Seniors", "Senioren", "Seniors")),
    ("U19", "U19", words("U19", "U19", "U19")),
    ("U17", "U17", words("U17", "U17", "U17")),
    ("U15", "U15", words("U15", "U15", "U15")),
    ("U13", "U13", words("U13", "U13", "U13")),
    ("U11", "U11", words("U11", "U11", "U11")),
    ("U9", "U9", words("U9", "U9", "U9")),
    ("Recreanten", "REC", words("Recreational", "Recreanten", "Loisirs")),
)

COMMITTEES = (("Bestuur", "BES"), ("Jeugdcomité", "JC"))

TEAM_TYPE = words("Team", "Ploeg", "Équipe")
COMMITTEE_TYPE = words("Committee", "Werkgroep", "Comité")
SENIOR_TYPE = words("Senior teams", "Ploegen senioren", "Équipes seniors")
YOUTH_TYPE = words("Youth teams", "Jeugdploegen", "Équipes de jeunes")
RESPONSIBLE_TYPE = words("Team managers", "Ploegverantwoordelijken", "Responsables d'équipe")

PLAYER, COACH, DELEGATE, CHAIR, MEMBER = "player", "coach", "delegate", "chair", "member"

FUNCTIONS: Mapping[str, Words] = {
    PLAYER: words("Player", "Speler", "Joueur"),
    COACH: words("Coach", "Trainer", "Entraîneur"),
    DELEGATE: words("Delegate", "Afgevaardigde", "Délégué"),
    CHAIR: words("Chair", "Voorzitter", "Président"),
    MEMBER: words("Committee member", "Bestuurslid", "Membre du comité"),
}

# Functions in a club's own words, which it writes in its own language alone or leaves as they were in the others.
YOUTH, LEAGUE, LADY, GUEST = "youth player", "league player", "lady player", "guest player"
FORMER, PHYSIO, ODD = "former player", "physio", "odd"
PLAYER_WORDS = (YOUTH, LEAGUE, LADY, GUEST)
PLAYING = frozenset((PLAYER, *PLAYER_WORDS))
OWN_FUNCTIONS: Mapping[str, Words] = {
    YOUTH: words("", "Jeugdspeler", ""),
    LEAGUE: words("Player", "Competitiespeler", "Joueur de championnat"),
    LADY: words("", "Speelster", "Joueuse"),
    GUEST: words("", "Gastspeler", ""),
    FORMER: words("Player", "Ex-speler", ""),
    PHYSIO: words("", "Kinesist", ""),
    ODD: words("", "Zwaluw", ""),
}

OPPONENTS = ("AKC Duinrand", "KV Hoogland", "Corfbal Val-Doré", "KC Eikenmolen", "Sporting Meerdael")


def spelled_otherwise(name: str) -> str:
    """The same name as another person types it: in capitals, without accents and hyphens, with a space too many."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return plain.upper().replace("-", " ").replace(" ", "  ", 1)
