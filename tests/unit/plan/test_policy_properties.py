"""What holds for the players of any club under any policy: edits that Twizzit leaves stay, and none is asked twice."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.memory_shotspot import MemoryShotSpot, sync_people
from tests.support.plan_strategies import FIRST, LAST, remote_players
from twizzit_pipeline.plan import Plan
from twizzit_pipeline.plan.decisions import Decisions, OpenQuestion
from twizzit_pipeline.plan.players import plan_players
from twizzit_pipeline.plan.rows import RemotePlayer, RemoteTeam
from twizzit_pipeline.policies import POLICIES, Policies, Policy

TEAMS = [RemoteTeam(str(i), f"U{i}", None, None, None) for i in (1, 2, 3)]
POLICY = st.sampled_from(POLICIES)
NAMES = ("first_name", "last_name")
Edits = dict[int, str]
EDITS = st.dictionaries(st.integers(100, 107), st.sampled_from(NAMES), max_size=6)


@st.composite
def policies(draw: st.DrawFn) -> Policies:
    return Policies(draw(POLICY), draw(st.dictionaries(st.sampled_from(NAMES), POLICY)))


@st.composite
def renamed(draw: st.DrawFn, players: list[RemotePlayer]) -> list[RemotePlayer]:
    """The same people in the same teams, some of whom Twizzit calls otherwise."""
    names = {id_: (draw(FIRST), draw(LAST)) for id_ in sorted({one.id for one in players}) if draw(st.booleans())}
    return [
        replace(one, first_name=names[one.id][0], last_name=names[one.id][1]) if one.id in names else one
        for one in players
    ]


def synced(players: list[RemotePlayer]) -> MemoryShotSpot:
    shotspot = MemoryShotSpot()
    sync_people(shotspot, TEAMS, players)
    return shotspot


def edited(shotspot: MemoryShotSpot, edits: Edits) -> dict[tuple[str, str], str]:
    """A person edits a name of some players; remote id and column → what they wrote."""
    found = {}
    for mapping in shotspot.player_mappings.values():
        column = edits.get(int(mapping.twizzit_id))
        if column is not None:
            said = f"Edited {mapping.twizzit_id}"
            change: dict[str, Any] = {column: said}
            shotspot.players[mapping.local_id] = replace(shotspot.players[mapping.local_id], **change)
            found[mapping.twizzit_id, column] = said
    return found


def planned(shotspot: MemoryShotSpot, players: list[RemotePlayer], decisions: Decisions) -> Plan:
    plan = plan_players(replace(shotspot.player_state(players), decisions=decisions))
    shotspot.apply(plan)
    return plan


def held(shotspot: MemoryShotSpot) -> dict[tuple[str, str], object]:
    return {
        (mapping.twizzit_id, column): getattr(shotspot.players[mapping.local_id], column)
        for mapping in shotspot.player_mappings.values()
        for column in NAMES
    }


@given(st.data(), remote_players(), EDITS, policies())
@settings(max_examples=examples(100), deadline=None)
def test_an_edit_stays_until_twizzit_changes_its_field_which_is_whose_the_policy_says_and_asked_about_once(
    data: st.DataObject, players: list[RemotePlayer], edits: Edits, who_wins: Policies
) -> None:
    later = data.draw(renamed(players))
    shotspot = synced(players)
    before = held(shotspot)
    wrote = edited(shotspot, edits)
    now = dict(shotspot.players)
    plan = planned(shotspot, players, Decisions(who_wins))
    assert (plan.changes, plan.questions, plan.settled) == ([], [], {}), "Twizzit says what it said"
    assert shotspot.players == now
    assert wrote.items() <= held(shotspot).items()
    said = {(one.id, column): getattr(one, column) for one in later for column in NAMES}

    plan = planned(shotspot, later, Decisions(who_wins))

    conflicts = {key for key in wrote if said[key] != before[key]}
    for key, value in held(shotspot).items():
        policy: Policy = who_wins.of(key[1])
        stays = key in wrote and (key not in conflicts or policy in ("shotspot", "ask"))
        assert value == (wrote[key] if stays else said[key])
    asked = {(one.twizzit_id, one.column) for one in plan.questions}
    assert asked == {key for key in conflicts if who_wins.of(key[1]) == "ask"}
    waiting = [
        OpenQuestion(number, one.kind, one.twizzit_id, one.column, one.local_id, one.base, one.local, one.remote)
        for number, one in enumerate(plan.questions)
    ]
    again = planned(shotspot, later, Decisions(who_wins, waiting))
    assert (again.changes, again.questions, again.settled) == ([], [], {})
    back = planned(shotspot, players, Decisions(who_wins, waiting))
    assert sorted(back.settled) == [one.id for one in waiting], "Twizzit took every change back"
