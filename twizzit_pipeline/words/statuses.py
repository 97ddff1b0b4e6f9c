"""Where a match stands, by the word that an account has for it, in Dutch, French and English.

What belongs here: the words. They are participles, so what they begin with decides ("afgelaste", "annulées"), and of
several words the first that is none of the small ones ("Wedstrijd is afgelast", "Match reporté"). What ShotSpot is to
show for each is decided in `transform.matches`.
"""

import re
from collections.abc import Mapping
from typing import Literal

from twizzit_pipeline.words.meanings import StatusMeaning, key

Status = StatusMeaning | Literal["forfeit", "abandoned"]
"""A match stands as ShotSpot says it, or was given up before it began (`forfeit`), or while it was played."""

OFF: frozenset[Status] = frozenset({"cancelled", "to_reschedule", "forfeit", "abandoned"})
"""What people write beside a match's name, since no field of v2 says it."""

_NO_WORD = re.compile(r"[\W_]+")
_TWO_WORDS_IN_ONE = re.compile(r"(?<=[a-z])(?=[A-Z])")

# What a word begins with.
_STEMS: Mapping[Status, str] = {
    "cancelled": "afgelast geannuleerd annul cancel geschrapt supprim afgezegd vervallen ingetrokken withdrawn",
    "to_reschedule": (
        "uitgesteld uitstel verschoven verdaagd opgeschort reporte postpon reschedul ajourn adjourn differe"
    ),
    "forfeit": "forfait forfeit walkover",
    "abandoned": (
        "gestaakt stopgezet stilgelegd onderbroken afgebroken arrete interromp abandon interrupt suspended suspendu"
    ),
}
# Whole words: others begin with them ("final" and "finale"; "verplaatsing" and "déplacement" are the journey).
_WORDS: Mapping[Status, str] = {
    "to_reschedule": "verplaatst verplaatste verzet verlegd deplace deplacee moved remis ppd",
    "scheduled": (
        "scheduled planned upcoming open confirmed pending fixed new published active gepland ingepland voorzien "
        "bevestigd vastgelegd geprogrammeerd komend toekomstig nieuw gepubliceerd actief prevu prevue prevus planifie "
        "planifiee programme programmee confirme confirmee publie actif"
    ),
    "in_progress": (
        "live ongoing running started playing halftime overtime bezig lopend lopende begonnen gestart commence"
    ),
    "completed": (
        "completed complete played finished final ended done over ft aet gespeeld afgelopen beeindigd afgewerkt gedaan "
        "voltooid eindstand gehomologeerd joue jouee joues termine terminee termines fini finie acheve achevee cloture "
        "homologue"
    ),
}
# Put together once: a calendar asks for each word of each match.
_BY_WORD: Mapping[str, Status] = {word: status for status, words in _WORDS.items() for word in words.split()}
_BY_STEM = tuple((tuple(stems.split()), status) for status, stems in _STEMS.items())
# The whole text alone: "wo" is Wednesday as well, and "FF Jette" a club.
_ALONE: Mapping[str, Status] = {
    **dict.fromkeys(("ff", "wo", "forf", "fft"), "forfeit"),
    **dict.fromkeys(("staking", "stopzetting", "arret"), "abandoned"),
    **dict.fromkeys(("afg", "canc", "gean", "annul"), "cancelled"),
    **dict.fromkeys(("uitg", "verpl", "p p", "pp"), "to_reschedule"),
    **dict.fromkeys(("concept", "draft", "voorlopig", "provisional", "provisoire", "te bevestigen"), "scheduled"),
    **dict.fromkeys(("to be confirmed", "tbc", "a confirmer"), "scheduled"),
    **dict.fromkeys(("gewonnen", "verloren", "gelijk", "gelijkspel", "won", "lost", "draw"), "completed"),
    **dict.fromkeys(("gagne", "perdu", "match nul"), "completed"),
    **dict.fromkeys(("rust", "pauze", "verlenging", "pause", "prolongation"), "in_progress"),
    "reported": "completed",  # English: its score is in; French "reporté" is put off
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
    # What is moved to another hall or day has its place.
    **dict.fromkeys(("verplaatst naar", "verzet naar", "verlegd naar", "moved to", "deplace a"), "scheduled"),
    **dict.fromkeys(("deplace au", "deplacee a", "deplacee au"), "scheduled"),
    **dict.fromkeys(("walk over", "w o", "f f", "no show", "niet opgedaagd", "niet komen opdagen"), "forfeit"),
    **dict.fromkeys(("forfait general", "algemeen forfait", "algemene forfait"), "forfeit"),
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
    if " ".join(words) in _ALONE:
        return _ALONE[" ".join(words)]
    phrases = (_PHRASES.get(" ".join(words[:count])) for count in range(min(len(words), 5), 1, -1))
    phrase = next((found for found in phrases if found is not None), None)
    while words and words[0] in _SMALL:
        words = words[1:]
    if phrase is not None or not words or _NOT & set(words):
        return phrase
    return _PHRASES.get(" ".join(words)) or _word(words[0])


def _word(word: str) -> Status | None:
    return _BY_WORD.get(word) or next((status for stem, status in _BY_STEM if word.startswith(stem)), None)
