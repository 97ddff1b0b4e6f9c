"""Opponents that are none: a bye, and a place that another match must fill first.

What belongs here: how a text that stands where an opponent's name should be differs from a club's name. It is judged as
a whole, or by how it begins: a club may be called "KC Vrijheid".
"""

import re
from functools import lru_cache

from twizzit_pipeline.words.meanings import key

_LETTERS = re.compile(r"[^\W\d_]")
_NO_WORD = re.compile(r"[\W_]+")

# No opponent: the whole text, ages and numbers aside.
_NO_OPPONENT = {
    *(
        "bye",
        "byes",
        "bye week",
        "vrij",
        "vrije",
        "vrije dag",
        "vrije ploeg",
        "vrij weekend",
        "ploeg vrij",
        "team vrij",
    ),
    *("vrij van dienst", "vrijgesteld", "vrijgeloot", "vrijloting", "rust", "rustdag", "rustweekend", "repos"),
    *("jour de repos", "exempt", "exempte", "exempts", "equipe exempte", "vrij bye", "bye vrij", "free", "free week"),
    *("libre", "geen", "geen tegenstander", "no opponent", "pas d adversaire", "sans adversaire", "none", "no team"),
}
# Words that say there is no opponent, and those that may stand beside them: "vrije ronde", "geen wedstrijd".
_SAY_NO_OPPONENT = {
    *(
        "bye",
        "byes",
        "vrij",
        "vrije",
        "vrijaf",
        "exempt",
        "exempte",
        "exempts",
        "geen",
        "free",
        "libre",
        "aucun",
        "aucune",
    ),
    *("no", "pas", "sans", "rust", "repos", "vrijgesteld", "vrijgeloot"),
}
_SAY_NOTHING = {
    *(
        "ronde",
        "speelronde",
        "speeldag",
        "dag",
        "week",
        "weekend",
        "wedstrijd",
        "match",
        "game",
        "journee",
        "tour",
        "round",
    ),
    *(
        "ploeg",
        "team",
        "equipe",
        "tegenstander",
        "tegenpartij",
        "opponent",
        "adversaire",
        "rencontre",
        "van",
        "de",
        "d",
    ),
    *("deze", "this", "cette", "dit", "weekeinde"),
}
# Not known yet who plays: the whole text, or what it ends with.
_NOT_KNOWN = {
    *("tbd", "tba", "tbc", "t b d", "t b a", "t b c", "to be determined", "to be announced", "to be confirmed"),
    *("to be decided", "to be defined", "to follow", "not known yet", "not yet known", "unknown"),
    *(
        "nog te bepalen",
        "te bepalen",
        "nader te bepalen",
        "nader te noemen",
        "nog onbekend",
        "onbekend",
        "ntb",
        "n t b",
    ),
    *("nnb", "n n b", "nog niet bekend", "nog niet gekend", "nog niet bepaald", "nog in te vullen", "in te vullen"),
    *("volgt", "volgt later", "volgt nog", "nog te loten", "na loting", "nog te kennen"),
    *("a determiner", "a definir", "a confirmer", "a designer", "a preciser", "a completer", "a venir", "inconnu"),
    *("niet gekend", "niet bekend", "nog te bep", "te bep", "loting volgt", "tijdelijk onbekend", "indetermine"),
    *("inconnue", "pas encore connu", "pas encore connue", "encore inconnu", "apres tirage", "nvt", "n v t", "n a"),
}
# What may stand before those, or by itself.
_ANY_TEAM = {
    *("tegenstander", "tegenpartij", "tegenploeg", "ploeg", "team", "opponent", "adversaire", "equipe", "club", "x"),
    *("xx", "xxx", "xxxx", "nn", "n n", "uitploeg", "thuisploeg", "bezoekers", "visiteurs", "visitors"),
}
# "Onbekende tegenstander", "nog onbekende ploeg".
_NOT_KNOWN_BEFORE = re.compile(
    r"(?:nog )?(?:niet gekende|niet bekende|onbekende|unknown|te bepalen|to be determined) (\w+)"
)
_ANY_TEAM_ALONE = _ANY_TEAM - {"club"}

# Who comes out of another match, however the text goes on.
_FROM_A_MATCH = {
    *("winnaar", "winnares", "winnaars", "verliezer", "verliezers", "verliezende", "winnende", "overwinnaar"),
    *("vainqueur", "vainqueurs", "gagnant", "gagnante", "gagnants", "perdant", "perdante", "perdants", "finalist"),
    *(
        "finaliste",
        "finalisten",
        "kwartfinalist",
        "halvefinalist",
        "demi finaliste",
        "quart de finaliste",
        "semi finalist",
    ),
    *("runner up", "runners up", "runnerup", "beste tweede", "beste derde", "meilleur deuxieme", "best second"),
    *("semifinalist", "demifinaliste", "halve finalist", "quarter finalist", "laatste uit poule"),
}
# English words that may begin a club's name as well: only before what they come out of.
_MAYBE_LONG = {"winner", "winners", "loser", "losers"}
_MAYBE_FROM = {*_MAYBE_LONG, "win", "los", "w", "v", "l"}
_OUT_OF = {
    *("of", "from", "match", "game", "matches", "pool", "poule", "group", "groep", "groupe", "semi", "semifinal"),
    *("final", "finale", "quarter", "quarterfinal", "wedstrijd", "m", "sf", "qf", "hf", "kf", "1", "2"),
}
_POOLS = r"(?:poule|groep|groupe|group|pool|reeks|serie|division|afdeling)"
# What may stand before those: "beste verliezer", "hoogst gerangschikte winnaar", "lucky loser".
_WHICH = {
    *(
        "beste",
        "slechtste",
        "hoogst",
        "hoogste",
        "laagst",
        "laagste",
        "gerangschikte",
        "geplaatste",
        "eerste",
        "tweede",
    ),
    *(
        "derde",
        "best",
        "highest",
        "lowest",
        "ranked",
        "lucky",
        "meilleur",
        "meilleure",
        "meilleurs",
        "premier",
        "second",
    ),
}
# "Poulewinnaar", "groepswinnaar", "wedstrijdverliezer"; and how it is often misspelled.
_WINNER = re.compile(r"(?:poule|groeps?|reeks|ronde|match|wedstrijd|barrage|finale)?(?:win+aars?|verliezers?)")
_RANK = re.compile(
    r"(?:nummer |nr |no |numero |plaats |place |beste |meilleur |meilleure |best )?"
    r"(?:\d{1,2} ?(?:e|de|ste|er|ere|re|eme|ieme|st|nd|rd|th)?|eerste|tweede|derde|vierde|vijfde|laatste|premier"
    r"|premiere|deuxieme|second|seconde|troisieme|quatrieme|dernier|first|third|fourth|last)"
    rf"(?: plaats| geplaatste| place| classe)?(?: van| uit| in| de| du| of| la| le| the)* {_POOLS}\b.*"
)
_PLACE_IN_POOL = re.compile(rf"{_POOLS} (?:[a-z]|\d{{1,2}})(?: (?:nr |nummer )?(?:\d{{1,2}}|[a-z]\d?))?")
# A place in a ranking of which the text does not say more: "3de plaats", "nummer 2", "kampioen 2e provinciale".
_PLACE = re.compile(
    r"(?:(?:nummer|nr|plaats|place|classe) \d{1,2}"
    r"|\d{1,2} ?(?:e|de|ste|er|ere|re|eme|ieme|st|nd|rd|th) (?:plaats|place)"
    rf"|(?:vice ?)?kampioen(?: (?:van|uit|in|{_POOLS}|\d).*)?|(?:stijger|daler) \d{{1,2}})"
)
# A match by its name, where a team's is due: "troostfinale", "kleine finale".
_FINAL = re.compile(
    r"(?:(?:kleine|grote|halve|kwart|achtste|petite|grande|demi|semi|quarts? de|troost|plaatsings|verliezers|winnaars)"
    r" ?)?finales?|(?:troostings?|plaatsings|kruis|barrage|rangschikkings)(?:wedstrijd|match)(?: \d{1,2})?"
)
# A place in a bracket by its code: "SF1", "QF 2", "HF1", "Kwartfinale 1", "1/2 finale 2"; and what comes out of one.
_BRACKET = (
    r"(?:(?:1 )?[248] ?finale?|[shkqd]f|sf|qf|(?:kwart|halve|achtste|demi|quarts? de|semi|quarter) ?finale?|finale?)"
    r" ?(?:\d{1,2}|[a-d])"
)
_OF_BRACKET = re.compile(
    rf"(?:(?:winner|loser|winn|wnr|win|verl|vlz|verlz|vainq|perd|los|w|v|l) )?{_BRACKET}"
    rf"|(?:winn|wnr|verl|vlz|verlz|vainq|perd) (?:\d{{1,3}}|{_POOLS}.*|m(?:atch)? ?\d{{1,3}}|wed\w* ?\d{{1,3}})"
)
_TEAM_SUFFIX = re.compile(r"u ?\d{1,2}|\d{1,2}|[a-h]")


@lru_cache(4096)
def is_no_opponent(name: str) -> bool:
    """Whether a side's name says that there is no opponent, or none yet: "bye", "nog te bepalen", "winnaar poule A".

    So does a text without a letter ("-", "???").
    """
    if not _LETTERS.search(name):
        return True
    words = _NO_WORD.sub(" ", key(name)).split()
    text_of_words = " ".join(words)
    return (
        _is_placeholder(text_of_words)
        or _is_placeholder(" ".join(_without_team(words)))
        or _comes_out_of_a_match(words)
        or _RANK.fullmatch(text_of_words) is not None
        or _PLACE_IN_POOL.fullmatch(text_of_words) is not None
        or any(kind.fullmatch(text_of_words) for kind in (_PLACE, _FINAL, _OF_BRACKET))
    )


def _is_placeholder(text_of_words: str) -> bool:
    if text_of_words in _NO_OPPONENT or text_of_words in _NOT_KNOWN or text_of_words in _ANY_TEAM_ALONE:
        return True
    named = _NOT_KNOWN_BEFORE.fullmatch(text_of_words)
    if named is not None and named[1] in _ANY_TEAM:
        return True
    words = set(text_of_words.split())
    if words & _SAY_NO_OPPONENT and len(words - _SAY_NO_OPPONENT) > 0 and words <= _SAY_NO_OPPONENT | _SAY_NOTHING:
        return True
    before = {text_of_words.removesuffix(f" {end}") for end in _NOT_KNOWN if text_of_words.endswith(f" {end}")}
    return not before.isdisjoint(_ANY_TEAM | _NOT_KNOWN)


def _comes_out_of_a_match(words: list[str]) -> bool:
    """By its beginning: "winnaar poule A", "verliezer wedstrijd 3", "winner of match 2", "beste verliezer", "W12"."""
    first, rest = re.sub(r"\d+$", "", words[0]), words[1:]
    begins = {first, *(" ".join(words[:count]) for count in (2, 3))}
    said = next((word for word in words if word not in _WHICH), first)
    if begins & _FROM_A_MATCH or _WINNER.fullmatch(first):
        return True
    if words[0] in _WHICH and (said in _FROM_A_MATCH | _MAYBE_LONG or _WINNER.fullmatch(said)):
        return True
    if first not in _MAYBE_FROM:
        return False
    digits = words[0] != first
    if len(first) == 1:  # "W12", "V 3": the winner, the loser of that match
        return (digits and not rest) or (len(rest) == 1 and rest[0].isdecimal())
    return not rest or rest[0] in _OUT_OF or rest[0].isdecimal()


def _without_team(words: list[str]) -> list[str]:
    """The words without those at either end that say which of a club's teams it would be: "bye U15 1"."""
    start, end = 0, len(words)
    while start < end and _TEAM_SUFFIX.fullmatch(words[start]):
        start += 1
    while end > start and _TEAM_SUFFIX.fullmatch(words[end - 1]):
        end -= 1
    return words[start:end]
