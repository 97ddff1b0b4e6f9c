"""Teams: plain records into the frame that the contract judges.

What belongs here: what a team's row says of itself, age group and gender included. Which local team it is, is decided
in `plan`.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from twizzit_pipeline.transform.names import normalised_name
from twizzit_pipeline.transform.text import clean_text, text_array
from twizzit_pipeline.twizzit.records import Team

if TYPE_CHECKING:  # what reads a name alone makes no frame
    import pandas as pd

# Belgian korfball's categories, in Dutch and French, each under the name that is kept. "Junior" alone also stands in
# clubs' names, so only its plurals count.
_CATEGORIES = {
    "Kangoeroes": ("kangoeroe", "kangoeroes"),
    "Benjamins": ("benjamins",),
    "Welpen": ("welp", "welpen"),
    "Pupillen": ("pupil", "pupillen", "pupilles"),
    "Aspiranten": ("aspirant", "aspiranten", "aspirants"),
    "Miniemen": ("miniem", "miniemen", "minimes"),
    "Cadetten": ("cadet", "cadetten", "kadet", "kadetten", "cadets"),
    "Scholieren": ("scholier", "scholieren", "scolaires"),
    "Junioren": ("junioren", "juniores", "juniors"),
    "Senior": ("senior", "seniors", "senioren", "seniores"),
}
_CATEGORY_OF = {word: category for category, words in _CATEGORIES.items() for word in words}

# U15, U-15, onder 15, moins de 15, and "-15" where it stands free. "2010-15" and "Antwerpen - 2" are no ages, and
# "U15/17" is not one age.
_UNDER = re.compile(r"(?:\bu\s?-?\s?|\bonder |\bunder |\bmoins de |(?:^|(?<=\s))-)(\d{1,2})(?!\d|\s?[-/+&]\s?\d\d)")
_YOUNGEST, _OLDEST = 5, 23

_GENDER_OF = {
    **dict.fromkeys(("heren", "mannen", "jongens", "garcons", "hommes", "messieurs"), "male"),
    **dict.fromkeys(("dames", "vrouwen", "meisjes", "filles", "femmes", "ladies", "girls"), "female"),
    **dict.fromkeys(("gemengd", "gemengde", "mixte", "mixed"), "mixed"),
}


def teams_frame(teams: Sequence[Team]) -> "pd.DataFrame":
    """One row for each record, in order.

    Returns:
        `twizzit_team_id`, `name`, `short_name`, `club_id`, `club_name`, `age_group`, `gender`: all of dtype `str`, null
        where the record says nothing. Texts are cleaned by `clean_text`; `age_group` and `gender` are read from the
        name, or from the category where the name does not say.
    """
    import pandas as pd  # noqa: PLC0415  (see above)

    return pd.DataFrame(
        {
            "twizzit_team_id": text_array(team.id for team in teams),
            "name": text_array(team.name for team in teams),
            "short_name": text_array(team.short_name for team in teams),
            "club_id": text_array(team.club_id for team in teams),
            "club_name": text_array(team.club_name for team in teams),
            "age_group": text_array(age_group(team.name, team.category) for team in teams),
            "gender": text_array(team_gender(team.name, team.category) for team in teams),
        }
    )


@lru_cache(4096)  # a federation has a U15 in each of its clubs
def age_group(name: str | None, category: str | None = None) -> str | None:
    """The age group that a team's name (else its category) plainly says: "U15", "Welpen", "Senior", …; else None.

    An age is written "U15" whatever it was ("-15", "onder 15"); a word becomes Belgian korfball's own. A text that
    names two of them ("U13/U15") gives none.
    """
    return _agreed(_age_groups, name, category)


@lru_cache(4096)
def team_gender(name: str | None, category: str | None = None) -> str | None:
    """'male', 'female' or 'mixed' where a team's name (else its category) says so in a word of its own; else None.

    Korfball teams are mixed by nature, but what is not said is not written down.
    """
    return _agreed(lambda text: {_GENDER_OF[word] for word in _words(text) if word in _GENDER_OF}, name, category)


def _agreed(read: Callable[[str], set[str]], *texts: str | None) -> str | None:
    for text in texts:
        found = read(clean_text(text) or "")
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def _age_groups(text: str) -> set[str]:
    under = {f"U{age}" for age in map(int, _UNDER.findall(text.casefold())) if _YOUNGEST <= age <= _OLDEST}
    return under | {_CATEGORY_OF[word] for word in _words(text) if word in _CATEGORY_OF}


def _words(text: str) -> Iterable[str]:
    return re.findall(r"[^\W\d_]+", normalised_name(text))
