"""Awkward but real habits of accounts, by name: each can be switched on, alone or with any others.

What belongs here: the list. How a quirk looks is where its rows are made (`roster_quirks`, `group_rows`, `events`, …),
and what must come of it is in `truth`.
"""

from typing import Literal, get_args

Quirk = Literal[
    "entities_in_names",  # names hold HTML entities: D&#039;Hondt
    "many_team_types",  # teams are listed for two group types, one of them for both; "Ploegverantwoordelijken" is none
    "odd_function",  # one member has a function that no one knows: "Zwaluw"
    "old_seasons_in_rosters",  # memberships say their season, and two of last season's come along in each team
    "relation_ids",  # groups have the id of their relation to the season, and the lasting group beside it
    "youth_functions",  # players by other words (Jeugdspeler, Speelster, Gastspeler), and an Ex-speler and a Kinesist
]
QUIRKS: tuple[Quirk, ...] = get_args(Quirk)
