"""The questions that a plan asks, and asks no more; the links that a person chose; whose change is newer."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.support.memory_shotspot import CLUB, SEASON, MemoryShotSpot
from twizzit_pipeline.plan import Failed, Question
from twizzit_pipeline.plan.asking import Asking, doubts
from twizzit_pipeline.plan.decisions import Decisions, OpenQuestion, plain
from twizzit_pipeline.plan.pending_players import Person, decided
from twizzit_pipeline.plan.players import plan_players
from twizzit_pipeline.plan.rows import LocalPlayer, MappedTeam, MappingRow, RemotePlayer, RemoteTeam
from twizzit_pipeline.plan.teams import plan_teams
from twizzit_pipeline.policies import Policies

ASK = Policies("ask")
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
LOTTE = RemotePlayer("1", "100", "Lotte", "Peeters", None, None)


def looked(
    *waiting: OpenQuestion,
    value: object,
    remote: object,
    base: object = "A",
    held: object = None,
    asks: bool = True,
    policy: Any = "ask",
) -> Asking:
    """One column of one row, after a merge that found both sides changed (`asks`), or not."""
    asking = Asking(Decisions(Policies(policy), waiting))
    asking.look(
        "100",
        1,
        base={"name": base},
        remote={"name": remote},
        held={"name": held or value},
        values={"name": value},
        conflicts=("name",) if asks else (),
    )
    return asking


def waits(**changes: Any) -> OpenQuestion:
    return OpenQuestion(**{**_WAITS, **changes})


_WAITS: dict[str, Any] = {
    "id": 5,
    "kind": "field",
    "twizzit_id": "100",
    "column": "name",
    "local_id": 1,
    "base": "A",
    "local": "L",
    "remote": "R",
}


def test_a_conflict_is_asked_about_with_its_three_sides() -> None:
    asking = looked(value="L", remote="R")
    assert asking.questions == [Question("field", "100", "name", 1, base="A", local="L", remote="R")]
    assert asking.settled == {}


@pytest.mark.parametrize("policy", ["twizzit", "shotspot", "newest"])
def test_no_other_policy_asks(policy: str) -> None:
    assert looked(value="L", remote="R", policy=policy).questions == []


def test_the_same_question_is_asked_once() -> None:
    asking = looked(waits(), value="L", remote="R", asks=False)
    assert (asking.questions, asking.settled) == ([], {})


@pytest.mark.parametrize(
    ("value", "remote", "asks"),
    [("L", "S", True), ("M", "R", False), ("M", "S", True)],
    ids=["remote", "local", "both"],
)
def test_another_value_is_the_question_anew_from_the_same_base(value: str, remote: str, asks: bool) -> None:
    asking = looked(waits(), value=value, remote=remote, base="R", asks=asks)
    assert asking.questions == [Question("field", "100", "name", 1, base="A", local=value, remote=remote)]
    assert asking.settled == {}


@pytest.mark.parametrize(
    ("held", "value", "remote", "why"),
    [
        ("R", "R", "R", "both_agree"),
        ("L", "L", "L", "both_agree"),
        ("A", "A", "A", "both_agree"),
        ("L", "L", "A", "twizzit_reverted"),
        ("A", "R", "R", "shotspot_reverted"),
        ("A", "S", "S", "shotspot_reverted"),
        ("A", None, "R", "shotspot_reverted"),
        ("L", "R", "R", "both_agree"),
    ],
    ids=[
        "local follows",
        "remote follows",
        "both back",
        "Twizzit back",
        "ShotSpot back",
        "and another",
        "taken",
        "repair",
    ],
)
def test_a_question_is_settled_where_there_is_none_any_more(
    held: str, value: str | None, remote: str, why: str
) -> None:
    asking = looked(waits(), held=held, value=value, remote=remote, base="R", asks=False)
    assert (asking.questions, asking.settled) == ([], {5: why})


@pytest.mark.parametrize("policy", ["twizzit", "shotspot", "newest"])
def test_a_question_is_settled_once_another_policy_decides(policy: str) -> None:
    asking = looked(waits(), value="L", remote="R", policy=policy)
    assert (asking.questions, asking.settled) == ([], {5: "other_policy"})


def test_what_another_policy_decides_is_merged_from_the_base_before_the_question() -> None:
    day, moment = date(2026, 12, 1), datetime(2026, 12, 1, 13, tzinfo=UTC)
    asked = [waits(column="date", base=moment.isoformat()), waits(column="end_date", base=day.isoformat()), waits()]
    said = {"date": NOON, "end_date": date(2027, 1, 1), "name": "R"}
    remembered = {**said, "gender": "male"}

    decided = Decisions(Policies("shotspot", {"name": "ask"}), asked)

    held = {"date": NOON + timedelta(days=9), "end_date": date(2027, 2, 2), "name": "L"}
    assert decided.base_of("100", remembered, said, held) == {**remembered, "date": moment, "end_date": day}
    assert decided.base_of("101", remembered, said, held) == remembered
    assert decided.base_of("100", None, said, held) is None
    assert Decisions(ASK, asked).base_of("100", remembered, said, held) == remembered


@pytest.mark.parametrize(
    ("base", "said", "held", "from_question"),
    [
        ("R", "R", "A", True),
        ("R", "S", "A", True),
        ("R", "A", "L", True),
        ("R", "A", "R", False),
        ("R", "R", "L", False),
        ("R", "S", "L", False),
        ("R", "S", "R", False),
    ],
)
def test_a_change_of_one_side_alone_is_merged_from_the_base_before_the_question(
    base: str, said: str, held: str, from_question: bool
) -> None:
    merged = Decisions(ASK, [waits()]).base_of("100", {"name": base}, {"name": said}, {"name": held})
    assert merged == {"name": "A" if from_question else base}


def test_a_day_that_is_set_back_is_a_day_where_twizzit_says_none() -> None:
    day = date(2026, 12, 1)
    asked = Decisions(ASK, [waits(column="end_date", base=day.isoformat())])
    assert asked.base_of("100", {"end_date": None}, {"end_date": None}, {"end_date": day}) == {"end_date": day}


def test_of_what_was_asked_the_newer_change_is_that_since_the_sync_before_the_question() -> None:
    decided = Decisions(Policies("newest"), [waits(seen_at=NOON - timedelta(days=1))], seen_at=NOON)
    written = NOON - timedelta(hours=1)
    assert decided.newer_than_asked(written, "100") == {"name": True}
    assert decided.newer_than_asked(written, "101") == {}
    assert decided.is_newer(written) is False


def test_a_question_about_a_mapping_that_is_gone_is_settled_and_asked_about_the_new_one() -> None:
    asking = looked(waits(stands=False, local_id=9), value="L", remote="R")
    assert asking.settled == {5: "row_gone"}
    assert [one.local_id for one in asking.questions] == [1]


def test_a_question_about_another_row_or_column_stays() -> None:
    asking = looked(waits(id=6, twizzit_id="101"), waits(id=7, column="gender"), value="R", remote="R", asks=False)
    assert asking.settled == {}
    asking.is_moot("101")
    assert asking.settled == {6: "row_gone"}


def test_doubtful_links_are_asked_once_and_settled_where_the_plan_speaks_of_them() -> None:
    known = OpenQuestion(1, "doubtful_link", "100", candidates=(4, 5))
    certain = OpenQuestion(2, "doubtful_link", "101", candidates=(6, 7))
    elsewhere = OpenQuestion(3, "doubtful_link", "900", candidates=(8, 9))
    gone = replace(elsewhere, id=4, twizzit_id="901", stands=False)
    failed = [Failed("100", "doubtful_link", (4, 5)), Failed("102", "doubtful_link", (1, 2)), Failed("103", "other")]

    asked, settled = doubts(failed, Decisions(open=[known, certain, elsewhere, gone]), ["100", "101", "102", "103"])

    assert asked == [Question("doubtful_link", "102", candidates=(1, 2))]
    assert settled == {2: "certain", 4: "row_gone"}
    again, _ = doubts([Failed("100", "doubtful_link", (4,))], Decisions(open=[known]), ["100"])
    assert again == [Question("doubtful_link", "100", candidates=(4,))]


def test_a_chosen_row_is_taken_once_and_only_while_it_is_free_and_fits() -> None:
    decisions = Decisions(links={"100": 4, "101": 4, "102": None, "103": 9, "104": 5})
    remote = [replace(LOTTE, id=id_) for id_ in ("100", "101", "102", "103", "104", "105")]
    free = [LocalPlayer(row_id, 1, 1, "Lotte", "Peeters", None, None, True, False) for row_id in (4, 5)]

    found = decisions.chosen(remote, free, lambda one, _: one.id != "104")

    assert found == {"100": free[0], "102": None}


@pytest.mark.parametrize(
    ("written", "seen", "newer"),
    [
        (NOON, NOON - timedelta(seconds=1), True),
        (NOON, NOON, False),
        (NOON, NOON + timedelta(seconds=1), False),
        (NOON, None, False),
        (None, NOON, False),
    ],
)
def test_shotspot_is_newer_where_its_row_was_written_after_the_last_sync(
    written: datetime | None, seen: datetime | None, newer: bool
) -> None:
    assert Decisions(seen_at=seen).is_newer(written) is newer


def test_values_are_compared_as_json_has_them() -> None:
    belgian = datetime(2026, 11, 28, 13, tzinfo=timezone(timedelta(hours=1)))
    assert [plain(value) for value in (belgian, date(2026, 11, 28), None, 7, "A")] == [
        "2026-11-28T12:00:00+00:00",
        "2026-11-28",
        None,
        7,
        "A",
    ]


@pytest.fixture
def shotspot() -> MemoryShotSpot:
    """A club with one team, and two players whom one of Twizzit may be."""
    made = MemoryShotSpot()
    made.apply(plan_teams(made.team_state([RemoteTeam("1", "U15", None, None, None)])))
    for row_id in (1, 2):
        made.players[row_id] = LocalPlayer(row_id, 1, 1, "Lotte", "Peeters", None, None, True, False)
    return made


@pytest.mark.parametrize("local_id", [1, 2, None])
def test_what_a_person_chose_is_linked_or_made(shotspot: MemoryShotSpot, local_id: int | None) -> None:
    state = shotspot.player_state([LOTTE])
    assert [item.reason for item in plan_players(state).failed] == ["doubtful_link"]

    plan = plan_players(replace(state, decisions=Decisions(links={"100": local_id})))

    assert plan.failed == []
    (change,) = plan.changes
    assert change.action == ("create" if local_id is None else "link")
    assert local_id in (None, change.row_id)


def test_a_row_of_another_club_is_not_linked_whatever_was_chosen(shotspot: MemoryShotSpot) -> None:
    shotspot.players[3] = replace(shotspot.players[1], id=3, club_id=2)
    state = shotspot.player_state([LOTTE])

    plan = plan_players(replace(state, local=[*shotspot.players.values()], decisions=Decisions(links={"100": 3})))

    assert plan.failed == [Failed("100", "doubtful_link", (1, 2))]


def test_what_one_is_linked_to_leaves_no_doubt_about_the_other(shotspot: MemoryShotSpot) -> None:
    state = shotspot.player_state([LOTTE, replace(LOTTE, id="101")])
    assert len(plan_players(state).failed) == 2

    plan = plan_players(replace(state, decisions=Decisions(links={"100": 1})))

    assert {change.twizzit_id: change.row_id for change in plan.changes} == {"100": 1, "101": 2}


@pytest.mark.parametrize(("chosen", "action", "row_id"), [(1, "adopt", 1), (2, "link", 2), (None, "create", -1)])
def test_a_mapping_of_which_it_is_not_clear_whose_it_is_follows_the_decision(
    shotspot: MemoryShotSpot, chosen: int | None, action: str, row_id: int
) -> None:
    """ShotSpot's own integration mapped the id to a player of another name, and others have this name."""
    shotspot.players[1] = replace(shotspot.players[1], first_name="Geheel", last_name="Anders", mapped=True)
    mapping = MappingRow(7, 1, "100", "Geheel Anders", None, None, None, None, None, None, "success", None)
    state = replace(shotspot.player_state([LOTTE]), mappings=[mapping])
    (doubt,) = plan_players(state).failed
    assert (doubt.reason, doubt.local_ids) == ("doubtful_link", (1, 2))

    plan = plan_players(replace(state, decisions=Decisions(links={"100": chosen})))

    assert plan.failed == []
    (change,) = plan.changes
    assert (change.action, change.row_id) == (action, row_id)


def test_a_decision_overrules_no_mapping_of_ours(shotspot: MemoryShotSpot) -> None:
    shotspot.apply(plan_players(replace(shotspot.player_state([LOTTE]), decisions=Decisions(links={"100": 2}))))
    plan = plan_players(replace(shotspot.player_state([LOTTE]), decisions=Decisions(links={"100": 1})))
    assert (plan.changes, plan.failed, plan.unchanged) == ([], [], 1)


def test_a_number_that_was_withheld_is_no_edit(shotspot: MemoryShotSpot) -> None:
    """A player comes without a number that is taken; another number of Twizzit's is then no conflict."""
    shotspot.players = {1: replace(shotspot.players[1], first_name="Ann", jersey_number=7)}
    state = shotspot.player_state([replace(LOTTE, jersey_number=7)])
    shotspot.apply(plan_players(state))

    plan = plan_players(
        replace(shotspot.player_state([replace(LOTTE, jersey_number=9)], CLUB, SEASON), decisions=Decisions(ASK))
    )

    (change,) = plan.changes
    assert (change.values["jersey_number"], change.conflicts, plan.questions) == (9, (), [])


def test_only_conflicts_are_moot_where_a_row_is_shotspots_alone() -> None:
    asking = Asking(
        Decisions(ASK, [waits(), waits(id=6, kind="doubtful_link", column=""), waits(id=7, twizzit_id="9")])
    )
    asking.is_moot("100")
    assert asking.settled == {5: "row_gone"}


def test_a_column_that_is_not_merged_has_no_base_among_those_that_are() -> None:
    base = {"name": "B"}
    asked = Decisions(Policies(), [waits(column="team_id", base=4)])
    assert asked.base_of("100", base, {"name": "R"}, {"name": "L"}) == base


def test_what_is_asked_about_others_does_not_go_over() -> None:
    other = [waits(id=6, twizzit_id="300"), waits(id=7, kind="doubtful_link", column="")]
    moved = Decisions(ASK, [waits(), *other]).gone_over("100", "200")
    assert list(moved.open) == [waits(twizzit_id="200"), *other]


def test_other_questions_are_no_doubtful_links() -> None:
    assert doubts([], Decisions(open=[waits()]), ["100"]) == ([], {})
    links = Decisions(links={"100": 4})
    assert links.settles(Failed("100", "doubtful_link"))
    assert not links.settles(Failed("100", "remote_id_taken"))
    assert not links.settles(Failed("101", "doubtful_link"))


@pytest.mark.parametrize(("written", "kept"), [(NOON + timedelta(seconds=1), "An"), (NOON, "Ann"), (None, "Ann")])
def test_the_newer_change_of_a_player_wins_where_the_policy_says_so(
    shotspot: MemoryShotSpot, written: datetime | None, kept: str
) -> None:
    shotspot.players = {1: replace(shotspot.players[1], jersey_number=None)}
    shotspot.apply(plan_players(shotspot.player_state([LOTTE])))
    shotspot.players[1] = replace(shotspot.players[1], first_name="An", updated_at=written)
    state = shotspot.player_state([replace(LOTTE, first_name="Ann")])
    plan = plan_players(replace(state, decisions=Decisions(Policies("newest"), seen_at=NOON)))
    shotspot.apply(plan)
    assert shotspot.players[1].first_name == kept


@pytest.mark.parametrize(
    ("said", "policy", "team_id", "conflicts"),
    [
        ("1", "twizzit", 3, ()),  # Twizzit says what it said: a coach's move stays
        ("2", "twizzit", 2, ("team_id",)),
        ("2", "shotspot", 3, ("team_id",)),
    ],
)
def test_a_move_of_both_sides_is_a_conflict_and_one_of_shotspots_alone_is_none(
    said: str, policy: Any, team_id: int, conflicts: tuple[str, ...]
) -> None:
    base = {"first_name": "Lotte", "last_name": "Peeters", "twizzit_team_id": "1", "is_active": True}
    held = LocalPlayer(1, 1, 3, "Lotte", "Peeters", None, None, True, True)
    person = Person(replace(LOTTE, team_id=said), ((said, MappedTeam(int(said), int(said), 1)),))
    found = decided(person, held, base, based_team_id=1, decisions=Decisions(Policies(policy)))
    assert (found.values["team_id"], found.conflicts) == (team_id, conflicts)
