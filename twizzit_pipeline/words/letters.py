"""Which letters of a text can be seen: Twizzit's texts are typed by people and pasted from elsewhere.

What belongs here: what holds for a letter in every text alike, a name, an id or a word that decides something.
"""

import unicodedata

# Unicode's categories of what cannot be seen and what PostgreSQL or a comparison stumbles over: control characters (a
# NUL cannot be stored), formats (zero-width spaces, marks of direction, byte order marks), halves of a surrogate pair.
INVISIBLE = frozenset({"Cc", "Cf", "Cs"})


def visible(text: str) -> str:
    """The text without what cannot be seen and would part a word or hide a sign between two. White space stays."""
    if text.isprintable():
        return text
    return "".join(letter for letter in text if letter.isspace() or unicodedata.category(letter) not in INVISIBLE)
