"""Awkward but real habits of accounts, by name: each can be switched on, alone or with any others.

What belongs here: the list. How a quirk looks is where its rows are made (`roster_quirks`, `group_rows`, `events`, …),
and what must come of it is in `truth`.
"""

from typing import Literal, get_args

Quirk = Literal[
    "entities_in_names",  # names hold HTML entities: D&#039;Hondt
    "both_sides_in_groups",  # the opponent stands among an event's groups, with an id of its own
    "opponent_first",  # the same, the opponent before the own team
    "kebab_event_groups",  # an event's groups have keys such as group-id, and come as an object with digit keys
    "string_home_flag",  # isHomeTeam is "true", "0" or "yes", or absent
    "score_objects",  # a score is an object or a list
    "odd_scores",  # a score in a shape that nobody knows
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
    "odd_function",  # one member has a function that no one knows: "Zwaluw"
    "old_seasons_in_rosters",  # memberships say their season, and two of last season's come along in each team
    "relation_ids",  # groups have the id of their relation to the season, and the lasting group beside it
    "youth_functions",  # players by other words (Jeugdspeler, Speelster, Gastspeler), and an Ex-speler and a Kinesist
]
QUIRKS: tuple[Quirk, ...] = get_args(Quirk)
