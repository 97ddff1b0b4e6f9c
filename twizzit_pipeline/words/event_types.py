"""Which types of events are matches, by their names in Dutch, French and English.

What belongs here: the nouns. A tournament is neither: its events are called after where they are, not after who plays,
so the account's club says what it wants (`Meanings.event_types`).
"""

import re
from collections import Counter
from collections.abc import Iterable

from twizzit_pipeline.words.heads import Nouns
from twizzit_pipeline.words.meanings import EventTypeMeaning

# A hyphen parts words, and "off" is no noun.
_PLAY_OFF = re.compile(r"(?i)\bplay[\s-]+offs?\b")

_NOUNS: Nouns[EventTypeMeaning] = Nouns(
    {
        "match": {
            "nl": "wedstrijd match matchen derby interland competitie beker duel finale treffen vriendschappelijk",
            "fr": "match rencontre championnat coupe amical amicaux finale derby barrage interclub",
            "en": "match game cup league competition friendly friendlies derby final playoff playoffs",
        },
        "other": {
            "nl": (
                "training trainingen bespreking vergadering verslag overleg analyse evaluatie voorbereiding opvolging "
                "feest festijn eetfestijn avond weekend kamp stage uitstap activiteit evenement bijeenkomst cursus "
                "opleiding clinic receptie bestuur bestuursvergadering verjaardag test proef meting keuring fotoshoot "
                "opendeurdag quiz ontbijt etentje barbecue bbq reis sessie opwarming secretariaat tafel kledij "
                "kalender planning formulier blad leiding leider begeleiding verplaatsing vervoer bus bar kantine "
                "tapdienst shift dienst taak taken sponsoring sponsor verkoop bal drink babbel gesprek info infoavond "
                "workshop conditie fitness spelletje initiatie rust vakantie verlof ticket kaart delegee markering "
                "scheidsrechter scheidsrechters jury supporters bezoek viering mededeling afspraak selectie "
                "voorstelling huldiging trofee kaartverkoop secretaris party"
            ),
            "fr": (
                "entrainement reunion assemblee rapport briefing debriefing analyse evaluation preparation fete soiree "
                "souper repas camp stage sortie activite evenement cours formation comite anniversaire test "
                "seance echauffement secretariat table feuille calendrier organisation arbitrage transport buvette "
                "permanence tache quiz barbecue voyage conge vacances selection remise presentation ceremonie bal"
            ),
            "en": (
                "training practice meeting report briefing debriefing analysis review preparation party dinner camp "
                "evening trip activity event course workshop board birthday test session drill table sheet "
                "planner plan schedule duty shift bar transport travel fundraiser holiday social clinic trial "
                "selection ceremony presentation talk quiz night ticket official program programme"
            ),
        },
    },
    modifiers="vriendschappelijke officiele officiel officielle officiels friendly oefen amicale thuis away home "
    "ploeg team equipe",
)


# What is about a match and none, wherever it stands: "Bespreking wedstrijd" has no "van" to show the head.
_ABOUT = {
    *("bespreking", "verslag", "analyse", "evaluatie", "voorbereiding", "overleg", "vergadering", "preparation"),
    *(
        "reunion",
        "rapport",
        "briefing",
        "debriefing",
        "meeting",
        "report",
        "analysis",
        "review",
        "formulier",
        "planning",
    ),
    *("huldiging", "delegee", "leiding", "secretariaat", "tafel", "kalender", "calendrier", "vervoer", "bus", "reis"),
    *(
        "verplaatsing",
        "transport",
        "bar",
        "kantine",
        "tapdienst",
        "shift",
        "dienst",
        "scheidsrechter",
        "arbitrage",
        "jury",
    ),
    *("secretaris", "kledij", "selectie", "ticket", "kaart", "party", "drink", "feest", "schedule"),
}


def event_type_of(names: Iterable[str]) -> EventTypeMeaning | None:
    """What a type of events is by its names in several languages: what most of them say, a match where they are even.

    None where no name's noun is known. "Competitiewedstrijd", "Match amical" and "Friendly game" are matches,
    "Wedstrijdbespreking" and "Matchverslag" are not.
    """
    meanings = Counter(meaning for name in set(names) if (meaning := _by_name(name)) is not None)
    if not meanings:
        return None
    return "match" if meanings["match"] >= meanings["other"] else "other"


def _by_name(name: str) -> EventTypeMeaning | None:
    """A name of two things ("Wedstrijd / training") is a match: what is none of its events is seen by their rows."""
    name = _PLAY_OFF.sub("playoff", name)
    meanings = _NOUNS.meanings(name)
    if "match" in meanings:
        about = len(_NOUNS.heads(name)) == 1 and any(head.word in _ABOUT for head in _NOUNS.known(name))
        return "other" if about else "match"
    return "other" if meanings else None
