"""Names of people and teams for comparing: what is the same name, however it was typed.

What belongs here: the key that two spellings of one name share. How a whole name falls into first and last name is in
`full_names`.
"""

import unicodedata
from functools import lru_cache

from twizzit_pipeline.words.letters import INVISIBLE

# Letters that Unicode does not take apart into a base letter and an accent.
_LETTERS = {
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "ħ": "h",
    "ŧ": "t",
    "ı": "i",
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
    "ß": "ss",
}
_APOSTROPHES = "'’‘‛`´ʹʼʻ′＇"
_HYPHENS = "-‐‑‒–—―−﹣－"
_FOLD = str.maketrans({**_LETTERS, **dict.fromkeys(_APOSTROPHES + _HYPHENS, " ")})
_DROPPED = {"Mn", "Me", *INVISIBLE}


@lru_cache(4096)  # the clubs and teams of a calendar come again and again
def normalised_name(text: str) -> str:
    """The key under which two spellings of a name are the same: "D’Hóndt  Jean-Luc" and "d'hondt jean luc" share one.

    Without case, accents and invisible characters; ø, ł, æ, ß and their like as plain letters; hyphens, apostrophes and
    white space of every kind as one space. Words stay apart: "Van den Broeck" and "Vandenbroeck" are two names. For
    comparing only, never for showing. Applying it twice changes nothing.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.lower().translate(_FOLD).split())
    # The fold to spaces comes first: compatibility decomposition would turn "´" into a space and an accent.
    apart = unicodedata.normalize("NFKD", text.translate(_FOLD)).casefold().translate(_FOLD)
    apart = unicodedata.normalize("NFKD", apart)
    kept = (c for c in apart if c.isspace() or unicodedata.category(c) not in _DROPPED)
    return " ".join("".join(kept).split())
