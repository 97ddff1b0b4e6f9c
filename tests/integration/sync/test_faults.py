"""What goes wrong at Twizzit: what passes ends in the truth, what stays is a failed sync that wrote nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.sync_world import MAPPINGS, SHOTSPOT, SNAPSHOTS, STEPS, WRITTEN_BY_A_SYNC, Rows, SyncWorld, quick
from twizzit_pipeline import errors
from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.simulator.faults import FAULT_KINDS, FaultKind
from twizzit_pipeline.simulator.world import Dialect
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database

Simulate = Callable[..., SimulatorServer]
NEVER = None


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Simulate) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulate(clubs=1, teams=5, players_per_team=6))


@pytest.fixture
def large(settings: Settings, database: Database, simulate: Simulate) -> SyncWorld:
    """A club whose members come in two answers, and its people in two pages."""
    return SyncWorld(quick(settings), database, simulate(clubs=1, teams=12, players_per_team=9))


PASSING: dict[str, list[tuple[FaultKind, str, dict[str, Any]]]] = {
    "too many calls": [
        ("rate_limit_seconds", "/contacts", {"seconds": 0.0, "times": 2}),
        ("rate_limit_date", "/groups", {"seconds": 0.0}),
        ("rate_limit_bare", "/group-contacts", {}),
    ],
    "trouble": [
        ("error_500", "/authenticate", {}),
        ("error_503", "/contacts", {"after": 1}),
        ("slow", "/groups", {"seconds": 4.0}),
        ("unauthorized", "/contacts", {}),
    ],
    "broken answers": [
        ("html", "/seasons", {}),
        ("truncated_json", "/group-contacts", {"after": 1}),
        ("cut", "/contacts", {}),
    ],
    "odd rows": [
        ("rows_twice", "/groups", {"times": NEVER}),
        ("rows_twice", "/group-contacts", {"times": NEVER}),
        ("rows_twice", "/contacts", {"times": NEVER}),
    ],
    "moving rows": [("rows_shifting", "/contacts", {"shift": -1})],
}


@pytest.mark.parametrize("faults", PASSING)
def test_what_passes_ends_in_the_truth(large: SyncWorld, faults: str) -> None:
    world = large
    world.settings = world.settings.model_copy(update={"request_timeout": 3.0, "retry_seconds": 60.0})
    armed = [world.simulator.faults.arm(kind, path=path, **more) for kind, path, more in PASSING[faults]]
    credential_id = world.add_credential()

    world.sync(credential_id)

    assert [fault.met for fault in armed if fault.met < (fault.times or 1)] == []
    world.assert_truth(credential_id)


def test_faults_that_pass_end_in_the_truth_in_v1(world: SyncWorld) -> None:
    arm = world.simulator.faults.arm
    armed = [
        arm("unauthorized", path="/teams"),
        arm("rows_twice", path="/players", times=2),
        arm("truncated_json", path="/players"),
        arm("rate_limit_seconds", path="/players", seconds=0.0),
        arm("cut", path="/players"),
    ]
    credential_id = world.add_credential(dialect="v1")

    world.sync(credential_id)

    assert all(fault.met for fault in armed)
    world.assert_truth(credential_id)


STAYING: dict[FaultKind, type[TwizzitPipelineError]] = {
    "rate_limit_seconds": errors.RateLimited,
    "rate_limit_date": errors.RateLimited,
    "rate_limit_bare": errors.RateLimited,
    "quota": errors.QuotaSpent,
    "error_500": errors.ServiceUnavailable,
    "error_503": errors.ServiceUnavailable,
    "slow": errors.ConnectionFailed,
    "cut": errors.ConnectionFailed,
    "truncated_json": errors.MalformedAnswer,
    "html": errors.MalformedAnswer,
    "not_found": errors.NotATwizzit,
    "forbidden": errors.AccessDenied,
    "unauthorized": errors.LoginRefused,
}


def test_every_fault_of_the_simulator_is_tried() -> None:
    passing = {kind for faults in PASSING.values() for kind, *_ in faults}
    unseen = {"half_rows"}  # nothing in such an answer says so: test_departures_held
    assert passing | set(STAYING) | unseen == set(FAULT_KINDS)


def test_a_fault_that_stays_is_a_failed_sync_that_wrote_nothing(world: SyncWorld) -> None:
    """One database for all: what each left behind would be seen by the next."""
    patient = world.settings
    hasty = patient.model_copy(update={"retry_attempts": 1, "request_timeout": 3.0})
    credential_id = world.add_credential()
    some: tuple[FaultKind, ...] = ("quota", "truncated_json")
    for dialect, path, kinds in (("v2", "/groups", tuple(STAYING)), ("v1", "/teams", some), ("v2", "/contacts", some)):
        if dialect != world.dialects[credential_id]:
            credential_id = world.add_credential(dialect=dialect)
        before = world.dump() if path != "/contacts" else {}
        for kind in kinds:
            run_id = f"{dialect}-{kind}-{path}"
            world.settings = hasty if kind == "slow" else patient.model_copy(update={"retry_attempts": 1})
            world.simulator.faults.arm(kind, path=path, times=NEVER, seconds=4.0)
            with pytest.raises(STAYING[kind]) as raised:
                world.sync(credential_id, run_id=run_id)
            world.simulator.faults.clear()
            assert_failed(world, run_id, raised.value, path)
            before = before or world.dump()  # the first scan of teams was whole, and stays
            assert world.dump() == before
        assert not any(before[table.name] for table in (*SHOTSPOT, *MAPPINGS, tables.twizzit_players))
        world.settings = patient
        world.sync(credential_id)
        world.assert_truth(credential_id)
        with world.connected() as connection:
            connection.execute(
                "TRUNCATE twizzit_credentials, clubs, seasons, teams, players, twizzit_sync_changes CASCADE"
            )
        credential_id = world.add_credential()


def assert_failed(world: SyncWorld, run_id: str, error: TwizzitPipelineError, path: str) -> None:
    """The run's history says what went wrong, and nothing is under way any more."""
    rows = world.history_of(run_id)
    assert rows
    for row in rows.values():
        assert (row.status, row.items_succeeded) == ("failed", 0)
        assert row.error_message == str(error)
        assert row.completed_at is not None
    assert path in str(error)
    assert not world.rows(tables.leases)


def test_rows_that_keep_shifting_are_no_scan(settings: Settings, database: Database, simulate: Simulate) -> None:
    world = SyncWorld(quick(settings), database, simulate(clubs=1, teams=7, players_per_team=5, v1_rows_per_page=3))
    credential_id = world.add_credential(dialect="v1")
    world.sync(credential_id)
    world.assert_truth(credential_id)
    rows = world.dump()
    world.simulator.changes.rename_team(world.roster()[0], "Nieuwe naam")
    for shift in (1, -1):
        world.simulator.faults.arm("rows_shifting", path="/teams", times=NEVER, shift=shift)
        with pytest.raises(errors.IncompleteScan):
            world.sync(credential_id, run_id=f"shifting {shift}")
        world.simulator.faults.clear()
        assert world.dump() == rows
        assert world.history_of(f"shifting {shift}")["teams"].status == "failed"


def test_contacts_that_keep_shifting_are_asked_for_by_id(large: SyncWorld) -> None:
    world = large
    fault = world.simulator.faults.arm("rows_shifting", path="/contacts", times=NEVER)
    credential_id = world.add_credential()
    world.sync(credential_id)
    assert fault.met
    world.assert_truth(credential_id)


def test_an_established_club_loses_nothing_to_a_failed_sync(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    world.sync(credential_id)
    rows = world.dump()
    world.settings = world.settings.model_copy(update={"retry_attempts": 1})
    for path in ("/authenticate", "/organizations", "/groups", "/group-contacts", "/contacts"):
        world.simulator.faults.arm("error_500", path=path, times=NEVER)
        with pytest.raises(errors.ServiceUnavailable):
            world.sync(credential_id)
        world.simulator.faults.clear()
        assert world.dump() == rows
    world.sync(credential_id)
    assert world.dump() == rows


@pytest.mark.parametrize(
    ("dialect", "known"), [("v2", False), ("v2", True), ("v1", True)], ids=["first-v2", "later-v2", "later-v1"]
)
def test_a_team_whose_players_cannot_be_read_is_a_failed_item(large: SyncWorld, dialect: Dialect, known: bool) -> None:
    """In v2 the members of ten teams come in one answer: the other two cannot be read."""
    world = large
    credential_id = world.add_credential(dialect=dialect)
    if known:
        world.sync(credential_id)
    teams = sorted(world.simulator.world.truth(world.club()).teams, key=int)
    unread = set(teams[-2:]) if dialect == "v2" else {teams[6]}
    path = "/group-contacts" if dialect == "v2" else f"/teams/{teams[6]}/players"
    # A 404 after an answer of the same path would be an empty list.
    kind: FaultKind = "forbidden" if dialect == "v2" else "not_found"
    world.simulator.faults.arm(kind, path=path, times=NEVER, after=1 if dialect == "v2" else 0)
    before = {team: world.rows(tables.twizzit_players, twizzit_team_id=team) for team in unread}
    hidden, seen = (world.roster(teams.index(team))[1][4] for team in (min(unread, key=int), teams[0]))
    for one in (hidden, seen):
        world.simulator.changes.rename_person(one, "Nieuwe", "Naam")

    synced = world.sync(credential_id)

    assert {team: world.rows(tables.twizzit_players, twizzit_team_id=team) for team in unread} == before
    assert all(bool(rows) is known for rows in before.values())
    row = synced.history["players"]
    assert row.status == "partial_success"
    assert set(row.details["failed"]["players_not_read"]["twizzit_ids"]) == unread
    assert all(team in str(row.error_message) for team in unread)
    truth = world.simulator.world.truth(world.club(), dialect=dialect)
    readable = {one for one, player in truth.players.items() if known or not player.team_ids <= unread}
    assert row.items_succeeded == len(readable)
    assert row.items_failed == len(unread) + len(truth.rejected["players"])
    assert world.player(seen)["first_name"] == "Nieuwe"
    mapped = {row["twizzit_player_id"] for row in world.rows(tables.player_mappings)}
    assert mapped == readable

    world.simulator.faults.clear()
    world.sync(credential_id)
    world.assert_truth(credential_id)
    assert world.player(hidden)["first_name"] == "Nieuwe"


@pytest.mark.parametrize("dialect", ["v1", "v2"])
def test_another_format_stops_the_sync(world: SyncWorld, dialect: Dialect) -> None:
    """No row has what the dialect promises: nothing is written, and the history says so."""
    credential_id = world.add_credential(dialect=dialect)
    world.sync(credential_id)
    rows, changes = world.dump(), world.simulator.changes
    club, season = world.club(), world.simulator.world.running_season
    changes.rename_person(world.roster()[1][-1], "Nieuwe", "Naam")
    teams = {group.id: group.name for group in club.teams(season)}
    people = {one.id for group_id in teams for one in club.players(group_id)}

    for group_id in teams:
        changes.rename_team(group_id, None)
    assert_another_format(world, credential_id, "teams", rows)

    for group_id, name in teams.items():
        changes.rename_team(group_id, name)
    for contact_id in sorted(people):
        changes.rename_person(contact_id, None, None)
    assert_another_format(world, credential_id, "players", rows)


def assert_another_format(world: SyncWorld, credential_id: int, entity: str, before: dict[str, Rows]) -> None:
    with pytest.raises(errors.FormatChanged) as raised:
        world.sync(credential_id, run_id=f"strange {entity}")
    row = world.history_of(f"strange {entity}")[entity]
    assert (row.status, row.error_message) == ("failed", str(raised.value))
    assert "format" in str(raised.value)
    assert world.dump() == before


def test_a_rejected_row_that_was_known_stays_as_it_was(world: SyncWorld) -> None:
    credential_id = world.add_credential()
    world.sync(credential_id)
    remote_id, group_id = world.roster(2)[1][3], world.roster(4)[0]
    rows = world.dump()
    world.simulator.changes.rename_person(remote_id, None, None)
    world.simulator.changes.rename_team(group_id, "")

    synced = world.sync(credential_id)

    assert world.dump() == rows
    truth = world.simulator.world.truth(world.club())
    for entity in ("teams", "players"):
        row = synced.history[entity]
        assert row.status == "partial_success"
        assert row.items_processed == row.items_succeeded + row.items_failed
    assert synced.history["teams"].items_succeeded == len(truth.teams)
    assert synced.history["players"].items_failed == len(truth.rejected["players"])


def test_calls_run_out_before_the_scan_is_whole(large: SyncWorld) -> None:
    world = large
    world.settings = world.settings.model_copy(update={"call_ceiling": 7})
    with pytest.raises(errors.CallBudgetSpent):
        world.sync(world.add_credential(), run_id="spent")
    assert world.simulator.calls.total == 7
    assert "TWIZZIT_CALL_CEILING" in str(world.history_of("spent")["players"].error_message)
    assert not any(world.rows(table) for table in WRITTEN_BY_A_SYNC if table is not SNAPSHOTS[0])


def test_an_answer_with_names_that_fails_shows_none(world: SyncWorld, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    world.settings = world.settings.model_copy(update={"retry_attempts": 1})
    credential_id = world.add_credential()
    messages = []
    for kind in ("truncated_json", "cut", "html"):
        world.simulator.faults.arm(kind, path="/contacts", times=NEVER)
        with pytest.raises(TwizzitPipelineError) as raised:
            world.sync(credential_id, steps=STEPS[:2])
        world.simulator.faults.clear()
        messages.append(str(raised.value))
    history = str([(row["error_message"], row["details"]) for row in world.rows(tables.sync_history)])
    everything = " ".join([*messages, history, caplog.text])
    names = {str(one.last_name).strip() for one in world.club().contacts.values() if one.last_name}
    assert not [name for name in names if len(name) > 2 and name in everything]
