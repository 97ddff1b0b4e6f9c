"""Text as it may enter the database: trimmed, composed, without what cannot be seen.

What belongs here: what is done to every text alike. What is done to names alone is in `names`.
"""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from math import isnan
from typing import TYPE_CHECKING

from twizzit_pipeline.words.letters import visible

if TYPE_CHECKING:  # what cleans a text alone makes no array
    from pandas.api.extensions import ExtensionArray


def clean_text(value: object) -> str | None:
    """`value` as text: NFC, without invisible characters, white space collapsed, trimmed; None where none is left.

    A number becomes its digits (a remote id can come as one), a whole float without its ".0"; anything else that is no
    text becomes None.
    """
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and not isnan(value):
        return str(value)
    return None


@lru_cache(4096)  # first names, genders and teams come again and again
def _clean(text: str) -> str | None:
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", visible(text))
    return " ".join(text.split()) or None


def text_array(values: Iterable[object]) -> "ExtensionArray":
    """Each value through `clean_text`, as an array of dtype `str` with nulls where nothing is left.

    An array, as every column of a frame that is made anew: of series, pandas would compare the indexes first.
    """
    import pandas as pd  # noqa: PLC0415  (see above)

    return pd.array([clean_text(value) for value in values], dtype="str")
