"""Awkward but real habits of accounts, by name: each can be switched on, alone or with any others.

What belongs here: the list. How a quirk looks is where its rows are made (`generate`, `events`, `v2`, `v2_events`), and
what must come of it is in `truth`.
"""

from typing import Literal, get_args

Quirk = Literal[
    "entities_in_names",  # names hold HTML entities: D&#039;Hondt
]
QUIRKS: tuple[Quirk, ...] = get_args(Quirk)
