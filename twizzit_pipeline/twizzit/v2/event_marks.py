"""What people write beside a match's name: that it is off, or what kind of a match it is.

What belongs here: taking that off a name. No field of v2 says that a match is off (assumed): it stands in brackets, in
front of the name, behind it, or at the beginning of the description.
"""

import re

from twizzit_pipeline.twizzit.v2.own_names import is_label
from twizzit_pipeline.twizzit.wire import folded
from twizzit_pipeline.words.meanings import Meanings, said
from twizzit_pipeline.words.statuses import OFF, Status, status_of

_BRACKETS = re.compile(r"\s*[(\[{*]+\s*([^()\[\]{}*]+?)\s*[)\]}*]+\s*")
_BEFORE = re.compile(r"\s*(\w[\w.-]*)[\s:!.–-]+(?=\S)")
_BEHIND = re.compile(r"(?:\s+[-–—:/|]+\s*|[,;!]\s*|\s+)(\w[\w.-]*)[\s!.]*$")
_TWO_LETTERS = re.compile(r"[^\W\d_]{2}")
_LONG = 5  # letters
_PLACES = {
    **dict.fromkeys(("thuis", "home", "domicile", "a domicile", "thuiswedstrijd"), "thuis"),
    **dict.fromkeys(("uit", "away", "exterieur", "a l'exterieur", "op verplaatsing", "uitwedstrijd"), "uit"),
}
# "… verplaatst naar 12/12", "… afgelast wegens regen": the mark, and why or to when.
_MARK_BEHIND = re.compile(
    r"(?:\s+[-–—:/|]+\s*|[,;!]+\s*|\s+)((\w{5,})\s+(?:naar|op|om|tot|door|wegens|omwille|au|a|à|pour|to|till|until|due)\b.*)$"
)
_DASHED_BEHIND = re.compile(r"\s+[-–—:/|]+\s+([^-–—:/|]+)$")


def without_marks(name: str, meanings: Meanings) -> tuple[str, Status | None]:
    """A name without its marks, and what they say of where the match stands."""
    status: Status | None = None
    for found in reversed(list(_BRACKETS.finditer(name))):
        place = _PLACES.get(folded(found[1]))
        if place is not None and found.end() == len(name):  # "AKC Zand (uit)" is "Uit: AKC Zand"
            name = f"{place}: {name[: found.start()]}"
            continue
        marked = off(found[1], meanings)
        if marked is not None or is_label(found[1]):
            status = marked or status
            name = f"{name[: found.start()]} {name[found.end() :]}".strip()
    if status is None:
        name, status = _unbracketed(name, meanings)
    return name, status


def off(text: str, meanings: Meanings) -> Status | None:
    """What a mark or the beginning of a description says, where it says that a match is off."""
    if _TWO_LETTERS.search(text) is None:  # "1" of "U15 1" is no status, whatever an account's ids are
        return None
    marked = said(meanings.statuses, None, [text, *text.split()[:1]])
    if marked is not None:
        return marked
    found = status_of(text)
    return found if found in OFF else None


def _unbracketed(name: str, meanings: Meanings) -> tuple[str, Status | None]:
    marked = _MARK_BEHIND.search(name)
    if marked and marked.start() > 0 and off(marked[2], meanings) is not None:
        return name[: marked.start()].strip(), off(marked[1], meanings)
    for pattern in (_DASHED_BEHIND, _BEHIND):
        found = pattern.search(name)
        if found and found.start() > 0 and _is_mark(found, name) and (status := off(found[1], meanings)) is not None:
            return name[: found.start()].rstrip(" !"), status
    before = _BEFORE.match(name)
    if before and _is_mark(before, name) and (status := off(before[1], meanings)) is not None:
        return name[before.end() :].strip(), status
    status = off(name, meanings) if name.strip() and " " not in name.strip() else None
    return ("", status) if status else (name, None)


def _is_mark(found: re.Match[str], name: str) -> bool:
    """Whether a word beside a name is long enough, or set apart: "FF" may be part of a club's name.

    Not behind a team's number ("KC Zand U15 1 FF"); "wo" is Wednesday there as well.
    """
    if len(found[1]) >= _LONG or found[0].strip() != found[1]:
        return True
    return name[: found.start()][-1:].isdecimal() and folded(found[1]) != "wo"
