"""What becomes of a season's matches: a game is found or made, then moved, cancelled, finished as Twizzit says.

A game that ShotSpot has started is never touched: only its mapping is. One that vanished from the calendar stays as it
is, and is reported.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import cast

from twizzit_pipeline.entities import MATCHES
from twizzit_pipeline.plan import DOUBTFUL_LINK, Action, Change, Failed, Plan, Warned, id_order
from twizzit_pipeline.plan.asking import Asking
from twizzit_pipeline.plan.competition_teams import plan_competition_teams
from twizzit_pipeline.plan.departed import DONE, Record
from twizzit_pipeline.plan.departures import DEPARTED, match_departs, plan_departures, returned
from twizzit_pipeline.plan.fixtures import read_fixtures, without_competition
from twizzit_pipeline.plan.games import (
    Fixture,
    following_columns,
    held_columns,
    is_started,
    last_said,
    match_name,
    merged_columns,
    remembered,
    repaired_columns,
    said_columns,
    season_of_game,
    wanted_columns,
)
from twizzit_pipeline.plan.known_sides import with_known_sides
from twizzit_pipeline.plan.matches_anew import MatchesAnew
from twizzit_pipeline.plan.merge import merge
from twizzit_pipeline.plan.opponent_questions import opponent_questions
from twizzit_pipeline.plan.ownership import (
    by_remote_id,
    claim,
    current_mapping,
    going_over,
    mapping_values,
    refused,
    same_organization,
)
from twizzit_pipeline.plan.places import find_season, season_creation
from twizzit_pipeline.plan.rows import LocalGame, MappingRow
from twizzit_pipeline.plan.sides import Sides
from twizzit_pipeline.plan.states import MatchState
from twizzit_pipeline.transform.kick_off import belgian_day

VANISHED = "vanished"

_NEWS = {"cancelled": "cancelled", "to_reschedule": "postponed", "completed": "finished", "scheduled": "reinstated"}


def plan_matches(state: MatchState) -> Plan:
    """The plan for the matches of one credential and season, and for the teams of their competitions."""
    state = with_known_sides(state)
    season_id = find_season(state.season, state.seasons)
    sides = Sides(state, season_id)
    leaving = plan_departures(state.departures, match_departs, grace=True)
    read = read_fixtures(state, sides)
    fixtures = read.games
    asking, opponents = Asking(state.decisions), opponent_questions(state, read.waiting)
    changes, unmapped, refusals = _of_mapped(state, fixtures, season_id, asking)
    anew = MatchesAnew(state, unmapped)
    found, doubtful = _found_or_new(state, unmapped, season_id, anew, asking)
    leaving = anew.stay(leaving)
    changed = [change for change in [*changes, *found] if change is not None]
    failed = [*read.failed, *refusals, *doubtful]
    back = {one.remote.id for one in fixtures} - {one.twizzit_id for one in failed}
    made = [*_places(state, changed, fixtures, sides), *leaving.changes, *changed]
    return Plan(
        MATCHES.name,
        changes=[*made, *plan_competition_teams(state, changed)],
        failed=failed,
        warned=[
            *without_competition(state, fixtures),
            *(Warned(remote_id, VANISHED) for remote_id in _vanished(state, leaving.changes, anew)),
        ],
        unchanged=changes.count(None),
        news=_news([*leaving.changes, *changed]),
        set_aside=read.set_aside,
        departures=[*leaving.records, *_back(state, back)],
        held=leaving.held,
        waiting=leaving.waiting,
        questions=[*asking.questions, *opponents.questions],
        settled={**asking.settled, **opponents.settled},
    )


def _of_mapped(
    state: MatchState, fixtures: Sequence[Fixture], season_id: int, asking: Asking
) -> tuple[list[Change | None], list[Fixture], list[Failed]]:
    """What becomes of the games that a mapping names (None: nothing); matches without one; what is others'."""
    mappings = by_remote_id(state.mappings, state.owner)
    games = {game.id: game for game in state.games}
    own_clubs = {team.club_id for team in state.own.values()}
    changes: list[Change | None] = []
    unmapped, failed = [], []
    for fixture in fixtures:
        mapping = mappings.get(fixture.remote.id)
        if mapping is None:
            unmapped.append(fixture)
            continue
        game = games[mapping.local_id]
        own_game = bool({game.home_club_id, game.away_club_id} & own_clubs)
        decided = state.decisions.names(fixture.remote.id, game.id)
        claimed = claim(mapping, state.owner, may_be_same=own_game, decided=decided)
        if (refusal := refused(claimed, fixture.remote.id, mapping.local_id)) is None:
            action: Action = "adopt" if claimed == "adoptable" else "update"
            changes.append(_mapped(state, fixture, mapping, game, action, season_id, asking))
        elif state.decisions.settles(refusal):
            unmapped.append(fixture)
        else:
            failed.append(refusal)
    return changes, unmapped, failed


def _back(state: MatchState, listed: Collection[str]) -> list[Record]:
    """The departures of the matches that are here again, by this plan or since their cancellation was undone."""
    done = [one for one in state.departures.back.values() if one.status in DONE and one.twizzit_id in listed]
    return returned(done) if _overwrites(state) else []


def _mapped(
    state: MatchState,
    fixture: Fixture,
    mapping: MappingRow,
    game: LocalGame,
    action: Action,
    season_id: int,
    asking: Asking,
) -> Change | None:
    before = held_columns(game)
    values, conflicts = before, tuple[str, ...]()
    base = mapping.last_values
    if _overwrites(state):
        if is_started(game):
            asking.is_moot(mapping.twizzit_id)
        else:
            repairs = _repairs(state, fixture, game)
            if base is not None and base.get(DEPARTED):
                action, game = "return", _as_before(state, fixture, mapping, game)
            as_held = held_columns(game)
            written = repairs | following_columns(state, game)
            decisions = state.decisions.gone_over(mapping.twizzit_id, fixture.remote.id)
            values, conflicts = merged_columns(fixture, base, as_held, repairs=written, decisions=decisions)
            asking.look(
                fixture.remote.id,
                game.id,
                base=last_said(base),
                remote=said_columns(fixture),
                held=as_held,
                values=values,
                conflicts=conflicts,
                mapped_as=mapping.twizzit_id,
            )
            day = belgian_day(cast("datetime", values["date"]))
            is_repaired = bool(repairs) and season_id > 0
            values["season_id"] = season_id if is_repaired else season_of_game(state, game, day, base, season_id)
        base = remembered(state, fixture.remote)
    after = mapping_values(state.owner, match_name(fixture.remote), base)
    held = current_mapping(mapping)
    if mapping.twizzit_id != fixture.remote.id:
        held, after = going_over(held, after, mapping.twizzit_id, fixture.remote.id)
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


def _as_before(state: MatchState, fixture: Fixture, mapping: MappingRow, game: LocalGame) -> LocalGame:
    """The game with the status that it had before it was cancelled for want of its match, if it is cancelled still."""
    departure = state.departures.of(mapping.twizzit_id)
    if game.status != "cancelled":
        return game
    before = fixture.remote.status if departure is None else departure.before.get("status", fixture.remote.status)
    return replace(game, status=str(before))


def _repairs(state: MatchState, fixture: Fixture, game: LocalGame) -> frozenset[str]:
    return repaired_columns(fixture, game) if state.season.repairs else frozenset()


def _overwrites(state: MatchState) -> bool:
    """A past season adds and never overwrites (docs/architecture.md, Seasons); one to come may still change."""
    return state.season.decides or state.season.start_date > state.today


def _found_or_new(
    state: MatchState, unmapped: Sequence[Fixture], season_id: int, anew: MatchesAnew, asking: Asking
) -> tuple[list[Change], list[Failed]]:
    sides = {one.remote.id: (one.home.club_id, one.away.club_id) for one in unmapped}
    chosen = state.decisions.chosen(
        (fixture.remote for fixture in unmapped),
        (game for game in state.games if not game.mapped),
        lambda remote, game: (game.home_club_id, game.away_club_id) == sides[remote.id],
    )
    free: dict[tuple[int, int, date], list[LocalGame]] = defaultdict(list)
    for game in state.games:
        if not game.mapped and game not in chosen.values():
            free[game.home_club_id, game.away_club_id, belgian_day(game.date)].append(game)
    fitting = {
        fixture.remote.id: [
            game
            for game in free[fixture.home.club_id, fixture.away.club_id, belgian_day(fixture.remote.starts_at)]
            if game.home_team_id in (None, fixture.home.team_id) and game.away_team_id in (None, fixture.away.team_id)
        ]
        for fixture in unmapped
    } | {remote_id: [] if game is None else [game] for remote_id, game in chosen.items()}
    wanted = Counter(game.id for games in fitting.values() for game in games)
    changes, failed = [], []
    for place, fixture in enumerate(unmapped):
        games = fitting[fixture.remote.id]
        earlier = None if fixture.remote.id in chosen else anew.take(fixture)
        if earlier is not None:
            one = _mapped(state, fixture, earlier.mapping, earlier.game, "update", season_id, asking)
            changes.extend([one] if one is not None else [])
        elif not games:
            changes.append(_new(state, fixture, season_id, row_id=-1 - place))
        elif len(games) > 1 or wanted[games[0].id] > 1:
            failed.append(Failed(fixture.remote.id, DOUBTFUL_LINK, tuple(sorted(game.id for game in games))))
        else:
            changes.append(_link(state, fixture, games[0], season_id))
    return changes, failed


def _link(state: MatchState, fixture: Fixture, game: LocalGame, season_id: int) -> Change:
    """At the first link it is not known who changed what: only what is empty is filled."""
    before = held_columns(game)
    if is_started(game):
        values = dict(before)
    else:
        said = {**wanted_columns(fixture), "season_id": season_id}
        repairs = _repairs(state, fixture, game)
        in_season = {"season_id"} if repairs and season_id > 0 else frozenset[str]()
        values, _ = merge(None, {name: said[name] for name in before}, before, repairs=repairs | in_season)
    mapping = mapping_values(state.owner, match_name(fixture.remote), remembered(state, fixture.remote))
    return Change("games", "link", game.id, fixture.remote.id, values, before, mapping)


def _new(state: MatchState, fixture: Fixture, season_id: int, *, row_id: int) -> Change:
    kind = {"game_type": "team"} if state.has_game_type else {}  # both sides are teams, as in ShotSpot's own games
    values = {**wanted_columns(fixture), "season_id": season_id, **kind}
    mapping = mapping_values(state.owner, match_name(fixture.remote), remembered(state, fixture.remote))
    return Change("games", "create", row_id, fixture.remote.id, values, {}, mapping)


def _vanished(state: MatchState, leaving: Sequence[Change], anew: MatchesAnew) -> list[str]:
    """Matches of this season that an earlier sync brought and that the calendar does not list any more, but for those
    that are cancelled for it.
    """
    listed = {match.id for match in state.remote} | {change.twizzit_id for change in leaving}
    gone = (
        mapping.twizzit_id
        for mapping in state.mappings
        if mapping.credential_id == state.owner.credential_id
        and same_organization(mapping, state.owner)
        and (mapping.last_values or {}).get("season") == state.season.label
        and mapping.twizzit_id not in listed
        and not anew.is_taken(mapping.twizzit_id)
        and not (mapping.last_values or {}).get(DEPARTED)
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


def _places(state: MatchState, changes: Sequence[Change], fixtures: Sequence[Fixture], sides: Sides) -> list[Change]:
    """The season, clubs and teams that these changes need and that are not there yet."""
    changed = {change.twizzit_id for change in changes}
    needed = {place for one in fixtures if one.remote.id in changed for place in (one.home, one.away)}
    made = sides.creations(needed)
    needs_season = any(change.values.get("season_id") == -1 for change in [*changes, *made])
    return [*([season_creation(state.season)] if needs_season else []), *made]
