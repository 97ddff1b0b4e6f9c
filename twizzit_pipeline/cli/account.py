"""The readable account of a sync: what was done, what was not and why, where to look further.

Ids and counts, no names of people. Imports the contracts, and so pandas: imported when a sync is over.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from twizzit_pipeline.cli import asides
from twizzit_pipeline.cli.syncing import Synced
from twizzit_pipeline.cli.terminal import plural, show_line, show_table, table
from twizzit_pipeline.contracts import competitions, matches, players, teams
from twizzit_pipeline.sync.clients import named
from twizzit_pipeline.sync.history import COMPETITION_TEAMS, OPPONENT_CLUBS, OPPONENT_TEAMS, HistoryRow
from twizzit_pipeline.sync.plan.matches import VANISHED
from twizzit_pipeline.sync.plan.ownership import TAKEN_OVER, TAKEN_OVER_RENAMED
from twizzit_pipeline.sync.plan.players import NAME_PUT_RIGHT
from twizzit_pipeline.sync.usage import Budget

_IDS_SHOWN = 3
# The rule's other rows are told of as `listed_twice`.
_TOLD_AS_SET_ASIDE = "listed_once"
_RULES = {
    "teams": {rule.name: rule.description for rule in teams.RULES},
    "players": {rule.name: rule.description for rule in players.RULES},
    "competitions": {rule.name: rule.description for rule in competitions.RULES},
    "matches": {rule.name: rule.description for rule in matches.RULES},
}
_ONE = {"teams": "team", "players": "player", "competitions": "competition", "matches": "match"}
# What happened to matches that ShotSpot had already, in the order of the account.
_NEWS = ("moved", "cancelled", "postponed", "finished", "reinstated")
_WORDS = {
    "competition_not_mapped": "their competition is not in ShotSpot",
    "no_own_team": "neither side is a team of this account",
    "opponent_doubtful": "several clubs or teams of ShotSpot have the opponent's name, so nobody was taken for it",
    NAME_PUT_RIGHT: "ShotSpot had a part of the name in the wrong place; first and last name are Twizzit's now",
    TAKEN_OVER: "taken over from ShotSpot's own integration",
    TAKEN_OVER_RENAMED: "taken over from ShotSpot's own integration by their id alone: ShotSpot's name is another one",
    VANISHED: "not in Twizzit's calendar any more; the game in ShotSpot stays as it is",
    "club_doubtful": "which club the team belongs to is not certain; say so: twizzit credentials set-club ID CLUB",
    "doubtful_link": "which row of ShotSpot it is is not certain, so none was linked and none made",
    "name_taken": "another team of the club has that name in that season",
    "number_taken": "without their shirt number, which another of the club has",
    "players_not_read": "their players could not be read",
    "remote_id_taken": "the id belongs to another active credential; switch that off if this one is to have it",
    "team_not_mapped": "none of the player's teams is in ShotSpot",
}
# What a scan has a remark about: what the rows lack, where the rules say what they should have.
_WORDS_OF_HINTS = {
    "gender_known": "their gender is not given, or not known, so they come without it",
    "jersey_number_given": "without a shirt number",
    "jersey_number_readable": "their shirt number is no number, so they come without it",
    "hour_known": "at midnight, which is a day whose hour is not known",
    "score_readable": "their score has a shape that is not known, so they come without it",
    "status_known": "the word for their status is not known, so they come as if there were none",
    "one_match_at_a_time": "one of the account's teams is in another match at the same time",
}
_WORDS_OF_MATCHES = {"team_not_mapped": "the team is not in ShotSpot; a sync of teams brings it"}

_Found = Mapping[str, Mapping[str, Any]]


def show(out: Console, synced: Synced, *, budget: Budget | None = None) -> None:
    """Print the account of a sync; `budget` is what it left of the month's calls."""
    head = f"{synced.organization}, season {synced.season}: {synced.outcome}"
    out.print(f"\n[bold]{_escaped(head)}[/bold] in {synced.seconds:.1f} s", markup=True)
    told = [row for row in synced.history if row.status in ("success", "partial_success")]
    if synced.history and all(row.details.get("season_exists") is False for row in synced.history):
        out.print(f"The account has no season {synced.season}; nothing was written.")
    elif told:
        show_table(out, _counted(told))
        asides.show_rows(out, told)
        for row in told:
            _calendar(out, row)
        _reasons(out, "Rejected by a contract rule and not written; all other rows went on:", synced, "rejected")
        _reasons(out, "Not applied:", synced, "failed")
        _reasons(out, "With a remark:", synced, "warnings")
        asides.show_unknown_words(out, told)
        asides.show_set_aside(out, told)
        asides.show_event_types(out, told)
    left = "" if budget is None else f"; {budget.left:,} of {budget.limit:,} are left this month"
    out.print(f"Calls to Twizzit: {synced.calls}{left}")
    rows = ", ".join(f"{row.id} ({row.entity}: {row.status})" for row in synced.history)
    show_line(out, f"Sync history:     {rows or 'no row'}", indent=0)
    out.print(f"Dagster run:      {synced.run.run_id}")


def _counted(rows: Iterable[HistoryRow]) -> Table:
    numbers = ("Created", "Linked", "Updated", "Unchanged", "Rejected", "Not applied")
    counted = table("", *numbers, right=numbers)
    for row in rows:
        details = row.details
        done = [
            details.get("create", 0),
            details.get("link", 0) + details.get("adopt", 0),
            details.get("update", 0),
            details.get("unchanged", 0),
        ]
        failed = [_distinct(details.get(kind) or {}) for kind in ("rejected", "failed")]
        counted.add_row(row.entity, *(f"{count:,}" for count in (*done, *failed)))
    return counted


def _calendar(out: Console, row: HistoryRow) -> None:
    """What happened to matches that were known, and who was made for the new ones."""
    news = [f"{row.details[word]:,} {word}" for word in _NEWS if row.details.get(word)]
    if news:
        out.print(f"Matches that changed: {', '.join(news)}")
    clubs, made = (int(row.details.get(name, 0)) for name in (OPPONENT_CLUBS, OPPONENT_TEAMS))
    if made:
        where = f"; {plural(clubs, 'club')} for them" if clubs else ""
        out.print(f"Opponents made:       {plural(made, 'team')}{where}")
    added = int(row.details.get(COMPETITION_TEAMS, 0))
    if added:
        out.print(f"Competitions:         {plural(added, 'team')} added to them")
    if news or made or added:
        out.print()


def _items(count: int, entity: str, reason: str) -> str:
    """How many of what: a roster that could not be read is a team's, though it is counted with the players."""
    of = "teams" if reason == "players_not_read" else entity
    return plural(count, _ONE.get(of, of), of)


def _reasons(out: Console, heading: str, synced: Synced, kind: str) -> None:
    lines = [
        (_items(found["count"], row.entity, reason), reason, row, found)
        for row in synced.history
        for reason, found in sorted((row.details.get(kind) or {}).items())
        if reason != _TOLD_AS_SET_ASIDE
    ]
    if not lines:
        return
    out.print(heading)
    for what, reason, row, found in lines:
        rule = None if kind == "failed" or reason in _WORDS_OF_HINTS else _RULES.get(row.entity, {}).get(reason)
        words = rule or _said(row.entity, reason)
        if words and row.credential_id is not None:
            words = named(words, row.credential_id)
        said = f"{reason} (“{words}”)" if rule else words or reason.replace("_", " ")
        show_line(out, f"{what}: {said}; {_ids(found)}")
    out.print()


def _said(entity: str, reason: str) -> str | None:
    of_entity = _WORDS_OF_MATCHES if entity == "matches" else {}
    return of_entity.get(reason) or _WORDS.get(reason) or _WORDS_OF_HINTS.get(reason)


def _ids(found: Mapping[str, Any]) -> str:
    ids = found.get("twizzit_ids", [])
    more = found["count"] - min(len(ids), _IDS_SHOWN)
    return f"id {', '.join(ids[:_IDS_SHOWN])}" + (f" and {more} more" if more else "")


def _distinct(found: _Found) -> int:
    """How many items, each once: one row can break several rules. Long lists are cut, and then the longest counts."""
    if all(len(of_one["twizzit_ids"]) == of_one["count"] for of_one in found.values()):
        return len({item for of_one in found.values() for item in of_one["twizzit_ids"]})
    return max(int(of_one["count"]) for of_one in found.values())


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")
