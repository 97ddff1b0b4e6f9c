"""Resolving a conflict about a field: at once, once, where both sides still say what the conflict says."""

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from tests.support.decided_world import COACH, DecidedWorld, decided, in_conflict
from tests.support.sync_world import SyncWorld
from twizzit_pipeline.errors import AlreadyDecided, ConflictRefused, SyncInProgress, UnknownConflict, ValueRefused
from twizzit_pipeline.notifications.runs import ended_since
from twizzit_pipeline.queries import monitoring_views, overview
from twizzit_pipeline.runs import history
from twizzit_pipeline.storage import audit, tables


@pytest.mark.parametrize(
    ("resolution", "value", "held"),
    [("twizzit", None, "Remo"), ("shotspot", None, "Lokaal"), ("value", "  Ren é ", "Ren é")],
)
@pytest.mark.begins(after=in_conflict)
def test_a_field_gets_the_value_that_was_chosen_and_keeps_it(
    club: DecidedWorld, resolution: Any, value: str | None, held: str
) -> None:
    found = club.waits()
    entries = len(club.world.rows(tables.sync_changes))

    done = club.resolve(found.id, resolution, value)

    assert club.player["first_name"] == held
    assert done.changed == ({} if held == "Lokaal" else {"first_name": ("Lokaal", held)})
    (over,) = club.open(over=True)
    assert (over.status, over.resolution, over.value) == ("resolved", resolution, held)
    assert over.resolved_by == "token 12"
    journal = club.world.rows(tables.sync_changes)[entries:]
    assert {row["action"] for row in journal} == {"resolve"}
    assert {row["history_id"] for row in journal} == {done.history_id}
    written = [(row["before"], row["after"]) for row in journal if row["table_name"] == "players"]
    assert written == ([] if held == "Lokaal" else [({"first_name": "Lokaal"}, {"first_name": held})])
    (asked,) = [row for row in journal if row["table_name"] == "twizzit_conflicts"]
    assert (asked["row_id"], asked["before"]["status"], asked["after"]["status"]) == (found.id, "open", "resolved")
    report = club.sync().players
    assert (report.updated, report.questions) == (0, 0), "so that no sync after this one finds another state"
    assert (club.player["first_name"], club.open()) == (held, [])


@pytest.mark.begins(after=in_conflict)
def test_a_decision_is_in_the_history_and_the_audit_log_and_is_no_sync(club: DecidedWorld) -> None:
    engine = club.world.database.engine
    found = club.waits()
    before = overview.read(engine, season_start="07-01").credentials[0].facts
    rates = monitoring_views.rates(engine)

    done = club.resolve(found.id, "twizzit")

    row = history.one(engine, club.credential_id, done.history_id)
    assert row is not None
    assert (row.sync_direction, row.entity, row.status, row.items_processed) == ("decision", "players", "success", 1)
    (said,) = audit.recent(engine, limit=1)
    assert (said.action, said.target, said.target_id, said.actor) == ("resolve", "conflict", str(found.id), COACH)
    assert "Remo" not in str(said.details)
    assert overview.read(engine, season_start="07-01").credentials[0].facts == before
    assert monitoring_views.rates(engine) == rates
    with engine.connect() as connection:
        runs, _ = ended_since(connection, datetime(2020, 1, 1, tzinfo=UTC))
    assert done.history_id not in {row_id for one in runs for row_id in one.row_ids}


@pytest.mark.begins(after=in_conflict)
def test_a_conflict_is_resolved_once(club: DecidedWorld) -> None:
    found = club.waits()
    club.resolve(found.id, "shotspot")

    with pytest.raises(AlreadyDecided, match="is resolved already") as second:
        club.resolve(found.id, "twizzit")
    (over,) = club.open(over=True)
    assert (second.value.answer, second.value.at) == ("shotspot", over.resolved_at)
    assert over.resolved_at is not None
    when = over.resolved_at.astimezone(UTC)
    assert f"({when:%Y-%m-%d %H:%M} UTC: ShotSpot's value was kept)" in str(second.value)
    assert "Lokaal" not in str(second.value)
    with pytest.raises(UnknownConflict):
        club.resolve(found.id + 1, "twizzit")
    assert club.player["first_name"] == "Lokaal"


@pytest.mark.begins(after=in_conflict)
def test_of_two_who_decide_at_once_one_wins(club: DecidedWorld) -> None:
    found = club.waits()
    outcomes: list[str] = []
    answers: list[str] = []

    def decide(resolution: Any) -> None:
        try:
            club.resolve(found.id, resolution)
            outcomes.append(resolution)
        except AlreadyDecided as error:
            outcomes.append("refused")
            answers.append(error.answer)
        except SyncInProgress:
            outcomes.append("refused")

    threads = [threading.Thread(target=decide, args=(one,)) for one in ("twizzit", "shotspot")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count("refused") == 1
    (over,) = club.open(over=True)
    assert over.resolution in outcomes
    assert set(answers) <= {over.resolution}
    assert club.player["first_name"] == ("Remo" if over.resolution == "twizzit" else "Lokaal")


@pytest.mark.begins(after=in_conflict)
def test_a_value_that_has_changed_meanwhile_is_shown_first(club: DecidedWorld) -> None:
    found = club.waits()
    club.edit(first_name="Nieuwer")
    histories = len(club.world.rows(tables.sync_history))

    assert [(one.local, one.now) for one in club.open()] == [("Lokaal", "Nieuwer")]
    with pytest.raises(ConflictRefused, match="has changed since"):
        club.resolve(found.id, "twizzit")

    assert club.player["first_name"] == "Nieuwer"
    assert len(club.world.rows(tables.sync_history)) == histories
    assert [(one.local, one.now) for one in club.open()] == [("Nieuwer", "Nieuwer")]
    club.resolve(found.id, "twizzit")
    assert club.player["first_name"] == "Remo"


@pytest.mark.begins(after=in_conflict)
def test_nothing_is_decided_while_a_sync_is_at_work(club: DecidedWorld) -> None:
    found = club.waits()

    session = club.world.session(club.credential_id)
    with session, session.recording("teams"), pytest.raises(SyncInProgress):
        club.resolve(found.id, "twizzit")

    assert club.player["first_name"] == "Lokaal"
    assert club.world.rows(tables.leases) == []
    club.resolve(found.id, "twizzit")
    assert club.world.rows(tables.leases) == []


@pytest.mark.begins(after=in_conflict)
def test_a_value_that_the_field_cannot_have_is_refused(club: DecidedWorld) -> None:
    found = club.waits()

    for value in (None, "", "x" * 51, "a\x07b", 7):
        with pytest.raises(ValueRefused, match="first_name takes a text of 1 to 50 characters"):
            club.resolve(found.id, "value", value)

        assert (club.player["first_name"], club.waits().status) == ("Lokaal", "open"), value


def test_a_number_that_another_player_has_is_refused(club: DecidedWorld) -> None:
    club.ask()
    club.world.simulator.changes.set_number(club.remote_id, 801)
    club.sync()
    club.edit(jersey_number=802)
    club.world.simulator.changes.set_number(club.remote_id, 803)
    club.sync()
    (found,) = club.open()
    other = club.world.local_id(club.world.roster(1)[1][3])
    club.world.change(tables.players, other, jersey_number=803)

    with pytest.raises(ConflictRefused, match=f"Player {other} of the club has the shirt number 803"):
        club.resolve(found.id, "twizzit")
    club.resolve(found.id, "value", "804")

    assert club.player["jersey_number"] == 804


@pytest.mark.begins(after=in_conflict)
def test_a_row_that_is_gone_settles_its_conflict(club: DecidedWorld) -> None:
    found = club.waits()
    with club.world.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM players WHERE id = :id"), {"id": found.local_id})

    with pytest.raises(ConflictRefused, match="nothing is left to decide"):
        club.resolve(found.id, "twizzit")

    assert club.open() == []


@pytest.mark.begins(after=in_conflict)
def test_a_field_is_not_linked(club: DecidedWorld) -> None:
    found = club.waits()

    with pytest.raises(ConflictRefused, match="conflict about a field"):
        club.link(found.id, club.local_id)


def left_in_conflict(world: SyncWorld) -> None:
    """The player has left the team, after both sides changed their name and their shirt number."""
    club, changes = decided(world), world.simulator.changes
    changes.set_number(club.remote_id, 801)
    club.sync()
    club.ask()
    club.edit(jersey_number=802, first_name="Lokaal")
    changes.set_number(club.remote_id, 803)
    club.rename("Remo")
    club.sync()
    changes.remove_from_team(club.remote_id, world.roster()[0])
    club.sync()


@pytest.mark.begins(after=left_in_conflict)
@pytest.mark.parametrize(
    ("plays_again", "resolution", "number_then"), [(False, "shotspot", None), (True, "twizzit", 803)]
)
def test_a_player_who_has_left_gets_no_number_but_a_name(
    club: DecidedWorld, plays_again: bool, resolution: Any, number_then: int | None
) -> None:
    """Unless a user of ShotSpot has made them active since."""
    number, name = sorted(club.open(), key=lambda one: one.column, reverse=True)
    club = club.asked_about(name)
    assert club.player["jersey_number"] is None

    with pytest.raises(ConflictRefused, match="has changed since"):
        club.resolve(number.id, "twizzit")
    with pytest.raises(ConflictRefused, match="has left"):
        club.resolve(number.id, "twizzit")
    club.resolve(name.id, "twizzit")
    club.edit(is_active=plays_again)
    club.resolve(number.id, resolution)

    assert (club.player["first_name"], club.player["jersey_number"]) == ("Remo", number_then)
    assert club.open() == []
