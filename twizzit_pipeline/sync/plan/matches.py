"""What becomes of a season's matches: a game is found or made, then moved, cancelled, finished as Twizzit says.

A game that ShotSpot has started is never touched: only its mapping is. One that vanished from the calendar stays as it
is, and is reported.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from twizzit_pipeline.sync.plan import Action, Change, Failed, Plan, Warned, id_order
from twizzit_pipeline.sync.plan.merge import merge
from twizzit_pipeline.sync.plan.ownership import claim, current_mapping, mapping_values, same_organization
from twizzit_pipeline.sync.plan.places import find_season, season_creation
from twizzit_pipeline.sync.plan.sides import Place, Sides, Unknown
from twizzit_pipeline.sync.rows import LocalGame, MappingRow, MatchState, RemoteMatch
from twizzit_pipeline.transform.kick_off import belgian_day
from twizzit_pipeline.transform.names import normalised_name

VANISHED = "vanished"
NAME_LENGTH = 255

_NEWS = {"cancelled": "cancelled", "to_reschedule": "postponed", "completed": "finished", "scheduled": "reinstated"}


@dataclass(frozen=True, slots=True)
class _Fixture:
    """A match whose sides and competition are known; `competition_id` is the local one."""

    remote: RemoteMatch
    home: Place
    away: Place
    competition_id: int | None


def plan_matches(state: MatchState) -> Plan:
    """The plan for the matches of one credential and season."""
    season_id = find_season(state.season, state.seasons)
    sides = Sides(state, season_id)
    fixtures, failed = _fixtures(state, sides)
    mappings = {mapping.twizzit_id: mapping for mapping in state.mappings}
    games = {game.id: game for game in state.games}
    changes: list[Change | None] = []
    unmapped: list[_Fixture] = []
    for fixture in fixtures:
        mapping = mappings.get(fixture.remote.id)
        if mapping is None:
            unmapped.append(fixture)
        elif claim(mapping, state.owner, same_name_and_club=False) == "taken":
            failed.append(Failed(fixture.remote.id, "remote_id_taken", (mapping.local_id,)))
        else:
            changes.append(_mapped(state, fixture, mapping, games[mapping.local_id]))
    found, doubtful = _found_or_new(state, unmapped, season_id)
    changed = [change for change in [*changes, *found] if change is not None]
    return Plan(
        "matches",
        changes=[*_places(state, changed, fixtures, sides), *changed],
        failed=[*failed, *doubtful],
        warned=[Warned(remote_id, VANISHED) for remote_id in _vanished(state)],
        unchanged=changes.count(None),
        news=_news(changed),
    )


def _fixtures(state: MatchState, sides: Sides) -> tuple[list[_Fixture], list[Failed]]:
    fixtures, failed = [], []
    for remote in sorted(state.remote, key=lambda match: id_order(match.id)):
        home = sides.find(remote.home_team_id, remote.home_name)
        away = sides.find(remote.away_team_id, remote.away_name)
        unknown = next((side for side in (home, away) if isinstance(side, Unknown)), None)
        if unknown is not None:
            failed.append(Failed(remote.id, unknown.reason, unknown.local_ids))
            continue
        assert isinstance(home, Place)
        assert isinstance(away, Place)
        if not {remote.home_team_id, remote.away_team_id} & set(state.own):
            failed.append(Failed(remote.id, "no_own_team"))
        elif home.club_id == away.club_id:  # ShotSpot's games are between two clubs
            failed.append(Failed(remote.id, "same_club"))
        elif remote.competition_id is not None and remote.competition_id not in state.competitions:
            failed.append(Failed(remote.id, "competition_not_mapped"))
        else:
            competition_id = None if remote.competition_id is None else state.competitions[remote.competition_id]
            fixtures.append(_Fixture(remote, home, away, competition_id))
    return fixtures, failed


def _mapped(state: MatchState, fixture: _Fixture, mapping: MappingRow, game: LocalGame) -> Change | None:
    action: Action = "update"
    if claim(mapping, state.owner, same_name_and_club=False) == "adoptable":
        action = "adopt"
    before = _columns(game)
    values, conflicts = before, tuple[str, ...]()
    base = mapping.last_values
    if _overwrites(state):
        if not _started(game):
            values, conflicts = _merged(fixture, base, before)
        base = _base(state, fixture.remote)
    after = mapping_values(state.owner, _name(fixture.remote), base)
    held = current_mapping(mapping)
    if values == before and after == held:
        return None
    return Change(
        "games",
        action,
        game.id,
        fixture.remote.id,
        values,
        before,
        None if after == held else after,
        held,
        mapping.id,
        conflicts,
    )


def _overwrites(state: MatchState) -> bool:
    """A past season adds and never overwrites (design: the deciding season); one to come may still change."""
    return state.season.decides or state.season.start_date > state.today


def _started(game: LocalGame) -> bool:
    return game.status == "in_progress" or game.has_events


def _merged(
    fixture: _Fixture, base: Mapping[str, object] | None, before: Mapping[str, object]
) -> tuple[dict[str, object], tuple[str, ...]]:
    """The game as it should be: what Twizzit changed since the last sync is written, the rest stays as it is."""
    remote = fixture.remote
    said = {name: value for name, value in _said(fixture).items() if name in _PLAIN}
    remembered = None if base is None else {**base, "date": _moment(base.get("starts_at")), **_scores(base)}
    values, conflicts = merge(remembered, said, before)
    resolved = _said(fixture)
    for column, (concept, now) in _POINTING.items():
        unchanged = base is not None and base.get(concept) == now(remote)
        values[column] = before[column] if unchanged else resolved[column]
    values["season_id"] = before["season_id"]
    return {name: values[name] for name in before}, conflicts


def _found_or_new(state: MatchState, unmapped: Sequence[_Fixture], season_id: int) -> tuple[list[Change], list[Failed]]:
    free: dict[tuple[int, int, date], list[LocalGame]] = defaultdict(list)
    for game in state.games:
        if not game.mapped:
            free[game.home_club_id, game.away_club_id, belgian_day(game.date)].append(game)
    fitting = {
        fixture.remote.id: [
            game
            for game in free[fixture.home.club_id, fixture.away.club_id, belgian_day(fixture.remote.starts_at)]
            if game.home_team_id in (None, fixture.home.team_id) and game.away_team_id in (None, fixture.away.team_id)
        ]
        for fixture in unmapped
    }
    wanted = Counter(game.id for games in fitting.values() for game in games)
    changes, failed = [], []
    for place, fixture in enumerate(unmapped):
        games = fitting[fixture.remote.id]
        if not games:
            changes.append(_new(state, fixture, season_id, row_id=-1 - place))
        elif len(games) > 1 or wanted[games[0].id] > 1:
            failed.append(Failed(fixture.remote.id, "doubtful_link", tuple(sorted(game.id for game in games))))
        else:
            changes.append(_link(state, fixture, games[0], season_id))
    return changes, failed


def _link(state: MatchState, fixture: _Fixture, game: LocalGame, season_id: int) -> Change:
    """At the first link nobody knows who changed what: only what is empty is filled."""
    before = _columns(game)
    if _started(game):
        values = dict(before)
    else:
        said = {**_said(fixture), "season_id": season_id}
        values, _ = merge(None, {name: said[name] for name in before}, before)
    mapping = mapping_values(state.owner, _name(fixture.remote), _base(state, fixture.remote))
    return Change("games", "link", game.id, fixture.remote.id, values, before, mapping)


def _new(state: MatchState, fixture: _Fixture, season_id: int, *, row_id: int) -> Change:
    values = {**_said(fixture), "season_id": season_id}
    mapping = mapping_values(state.owner, _name(fixture.remote), _base(state, fixture.remote))
    return Change("games", "create", row_id, fixture.remote.id, values, {}, mapping)


def _said(fixture: _Fixture) -> dict[str, object]:
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


def _columns(game: LocalGame) -> dict[str, object]:
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


def _base(state: MatchState, remote: RemoteMatch) -> dict[str, object]:
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


def _name(remote: RemoteMatch) -> str:
    return f"{remote.home_name} - {remote.away_name}"[:NAME_LENGTH]


def _vanished(state: MatchState) -> list[str]:
    """Matches of this season that an earlier sync brought and that the calendar does not list any more."""
    listed = {match.id for match in state.remote}
    gone = (
        mapping.twizzit_id
        for mapping in state.mappings
        if mapping.credential_id == state.owner.credential_id
        and same_organization(mapping, state.owner)
        and (mapping.last_values or {}).get("season") == state.season.label
        and mapping.twizzit_id not in listed
    )
    return sorted(gone, key=id_order)


def _news(changes: Sequence[Change]) -> dict[str, tuple[str, ...]]:
    news: dict[str, list[str]] = defaultdict(list)
    for change in changes:
        if change.action == "create" or change.twizzit_id is None:
            continue
        changed = change.changed
        if "date" in changed:
            news["moved"].append(change.twizzit_id)
        if (word := _NEWS.get(str(changed.get("status")))) is not None:
            news[word].append(change.twizzit_id)
    return {word: tuple(ids) for word, ids in news.items()}


def _places(state: MatchState, changes: Sequence[Change], fixtures: Sequence[_Fixture], sides: Sides) -> list[Change]:
    """The season, clubs and teams that these changes need and that are not there yet."""
    changed = {change.twizzit_id for change in changes}
    needed = {place for one in fixtures if one.remote.id in changed for place in (one.home, one.away)}
    made = sides.creations(needed)
    needs_season = any(change.values.get("season_id") == -1 for change in [*changes, *made])
    return [*([season_creation(state.season)] if needs_season else []), *made]
