"""Doubtful links of teams that are mapped already: what is never asked about, and answers that come too late."""

import threading
from functools import partial
from typing import Any

import pytest

from tests.support.calendar_world import EVERYTHING
from tests.support.previewed import of_entity, previewed, whole_database
from tests.support.synced_world import first_sync
from tests.support.twin_teams import TWINS, TwinTeams, odd, with_a_row_alike
from tests.support.undone import state
from twizzit_pipeline.decisions import following
from twizzit_pipeline.errors import ConflictRefused, SyncInProgress
from twizzit_pipeline.storage.tables import player_mappings, team_mappings, teams

SMALL = TWINS
SYNCED_BY = partial(first_sync, steps=EVERYTHING)


def mapping_of(twins: TwinTeams, team_id: int) -> dict[str, Any]:
    (found,) = twins.world.rows(team_mappings, local_team_id=team_id)
    return found


def map_by_hand(twins: TwinTeams, was: int, now: int) -> None:
    twins.world.change(team_mappings, mapping_of(twins, was)["id"], local_team_id=now)


@pytest.mark.begins(after=with_a_row_alike)
@pytest.mark.parametrize("change", ["opponent", "club", "season", "mapped", "gone"])
def test_what_changed_since_the_sync_is_refused_in_words_and_nothing_moves(twins: TwinTeams, change: str) -> None:
    found = twins.waits()
    other = found.candidates[0].local_id
    if change == "opponent":
        twins.is_opponent(other)
    elif change == "club":
        twins.world.change(teams, other, club_id=twins.club())
    elif change == "season":
        twins.world.change(teams, other, season_id=twins.season())
    elif change == "mapped":
        map_by_hand(twins, twins.world.local_id(twins.world.roster(1)[0], "team"), other)
    else:
        with twins.world.database.engine.begin() as connection:
            connection.execute(teams.delete().where(teams.c.id == other))
    before = state(twins.world)
    words = {
        "opponent": "is an opponent in a calendar by now",
        "club": "is of another club by now",
        "season": "is of another season by now",
        "mapped": "is mapped to something else already",
        "gone": f"has no team {other} any more",
    }

    with pytest.raises(ConflictRefused, match=words[change]):
        twins.link(found.id, other)

    assert (state(twins.world), [one.status for one in twins.open()]) == (before, ["open"])
    twins.sync()
    assert twins.open() == []
    with pytest.raises(ConflictRefused, match="settled already"):
        twins.link(found.id, other)


@pytest.mark.begins(after=with_a_row_alike)
def test_only_those_that_fit_are_taken(twins: TwinTeams) -> None:
    found = twins.waits()
    with pytest.raises(ConflictRefused, match="none of those"):
        twins.link(found.id, twins.alike(name="Elders"))


@pytest.mark.begins(after=with_a_row_alike)
@pytest.mark.parametrize("answer", ["link", "create"])
def test_a_mapping_that_was_corrected_meanwhile_is_not_overruled(twins: TwinTeams, answer: str) -> None:
    found, third = twins.waits(), twins.alike(name="Derde")
    other = found.candidates[0].local_id
    map_by_hand(twins, twins.was["id"], third)

    with pytest.raises(ConflictRefused, match="nothing is left to decide"):
        twins.link(found.id, other if answer == "link" else None)

    assert twins.local_id == third


def test_a_mapping_that_was_corrected_by_hand_is_not_asked_about(twins: TwinTeams) -> None:
    other = twins.alike()
    map_by_hand(twins, twins.was["id"], other)

    assert [twins.sync().teams.questions for _ in range(2)] == [0, 0]

    assert (twins.local_id, twins.row(twins.was["id"])["is_active"]) == (other, True)


def test_a_row_that_a_mapping_was_corrected_to_is_not_asked_about_for_a_new_team(twins: TwinTeams) -> None:
    other = twins.alike()
    map_by_hand(twins, twins.was["id"], other)
    new = twins.world.simulator.changes.add_team(twins.world.club(), f"{twins.was['name']}.")

    assert [twins.sync().teams.questions for _ in range(2)] == [1, 1]

    (found,) = twins.open()
    assert (found.twizzit_id, [one.local_id for one in found.candidates]) == (str(new), [twins.was["id"]])
    assert twins.local_id == other


def test_what_another_club_plays_against_is_not_asked_about(twins: TwinTeams) -> None:
    twins.is_opponent(twins.alike())
    assert twins.sync().teams.questions == 0


def test_a_preview_has_the_question_and_changes_nothing(twins: TwinTeams) -> None:
    other = twins.alike()
    before = state(twins.world)

    (question,) = of_entity(previewed(twins.world, twins.credential_id), "teams")["questions"]

    assert (question["kind"], question["local_id"], question["candidates"]) == (
        "doubtful_link",
        twins.was["id"],
        [other],
    )
    assert (question["name"], question["of_mapped"]) == (twins.was["name"], True)
    assert (twins.open(), state(twins.world)) == ([], before)


class _KilledError(Exception):
    """The process ends here."""


@pytest.mark.begins(after=with_a_row_alike)
def test_a_decision_that_is_killed_on_its_way_has_done_nothing(
    twins: TwinTeams, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = twins.waits()
    other = found.candidates[0].local_id
    before = whole_database(twins.world)

    def killed(*_: Any) -> None:
        raise _KilledError

    with monkeypatch.context() as patched:
        patched.setattr(following, "_games", killed)
        with pytest.raises(_KilledError):
            twins.link(found.id, other)

    assert whole_database(twins.world) == before
    assert twins.link(found.id, other).local_id == other


@pytest.mark.begins(after=with_a_row_alike)
def test_of_two_answers_at_once_one_is_taken(twins: TwinTeams) -> None:
    found = twins.waits()
    other = found.candidates[0].local_id
    start, said = threading.Barrier(2), list[object]()

    def answer(local_id: int | None) -> None:
        start.wait(30)
        try:
            said.append(twins.link(found.id, local_id).resolution)
        except (ConflictRefused, SyncInProgress) as error:
            said.append(error)

    threads = [threading.Thread(target=answer, args=(local_id,)) for local_id in (other, None)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(120)

    (taken,) = [one for one in said if isinstance(one, str)]
    assert len(said) == 2
    assert twins.local_id == (other if taken == "link" else twins.was["id"])
    assert twins.sync().teams.questions == 0


def test_no_mapping_of_a_player_goes_with_one_of_a_team(twins: TwinTeams) -> None:
    changes = twins.world.simulator.changes
    changes.add_team(twins.world.club(), odd(twins.was["name"]))
    found = twins.asked()
    mapped = twins.world.rows(player_mappings)
    ids = {row["id"]: row["twizzit_team_id"] for row in twins.world.rows(team_mappings)}

    twins.link(found.id, twins.was["id"])

    assert {row["id"]: row["twizzit_team_id"] for row in twins.world.rows(team_mappings)} == ids
    after = {row["id"]: row["team_mapping_id"] for row in twins.world.rows(player_mappings)}
    assert after == {row["id"]: row["team_mapping_id"] for row in mapped}
