"""A name with a number behind it, where another row has the name and ShotSpot takes it once. Pure."""

from collections.abc import Callable
from itertools import count


def numbered(name: str, is_taken: Callable[[str], bool], *, longest: int) -> str:
    """The name and the first number behind it, from 2, that leaves one which no row has."""
    for number in count(2):
        behind = f" ({number})"
        found = f"{name[: longest - len(behind)]}{behind}"
        if not is_taken(found):
            return found
    raise AssertionError("unreachable: there is always another number")
