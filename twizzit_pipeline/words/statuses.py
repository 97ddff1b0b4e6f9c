"""Where a match stands, by the word that an account has for it, in Dutch, French and English.

What belongs here: the words. They are participles, so what they begin with decides ("afgelaste", "annulées"), and of
several words the first that is none of the small ones ("Wedstrijd is afgelast", "Match reporté"). What ShotSpot is to
show for each is decided in `transform.matches`.
"""

import re
from typing import Literal

from twizzit_pipeline.words.meanings import StatusMeaning, key

Status = StatusMeaning | Literal["forfeit", "abandoned"]
"""A match stands as ShotSpot says it, or was given up before it began (`forfeit`), or while it was played."""

OFF: frozenset[Status] = frozenset({"cancelled", "to_reschedule", "forfeit", "abandoned"})
"""What people write beside a match's name, since no field of v2 says it."""

_NO_WORD = re.compile(r"[\W_]+")
_TWO_WORDS_IN_ONE = re.compile(r"(?<=[a-z])(?=[A-Z])")

# What a word begins with.
_STEMS: tuple[tuple[str, Status], ...] = (
    *(
        (stem, "cancelled")
        for stem in ("afgelast", "geannuleerd", "annul", "cancel", "geschrapt", "supprim", "afgezegd")
    ),
    *((stem, "cancelled") for stem in ("vervallen", "ingetrokken", "withdrawn", "afgeblazen")),
    *(
        (stem, "to_reschedule")
        for stem in ("uitgesteld", "uitstel", "verplaats", "verschoven", "verdaagd", "opgeschort")
    ),
    *(
        (stem, "to_reschedule")
        for stem in ("reporte", "postpon", "reschedul", "ajourn", "adjourn", "deplace", "differe")
    ),
    *((stem, "forfeit") for stem in ("forfait", "forfeit", "walkover")),
    *((stem, "abandoned") for stem in ("gestaakt", "staking", "stopgezet", "stilgelegd", "onderbroken", "afgebroken")),
    *((stem, "abandoned") for stem in ("arrete", "interromp", "abandon", "interrupt", "suspen")),
)
# Whole words: other words begin with them ("final" and "finale", "open" and "opening").
_WORDS: dict[str, Status] = {
    **dict.fromkeys(("verzet", "verlegd", "moved", "remis", "remises", "ppd", "postp"), "to_reschedule"),
    **dict.fromkeys(("ff", "forf", "wo"), "forfeit"),
    **dict.fromkeys(("scheduled", "planned", "upcoming", "open", "confirmed", "pending", "fixed", "new"), "scheduled"),
    **dict.fromkeys(("gepland", "ingepland", "voorzien", "bevestigd", "vastgelegd", "geprogrammeerd"), "scheduled"),
    **dict.fromkeys(("prevu", "prevue", "prevus", "planifie", "planifiee", "programme", "programmee"), "scheduled"),
    **dict.fromkeys(("confirme", "confirmee", "komend", "toekomstig", "nieuw"), "scheduled"),
    **dict.fromkeys(("live", "ongoing", "running", "started", "playing", "inprogress", "halftime"), "in_progress"),
    **dict.fromkeys(("overtime", "bezig", "lopend", "lopende", "begonnen", "gestart", "commence"), "in_progress"),
    **dict.fromkeys(("completed", "complete", "played", "finished", "final", "ended", "done", "over"), "completed"),
    **dict.fromkeys(
        ("ft", "aet", "gespeeld", "afgelopen", "beeindigd", "afgewerkt", "gedaan", "voltooid"), "completed"
    ),
    **dict.fromkeys(("eindstand", "gehomologeerd", "joue", "jouee", "joues", "termine", "terminee"), "completed"),
    **dict.fromkeys(("termines", "fini", "finie", "acheve", "achevee", "cloture", "homologue"), "completed"),
}
_PHRASES: dict[str, Status] = {
    **dict.fromkeys(("gaat niet door", "gaat niet meer door", "n aura pas lieu", "n a pas lieu"), "cancelled"),
    **dict.fromkeys(("called off", "will not be played", "wordt niet gespeeld"), "cancelled"),
    **dict.fromkeys(
        ("to reschedule", "to be rescheduled", "put off", "nieuwe datum", "nieuwe datum volgt"), "to_reschedule"
    ),
    **dict.fromkeys(
        ("te herplannen", "opnieuw te plannen", "a reporter", "a reprogrammer", "partie remise"), "to_reschedule"
    ),
    **dict.fromkeys(("datum nog te bepalen", "date a determiner", "later te spelen"), "to_reschedule"),
    **dict.fromkeys(("walk over", "w o", "f f", "no show", "niet opgedaagd", "niet komen opdagen"), "forfeit"),
    **dict.fromkeys(("forfait general", "algemeen forfait"), "forfeit"),
    **dict.fromkeys(("in progress", "aan de gang", "en cours", "half time", "mi temps", "first half"), "in_progress"),
    **dict.fromkeys(
        ("second half", "1st half", "2nd half", "eerste helft", "tweede helft", "extra time"), "in_progress"
    ),
    **dict.fromkeys(("premiere mi temps", "deuxieme mi temps", "seconde mi temps", "wordt gespeeld"), "in_progress"),
    **dict.fromkeys(("en train d etre joue", "being played"), "in_progress"),
    **dict.fromkeys(("full time", "fin de match", "einde wedstrijd", "score final", "na verlenging"), "completed"),
    **dict.fromkeys(
        ("not started", "not yet started", "to be played", "not played yet", "not yet played"), "scheduled"
    ),
    **dict.fromkeys(
        ("te spelen", "nog te spelen", "nog niet gespeeld", "nog niet begonnen", "niet begonnen"), "scheduled"
    ),
    **dict.fromkeys(("a jouer", "a venir", "pas commence", "pas encore joue", "pas encore commence"), "scheduled"),
}
_SMALL = {
    *("wedstrijd", "match", "game", "rencontre", "de", "het", "the", "le", "la", "is", "est", "was", "werd", "wordt"),
    *("has", "been", "a", "ete", "sera", "definitief", "definitivement", "officieel", "officiellement", "algemeen"),
    *("status", "statut", "al", "reeds", "deja", "already"),
}
_NOT = {"niet", "not", "pas", "non", "geen", "ne", "n", "no"}


def status_of(text: str) -> Status | None:
    """What a word, or a few words, say of where a match stands; None for a word that is not known."""
    words = _NO_WORD.sub(" ", key(_TWO_WORDS_IN_ONE.sub(" ", text))).split()
    for count in range(min(len(words), 5), 1, -1):
        found = _PHRASES.get(" ".join(words[:count]))
        if found is not None:
            return found
    while words and words[0] in _SMALL:
        words = words[1:]
    if not words or _NOT & set(words):
        return _PHRASES.get(" ".join(words))
    return _PHRASES.get(" ".join(words)) or _PHRASES.get(" ".join(words[:2])) or _word(words[0])


def _word(word: str) -> Status | None:
    return _WORDS.get(word) or next((status for stem, status in _STEMS if word.startswith(stem)), None)
