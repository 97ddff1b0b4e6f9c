"""A match as the columns of a game: what Twizzit says, what ShotSpot holds, and what a mapping remembers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from twizzit_pipeline.plan.decisions import NOTHING_DECIDED, Decisions
from twizzit_pipeline.plan.merge import merge
from twizzit_pipeline.plan.rows import LocalGame, RemoteMatch
from twizzit_pipeline.plan.sides import Place
from twizzit_pipeline.plan.states import MatchState
from twizzit_pipeline.transform.kick_off import belgian_day, hour_known
from twizzit_pipeline.transform.names import normalised_name

NAME_LENGTH = 255
SIDES = ("home_club_id", "home_team_id", "away_club_id", "away_team_id")


@dataclass(frozen=True, slots=True)
class Fixture:
    """A match whose sides and competition are known; `competition_id` is the local one."""

    remote: RemoteMatch
    home: Place
    away: Place
    competition_id: int | None


def is_started(game: LocalGame) -> bool:
    """Whether the game is ShotSpot's alone by now."""
    return game.status == "in_progress" or game.has_events


def merged_columns(
    fixture: Fixture,
    base: Mapping[str, object] | None,
    before: Mapping[str, object],
    *,
    repairs: Collection[str] = (),
    decisions: Decisions = NOTHING_DECIDED,
) -> tuple[dict[str, object], tuple[str, ...]]:
    """The game as it should be: what Twizzit changed since the last sync is written, the rest stays as it is.

    Args:
        repairs: columns that are Twizzit's, edited in ShotSpot or not.
        decisions: who wins where both sides changed its day, status or score. Of what it points at that is not known.
    """
    remote = fixture.remote
    resolved = wanted_columns(fixture)
    said = said_columns(fixture)
    known = decisions.base_of(remote.id, last_said(base), said, before)
    values, conflicts = merge(known, said, before, repairs=repairs, policies=decisions.policies)
    for column, (concept, now) in _POINTING.items():
        unchanged = base is not None and base.get(concept) == now(remote)
        values[column] = before[column] if unchanged and column not in repairs else resolved[column]
    if any(values[column] != before[column] for column in SIDES) and _meets_itself(values, resolved):
        # half of it was changed in ShotSpot, and no game can be so
        values |= {column: resolved[column] for column in SIDES}
    values["season_id"] = before["season_id"]
    return {name: values[name] for name in before}, conflicts


def said_columns(fixture: Fixture) -> dict[str, object]:
    """The columns in which Twizzit's words are compared with ShotSpot's."""
    resolved = wanted_columns(fixture)
    return {name: resolved[name] for name in _PLAIN}


def last_said(base: Mapping[str, object] | None) -> dict[str, object] | None:
    """The columns of `said_columns` as the mapping remembers them; None where it remembers nothing."""
    return None if base is None else {**base, "date": _moment(base.get("starts_at")), **_scores(base)}


def repaired_columns(fixture: Fixture, game: LocalGame) -> frozenset[str]:
    """The columns of which Twizzit says something, of a game that a repair may write: one that has neither started nor
    ended in ShotSpot.
    """
    if is_started(game) or game.status == "completed":
        return frozenset()
    remote = fixture.remote
    columns = {"date", "status", *SIDES}
    if not hour_known(remote.starts_at) and belgian_day(remote.starts_at) == belgian_day(game.date):
        columns.discard("date")  # the hour that ShotSpot has is the only one
    if remote.home_score is not None and remote.away_score is not None:
        columns |= {"home_score", "away_score"}
    return frozenset(columns if fixture.competition_id is None else columns | {"competition_id"})


def following_columns(state: MatchState, game: LocalGame) -> frozenset[str]:
    """The columns of the sides that go where the mapping of their team names now; a game that is over keeps its own."""
    if game.status == "completed":
        return frozenset()
    sides = [side for side in ("home", "away") if (game.id, f"{side}_team_id") in state.left_behind]
    return frozenset(f"{side}_{what}_id" for side in sides for what in ("club", "team"))


def season_of_game(
    state: MatchState, game: LocalGame, day: date, base: Mapping[str, object] | None, season_id: int
) -> int | None:
    """The season that a game has; this one where Twizzit has moved it out of the days of the season that it had."""
    held = next((one for one in state.seasons if one.id == game.season_id), None)
    is_new_here = (base or {}).get("season") not in (None, state.season.label)
    if held is None or not is_new_here or held.start_date <= day <= held.end_date:
        return game.season_id
    return season_id


def match_name(remote: RemoteMatch) -> str:
    """What a match's mapping calls it."""
    return f"{remote.home_name} - {remote.away_name}"[:NAME_LENGTH]


def _meets_itself(values: Mapping[str, object], resolved: Mapping[str, object]) -> bool:
    """Whether both sides are one, or of one club without being two of its teams."""
    if values["home_club_id"] != values["away_club_id"]:
        return False
    teams = values["home_team_id"], values["away_team_id"]
    within_a_club = resolved["home_club_id"] == resolved["away_club_id"]
    return not within_a_club or None in teams or teams[0] == teams[1]


def wanted_columns(fixture: Fixture) -> dict[str, object]:
    """The columns as Twizzit has them, the season aside."""
    remote = fixture.remote
    return {
        "home_club_id": fixture.home.club_id,
        "away_club_id": fixture.away.club_id,
        "home_team_id": fixture.home.team_id,
        "away_team_id": fixture.away.team_id,
        "competition_id": fixture.competition_id,
        "date": remote.starts_at,
        "status": remote.status,
        "home_score": remote.home_score or 0,
        "away_score": remote.away_score or 0,
    }


def held_columns(game: LocalGame) -> dict[str, object]:
    """The columns as ShotSpot has them."""
    return {
        "home_club_id": game.home_club_id,
        "away_club_id": game.away_club_id,
        "home_team_id": game.home_team_id,
        "away_team_id": game.away_team_id,
        "competition_id": game.competition_id,
        "season_id": game.season_id,
        "date": game.date,
        "status": game.status,
        "home_score": game.home_score,
        "away_score": game.away_score,
    }


def _home(remote: RemoteMatch) -> str:
    return remote.home_team_id or normalised_name(remote.home_name)


def _away(remote: RemoteMatch) -> str:
    return remote.away_team_id or normalised_name(remote.away_name)


def _competition(remote: RemoteMatch) -> str | None:
    return remote.competition_id


_PLAIN = ("date", "status", "home_score", "away_score")
# Columns that point at other rows: what the mapping remembers of them is what Twizzit calls them.
_POINTING = {
    "home_club_id": ("home", _home),
    "home_team_id": ("home", _home),
    "away_club_id": ("away", _away),
    "away_team_id": ("away", _away),
    "competition_id": ("competition_id", _competition),
}


def remembered(state: MatchState, remote: RemoteMatch) -> dict[str, object]:
    """What the mapping remembers, as JSON can hold it."""
    return {
        "home": _home(remote),
        "away": _away(remote),
        "competition_id": remote.competition_id,
        "starts_at": remote.starts_at.isoformat(),
        "status": remote.status,
        "home_score": remote.home_score,
        "away_score": remote.away_score,
        "season": state.season.label,
    }


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def _scores(base: Mapping[str, object]) -> dict[str, object]:
    return {name: base.get(name) or 0 for name in ("home_score", "away_score")}
