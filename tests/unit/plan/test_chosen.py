"""A stored plan that is applied: what of a fresh plan is kept, and that it holds together."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.memory_shotspot import MemoryShotSpot, sync_people
from tests.support.plan_strategies import remote_players, remote_teams, shotspots
from tests.unit.decisions.test_parts import CLUBS, GAMES, OPPONENTS, PAIRS, SEASON, TEAMS
from tests.unit.decisions.test_parts import PLAN as MATCHES
from twizzit_pipeline.plan import Change, Plan, by_reason
from twizzit_pipeline.plan.chosen import (
    LEFT,
    LEFT_OUT,
    NEEDS_WHAT_IS_LEFT,
    NEW_SINCE_PLAN,
    NO_LONGER_TRUE,
    Chosen,
    ChosenEntity,
    _beside,
    is_item,
    item_of,
    keep,
    row_beside,
)
from twizzit_pipeline.plan.decisions import Decisions, OpenQuestion
from twizzit_pipeline.plan.departed import Departures, Missing
from twizzit_pipeline.plan.ownership import current_mapping
from twizzit_pipeline.plan.players import plan_players
from twizzit_pipeline.plan.references import Names, columns, creations, same
from twizzit_pipeline.plan.rows import LocalClub, LocalPlayer, RemotePlayer, RemoteTeam
from twizzit_pipeline.plan.teams import plan_teams
from twizzit_pipeline.policies import Policies


def names_in(shotspot: MemoryShotSpot) -> dict[tuple[str, int], str]:
    tables = {"clubs": shotspot.clubs, "teams": shotspot.teams, "seasons": shotspot.seasons}
    return {(name, row.id): row.name for name, rows in tables.items() for row in rows.values()}  # type: ignore[attr-defined]


def stored(plan: Plan, shotspot: MemoryShotSpot, without: Iterable[str] = ()) -> Chosen:
    """The plan as it is kept until a person applies it."""
    names = Names({**names_in(shotspot), **creations(plan)})
    items = {str(change.twizzit_id): item_of(change, names) for change in plan.changes if is_item(change, plan)}
    beside: dict[str, list[dict[str, Any]]] = {}
    for change in plan.changes:
        if not is_item(change, plan):
            row = row_beside(change, names)
            beside.setdefault(row["table"], []).append(row["values"])
    failed = frozenset((one.twizzit_id, one.reason) for one in plan.failed)
    return Chosen(
        1, {plan.entity: ChosenEntity(items, beside, failed)}, frozenset((plan.entity, one) for one in without)
    )


def kept(plan: Plan, state: Any, chosen: Chosen, shotspot: MemoryShotSpot) -> Plan:
    return keep(plan, state, chosen, Names(names_in(shotspot)))


def by_id(plan: Plan) -> dict[str, Change]:
    return {str(change.twizzit_id): change for change in plan.changes if is_item(change, plan)}


def assert_all_said(whole: Plan, part: Plan, chosen: Chosen) -> None:
    """Each item of either plan is applied, or left with one reason, or has failed."""
    left = [one.twizzit_id for one in part.warned if one.reason in LEFT]
    assert len(left) == len(set(left))
    assert not set(left) & set(by_id(part))
    spoken = set(by_id(whole)) | set(chosen.of(whole.entity).items)
    assert spoken <= set(left) | set(by_id(part)) | {one.twizzit_id for one in part.failed}


def test_a_question_stays_open_whose_answer_is_left_out() -> None:
    shotspot = MemoryShotSpot()
    shotspot.apply(plan_teams(shotspot.team_state([RemoteTeam("1", "U15", None, None, None)])))
    said = [RemotePlayer("1", str(one), f"Remo{one}", "Peeters", None, None) for one in (100, 101)]
    shotspot.apply(plan_players(shotspot.player_state(said)))
    for row_id, player in shotspot.players.items():
        shotspot.players[row_id] = replace(player, first_name="Lokaal")
    asked = [
        OpenQuestion(id_, "field", one.id, "first_name", base="Was", local="Lokaal", remote=one.first_name)
        for id_, one in enumerate(said, start=5)
    ]
    state = replace(shotspot.player_state(said), decisions=Decisions(open=asked))
    whole = plan_players(state)
    assert (len(by_id(whole)), list(whole.settled)) == (2, [5, 6])

    part = kept(whole, state, stored(whole, shotspot, ["100"]), shotspot)

    assert (list(by_id(part)), list(part.settled)) == (["101"], [6])


def test_a_question_that_would_go_over_to_another_id_stays_where_that_is_left_out() -> None:
    shotspot = MemoryShotSpot()
    shotspot.apply(plan_teams(shotspot.team_state([RemoteTeam("1", "U15", None, None, None)])))
    said = RemotePlayer("1", "100", "Remo", "Peeters", None, 9)
    shotspot.apply(plan_players(shotspot.player_state([said])))
    ((local_id, player),) = shotspot.players.items()
    shotspot.players[local_id] = replace(player, jersey_number=4)
    asked = OpenQuestion(5, "field", "100", "jersey_number", local_id, base=None, local=4, remote=9)
    ((mapping_id, mapping),) = shotspot.player_mappings.items()
    missing = Missing("100", local_id, mapping_id, current_mapping(mapping), {"is_active": True}, (1,), None)
    departures = Departures([missing], {"100": "gone"}, active={1: 9})
    state = shotspot.player_state([replace(said, id="900")])
    decisions = Decisions(Policies("ask"), [asked])
    state = replace(state, decisions=decisions, departures=departures, unlisted=state.mappings)
    whole = plan_players(state)
    assert (list(by_id(whole)), whole.settled) == (["900"], {5: "row_gone"})

    part = kept(whole, state, stored(whole, shotspot, ["900"]), shotspot)

    assert (list(by_id(part)), list(part.questions), part.settled) == ([], [], {})


@given(shotspots(), remote_teams(), remote_players(), st.sets(st.integers(1, 107)), st.sets(st.integers(1, 107)))
@settings(max_examples=examples(120), deadline=None)
def test_a_subset_breaks_no_slot_and_equals_those_items_of_the_whole_plan(
    shotspot: MemoryShotSpot,
    teams: list[RemoteTeam],
    players: list[RemotePlayer],
    teams_out: set[int],
    players_out: set[int],
) -> None:
    team_state = shotspot.team_state(teams)
    assert_part(plan_teams(team_state), team_state, shotspot, teams_out)
    player_state = shotspot.player_state(players)
    assert_part(plan_players(player_state), player_state, shotspot, players_out)


def assert_part(whole: Plan, state: Any, shotspot: MemoryShotSpot, out: set[int]) -> None:
    """Applies the plan without some of its items, which must hold together."""
    chosen = stored(whole, shotspot, {str(one) for one in out} & set(by_id(whole)))
    part = kept(whole, state, chosen, shotspot)
    assert all(by_id(whole)[one] is change for one, change in by_id(part).items())
    assert_all_said(whole, part, chosen)
    assert {one.reason for one in part.warned if one.reason in LEFT} <= {LEFT_OUT, NEEDS_WHAT_IS_LEFT}
    if not chosen.without:
        assert (part.changes, part.failed) == (whole.changes, whole.failed)
    shotspot.apply(part)
    shotspot.check()


@given(shotspots(), remote_teams(), remote_players(), remote_teams(), remote_players(), st.sets(st.integers(1, 5)))
@settings(max_examples=examples(120), deadline=None)
def test_after_both_sides_have_moved_only_what_is_still_true_is_applied(
    shotspot: MemoryShotSpot,
    teams: list[RemoteTeam],
    players: list[RemotePlayer],
    later_teams: list[RemoteTeam],
    later_players: list[RemotePlayer],
    edited: set[int],
) -> None:
    sync_people(shotspot, teams, players)
    before = stored(plan_players(shotspot.player_state(later_players)), shotspot)
    for row_id in edited & set(shotspot.players):
        shotspot.players[row_id] = replace(shotspot.players[row_id], first_name="Elders", jersey_number=None)
    sync_people(shotspot, later_teams, [])
    state = shotspot.player_state([*later_players[1:], *players[:1]])
    whole = plan_players(state)
    part = kept(whole, state, before, shotspot)
    assert_all_said(whole, part, before)
    names = Names({**names_in(shotspot), **creations(whole)})
    for remote_id, change in by_id(part).items():
        said = before.of("players").items[remote_id]
        assert same(said["columns"], columns(change, names))  # a team that is renamed meanwhile is the same team
        assert said["action"] == change.action
    shotspot.apply(part)
    shotspot.check()


def numbered() -> tuple[MemoryShotSpot, list[RemotePlayer]]:
    """Two players of one team who change their numbers: 7 becomes 8, and 9 becomes 7."""
    shotspot = MemoryShotSpot()
    team = [RemoteTeam("1", "U15", None, None, None)]
    first = [RemotePlayer("1", "100", "Noë", "Peeters", None, 7), RemotePlayer("1", "101", "Lotte", "Maes", None, 9)]
    sync_people(shotspot, team, first)
    return shotspot, [replace(first[0], jersey_number=8), replace(first[1], jersey_number=7)]


def test_who_would_get_the_number_of_a_player_that_is_left_out_is_left_too() -> None:
    shotspot, later = numbered()
    state = shotspot.player_state(later)
    whole = plan_players(state)
    part = kept(whole, state, stored(whole, shotspot, ["100"]), shotspot)
    assert by_id(part) == {}
    assert by_reason(part.warned) == {LEFT_OUT: ("100",), NEEDS_WHAT_IS_LEFT: ("101",)}
    other = kept(whole, state, stored(whole, shotspot, ["101"]), shotspot)
    assert set(by_id(other)) == {"100"}


def test_a_change_that_is_another_one_by_now_or_new_is_left() -> None:
    shotspot, later = numbered()
    before = stored(plan_players(shotspot.player_state(later[:1])), shotspot)
    moved = [replace(later[0], jersey_number=10), later[1]]
    state = shotspot.player_state(moved)
    part = kept(plan_players(state), state, before, shotspot)
    assert by_id(part) == {}
    assert by_reason(part.warned) == {NO_LONGER_TRUE: ("100",), NEW_SINCE_PLAN: ("101",)}


def test_a_club_and_a_season_come_along_with_the_team_that_needs_them_alone() -> None:
    shotspot = MemoryShotSpot()
    shotspot.federations.add(1)
    rows = [RemoteTeam("1", "U15", None, None, None), RemoteTeam("2", "U17", "Boeckenberg", None, None)]
    state = shotspot.team_state(rows)
    whole = plan_teams(state)
    part = kept(whole, state, stored(whole, shotspot, ["2"]), shotspot)
    assert [(change.table, change.values.get("name")) for change in part.changes] == [
        ("seasons", "2026-2027"),
        ("clubs", "KC Duinen"),
        ("teams", "U15"),
    ]
    nothing = kept(whole, state, stored(whole, shotspot, ["1", "2"]), shotspot)
    assert list(nothing.changes) == []


def test_a_row_that_the_plan_was_to_make_and_that_another_person_made_is_known_by_its_name() -> None:
    shotspot = MemoryShotSpot()
    rows = [RemoteTeam("1", "U15", None, None, None)]
    before = stored(plan_teams(shotspot.team_state(rows)), shotspot)
    shotspot.clubs[1] = LocalClub(1, "KC Duinen")
    state = shotspot.team_state(rows)
    part = kept(plan_teams(state), state, before, shotspot)
    assert [change.values["club_id"] for change in part.changes if change.table == "teams"] == [1]


def test_a_player_whose_new_team_is_left_has_not_failed() -> None:
    shotspot = MemoryShotSpot()
    players = [RemotePlayer("1", "100", "Noë", "Peeters", None, 7)]
    after = MemoryShotSpot()
    sync_people(after, [RemoteTeam("1", "U15", None, None, None)], [])
    before = stored(plan_players(after.player_state(players)), after)
    state = shotspot.player_state([*players, replace(players[0], id="101")])
    part = kept(plan_players(state), state, before, shotspot)
    assert (list(part.changes), list(part.failed)) == ([], [])
    assert by_reason(part.warned) == {NEEDS_WHAT_IS_LEFT: ("100",), NEW_SINCE_PLAN: ("101",)}


def test_what_failed_for_another_reason_has_failed() -> None:
    shotspot = MemoryShotSpot()
    sync_people(shotspot, [RemoteTeam("1", "U15", None, None, None)], [])
    for row_id in (1, 2):
        shotspot.players[row_id] = LocalPlayer(row_id, 1, None, "Noë", "Peeters", None, None, True, False)
    state = shotspot.player_state([RemotePlayer("1", "100", "Noë", "Peeters", None, 7)])
    part = kept(plan_players(state), state, Chosen(1), shotspot)
    assert by_reason(part.failed) == {"doubtful_link": ("100",)}
    assert list(part.warned) == []


def test_what_games_need_comes_along_with_those_that_are_applied_alone() -> None:
    """Their opponents with club and season, what is remembered of these, and the teams of their competitions."""
    names = Names(creations(MATCHES))

    def beside(stored: ChosenEntity, *applied: Change) -> list[Change]:
        return list(_beside(MATCHES, applied, stored, names))

    needed = [SEASON, CLUBS[0], TEAMS[0], OPPONENTS[0], PAIRS[0], PAIRS[2]]
    assert beside(ChosenEntity(), GAMES[0]) == needed
    assert beside(ChosenEntity()) == []
    pairs = [{"competition_id": {"id": 10, "name": None}, "team_id": {"id": None, "name": "-1"}}]
    of_no_game = ChosenEntity(beside={"competition_teams": pairs})
    assert beside(of_no_game, GAMES[0]) == [*needed, PAIRS[3]], "the stored plan had it, and no game speaks of it"
