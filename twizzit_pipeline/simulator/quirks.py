"""Awkward but real habits of accounts, by name: each can be switched on, alone or with any others.

What belongs here: the list. How a quirk looks is where its rows are made (`roster_quirks`, `group_rows`, `events`, …)
or sent (`wire_habits`, `accounts`), and what must come of it is in `truth`.
"""

from typing import Literal, get_args

Quirk = Literal[
    "entities_in_names",  # names hold HTML entities: D&#039;Hondt
    "both_sides_in_groups",  # the opponent stands among an event's groups, with an id of its own
    "opponent_first",  # the same, the opponent before the own team
    "kebab_event_groups",  # an event's groups have keys such as group-id, and come as an object with digit keys
    "string_home_flag",  # isHomeTeam is "true", "0" or "yes", or absent
    "score_objects",  # a score is an object or a list
    "odd_scores",  # a score in an unknown shape
    "hand_written_names",  # "A vs B", "A / B", "B @ A", "A-B", and words before and behind a name
    "byes",  # an opponent that is none: "Bye", "Vrij", "Exempt"
    "winners_to_come",  # an opponent that another match must decide first: "Winnaar poule A"
    "several_match_types",  # league, cup and friendly matches have types of their own
    "running_match",  # a match of the first team is being played, with a running score
    "midnight_kick_offs",  # a match begins at 00:00, or on a day without an hour
    "unknown_status",  # a status word of the account's own
    "own_derby",  # two teams of the club meet
    "tournament_names",  # a friendly called after a tournament, without an opponent
    "many_team_types",  # teams are listed for two group types, one of them for both; "Ploegverantwoordelijken" is none
    "odd_function",  # one member has a function that is in no list: "Zwaluw"
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
