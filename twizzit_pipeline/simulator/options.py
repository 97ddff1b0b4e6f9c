"""What can be chosen about a simulated Twizzit: its size, and the habits in which accounts of the live one differ."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from twizzit_pipeline.simulator.quirks import Quirk


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulatorOptions:
    """One simulated Twizzit. The same options (with the same `today`) give the same world, byte for byte.

    Attributes of the world:
        seed: decides every name, number and id.
        today: the day on which the world is made; None means the day it is. The running season is the one of this day.
        clubs: organizations with an account of their own.
        teams: teams of each club and season (one nameless group and two committees come on top).
        players_per_team: contacts on a team's roster, before those who play in two teams.
        other_contacts: members of each club in no team.
        tidy: numbers of clubs (the first is 1) without the rows that must be rejected and the odd ones.
        next_season: whether next season is listed, and whether its rosters have people yet.
        federation: adds one organization whose groups belong to many clubs, and whose account reads the first two
            clubs' organizations as well.
        federation_clubs, federation_contacts: its size; up to 160,000 contacts.

    Attributes of the service:
        token_seconds: how long a token lives; the server holds to it.
        login_answer: how the answer to a login says so; "missing" leaves the token itself out.
        quota: calls that an account may make in all; None for no end.
        above_limit: what a `limit` above the largest does.
        missing_scope: what a v2 call without `organization-ids[]` gets: 400, or 200 with an empty list.
        organization_keys: "prefixed" says ``organization_id`` and ``organization_name``.
        seasons_forbidden: `/seasons` answers 403.
        ignored_filters: parameters (such as ``season-id``, ``group-type``, ``contact-ids[]``) that are not known here.
        team_type_id: the id of the group type "team".
        group_contacts: "whole" answers with whole contacts, ``groupId`` and ``contactFunctionId`` among their keys.
        group_contacts_paged: whether `/group-contacts` honours `limit` and `offset`; if not, all rows come.
        names: "split" gives first and last name; the others give ``name`` alone, in that order.
        name_keys: how the keys of first and last name are spelled.
        v1_rows_per_page: the most rows of a v1 page, whatever `limit` says, so that only `hasMore` marks the end.
        quirks: awkward but real habits of accounts, each by itself or several at once; see `quirks.QUIRKS`.
    """

    seed: int = 2026
    today: date | None = None
    clubs: int = 3
    teams: int = 8
    players_per_team: int = 12
    other_contacts: int = 40
    tidy: frozenset[int] = frozenset()
    next_season: Literal["none", "empty", "filled"] = "none"
    federation: bool = False
    federation_clubs: int = 6
    federation_contacts: int = 1_500

    token_seconds: float = 1800.0
    login_answer: Literal["valid-till", "expires_in", "missing"] = "valid-till"
    quota: int | None = None
    above_limit: Literal["cut", "refuse"] = "cut"
    missing_scope: Literal["refuse", "empty"] = "refuse"
    organization_keys: Literal["plain", "prefixed"] = "plain"
    seasons_forbidden: bool = False
    ignored_filters: frozenset[str] = frozenset()
    team_type_id: int = 1
    group_contacts: Literal["links", "whole"] = "links"
    group_contacts_paged: bool = False
    names: Literal["split", "first_last", "last_first"] = "split"
    name_keys: Literal["kebab", "snake", "camel", "lower"] = "kebab"
    v1_rows_per_page: int | None = None
    quirks: frozenset[Quirk] = frozenset()
