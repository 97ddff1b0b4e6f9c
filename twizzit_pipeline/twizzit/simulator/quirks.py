"""Awkward but real habits of accounts, by name: each can be switched on, alone or with any others.

What belongs here: the list. How a quirk looks is where its rows are made (`roster_quirks`, `group_rows`, `events`, …)
or sent (`wire_habits`, `accounts`), and what must come of it is in `truth`.
"""

from typing import Literal, get_args

Quirk = Literal[
    "entities_in_names",  # names hold HTML entities: D&#039;Hondt
    "many_team_types",  # teams are listed for two group types, one of them for both; "Ploegverantwoordelijken" is none
    "odd_function",  # one member has a function that no one knows: "Zwaluw"
    "old_seasons_in_rosters",  # memberships say their season, and two of last season's come along in each team
    "relation_ids",  # groups have the id of their relation to the season, and the lasting group beside it
    "youth_functions",  # players by other words (Jeugdspeler, Speelster, Gastspeler), and an Ex-speler and a Kinesist
    "digit_keys",  # lists are objects with a gap, those within rows too: {"0": …, "2": …}, and {} where empty
    "low_cap",  # v2 gives fifty rows at most, and ten where more are asked for
    "session_ends_403",  # a session ends after a few calls, and then answers 403 without a word
    "empty_204",  # an empty list is a 204
    "empty_404",  # an empty list of v2 is a 404 where the session has got rows of the same path before
    "season_labels",  # seasons are written in many ways: "Saison\u00a02026-2027", "2025/26"
]
QUIRKS: tuple[Quirk, ...] = get_args(Quirk)
