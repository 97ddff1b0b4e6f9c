"""Names of teams for comparing: what is the same team of a club, and what may be it, spelled otherwise. Pure."""

import re

from twizzit_pipeline.transform.clubs import club_keys
from twizzit_pipeline.transform.names import normalised_name

_SIGNS = re.compile(r"[\W_]+")
_BETWEEN = re.compile(r"(?<!\d) | (?!\d)")  # white space but for that between two numbers


def own_name(name: str, club: str | None) -> str:
    """A team's name without that of its club, normalised: another club's sync calls an opponent by both.

    Args:
        club: the club's name, normalised; None where it is not known.
    """
    return normalised_name(name).removeprefix(f"{club} ")


def loose_name(name: str, club: str) -> str:
    """What spellings of a team's name share that a person may take for the same: "U.15-1" and "KC Duinen U 15 1".

    Without the club's name in front, however it is spelled there, and without signs and white space, but for that
    between two numbers: "U1 51" is no "U15 1". For asking only: no team is linked by it.
    """
    words = name.split()
    of_club = club_keys(club)
    lengths = (n for n in range(len(words) - 1, 0, -1) if club_keys(" ".join(words[:n])) & of_club)
    rest = _joined(" ".join(words[next(lengths, 0) :]))
    return rest or _joined(name)


def _joined(name: str) -> str:
    return _BETWEEN.sub("", _SIGNS.sub(" ", normalised_name(name)).strip())
