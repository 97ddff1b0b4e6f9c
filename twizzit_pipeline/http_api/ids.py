"""Ids in paths and queries: the digits 0 to 9, as an answer writes them, and nothing around them."""

import re
from typing import Any

from pydantic import BeforeValidator

_WRITTEN = re.compile(r"0|[1-9][0-9]*")


def _plain(said: Any) -> Any:
    """
    Raises:
        ValueError: pydantic would read a number in it: with a space, a sign, an underscore, zeros before or after.
    """
    if isinstance(said, str) and _WRITTEN.fullmatch(said) is None:
        raise ValueError("an id is written in digits alone, like 12")
    return said


# Behind `Path` or `Query` of an id, whose limits the OpenAPI document would not say if they came after it.
# An id that is read generously names a row that the caller may not have meant.
PLAIN = BeforeValidator(_plain)
