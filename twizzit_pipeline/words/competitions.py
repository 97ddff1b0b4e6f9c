"""Whether a competition is a league or a tournament, by its name in Dutch, French and English.

What belongs here: the nouns. A series or a pool is a part of either, so those words decide nothing.
"""

from typing import Literal

from twizzit_pipeline.words.heads import Nouns

CompetitionType = Literal["league", "tournament"]

_NOUNS: Nouns[CompetitionType] = Nouns(
    {
        # A cup is played like a tournament.
        "tournament": {
            "nl": "tornooi toernooi beker cup trofee finale finales bekerfinale knock-out knockout wisselbeker",
            "fr": "tournoi coupe cup trophee challenge finale finales supercoupe",
            "en": "tournament cup trophy final finals knockout",
        },
        "league": {
            "nl": "competitie kampioenschap league liga klasse divisie afdeling",
            "fr": "championnat ligue division competition",
            "en": "league competition championship division",
        },
    },
    modifiers="reeks poule groep groupe group pool serie series ronde tour round manche fase phase belgie belgique",
)


def competition_type_of(name: str) -> CompetitionType | None:
    """What a competition is by its name; None where no noun of it is known ("U15 reeks 2").

    "Bekercompetitie" is a league, "Jeugdtornooi", "League Cup" and "Beker van België - reeks 2" are tournaments.
    """
    meanings = _NOUNS.meanings(name)
    if "tournament" in meanings:
        return "tournament"
    return "league" if meanings else None
