"""The command line against a real database and a real simulator: from an empty database to a synced club."""

import signal
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from tests.conftest import ENCRYPTION_KEY
from tests.support.command_line import CommandLine, command_line_on
from twizzit_pipeline.credentials import store
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.simulator.calendar_truth import calendar_truth
from twizzit_pipeline.storage.engine import open_database


@pytest.fixture
def twizzit(tmp_path: Path, database_url: str) -> CommandLine:
    """`twizzit` on a migrated database of its own, with a key."""
    return command_line_on(tmp_path, database_url)


@pytest.fixture
def simulator(simulate: Callable[..., SimulatorServer]) -> SimulatorServer:
    """A small club, some of whose rows must be rejected."""
    return simulate(clubs=1, teams=3, players_per_team=4, other_contacts=6)


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connected:
        yield connected


def add_credential(twizzit: CommandLine, simulator: SimulatorServer, *, dialect: str = "v2") -> int:
    club = simulator.world.organizations[0]
    added = twizzit(
        "credentials",
        "add",
        "--organization",
        club.name,
        "--username",
        club.account.username,
        "--endpoint",
        simulator.v2_endpoint if dialect == "v2" else simulator.v1_endpoint,
        "--password-stdin",
        stdin=f"{club.account.password}\n",
    )
    assert added.code == 0, added.err
    return int(added.out)


def everything_stored(connection: psycopg.Connection) -> str:
    """Every row of every table, Dagster's too, as text."""
    tables = connection.execute(
        "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) FROM information_schema.tables"
        " WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
    ).fetchall()
    assert len(tables) > 20
    rows = [connection.execute(f"SELECT t::text FROM {table} t").fetchall() for (table,) in tables]
    return "\n".join(text for of_table in rows for (text,) in of_table)


def test_a_club_from_its_login_to_its_players(
    twizzit: CommandLine, simulator: SimulatorServer, connection: psycopg.Connection
) -> None:
    credential_id = add_credential(twizzit, simulator)
    verified = twizzit("credentials", "verify", credential_id)
    assert verified.code == 0, verified.err
    assert simulator.world.organizations[0].name in verified.out

    first = twizzit("sync", credential_id)
    assert first.code == 3, first.err
    assert "partial success" in first.out
    assert "name_present" in first.out
    truth = simulator.world.truth(simulator.world.organizations[0])
    teams = twizzit("mappings", "teams", "--json").json()
    assert {row["twizzit_team_id"]: row["local_team_name"] for row in teams} == truth.teams
    # What `verify` had said would come is what came.
    label, count = simulator.world.running_season.label, len(truth.teams)
    lines = verified.out[verified.out.index(f"A sync of {label} would bring {count} teams:") :].splitlines()
    assert sorted(line.strip() for line in lines[1 : count + 1]) == sorted(truth.teams.values())
    assert lines[count + 1] == "and reject 1, which break a rule of the contract."
    players = twizzit("mappings", "players", "--credential", credential_id, "--json").json()
    names = {row["twizzit_player_id"]: (row["local_first_name"], row["local_last_name"]) for row in players}
    assert names == {remote_id: (one.first_name, one.last_name) for remote_id, one in truth.players.items()}

    calendar = calendar_truth(simulator.world, simulator.world.organizations[0])
    competitions = twizzit("mappings", "competitions", "--json").json()
    assert {row["twizzit_competition_id"]: row["local_competition_name"] for row in competitions} == dict(
        calendar.competitions
    )
    assert [row["matches"] for row in competitions] == [17] * len(competitions)
    matches = twizzit("mappings", "matches", "--credential", credential_id, "--json").json()
    assert {row["twizzit_match_id"]: datetime.fromisoformat(row["starts_at"]) for row in matches} == {
        remote_id: match.starts_at for remote_id, match in calendar.matches.items()
    }

    assert twizzit("sync", credential_id, "--only", "players").code == 3
    history = twizzit("history", credential_id, "--json").json()
    assert [(row["sync_type"], row["entity"], row["status"]) for row in history] == [
        ("players", "players", "partial_success"),
        ("competitions", "matches", "success"),
        ("competitions", "competitions", "success"),
        ("players", "players", "partial_success"),
        ("teams", "teams", "partial_success"),
    ]
    assert "matches" in twizzit("history", credential_id).out
    for row in history:
        assert datetime.fromisoformat(row["started_at"]).utcoffset() is not None
        assert row["items_processed"] == row["items_succeeded"] + row["items_failed"]
    assert history[0]["details"]["unchanged"] == len(truth.players)

    (listed,) = twizzit("credentials", "list", "--json").json()
    assert listed["id"] == credential_id
    assert listed["organization_name"] == simulator.world.organizations[0].name
    assert datetime.fromisoformat(listed["last_verified_at"]).utcoffset() is not None
    assert not any("password" in key or "iv" in key.split("_") for key in listed)

    password = simulator.world.organizations[0].account.password
    assert simulator.world.organizations[0].name in everything_stored(connection)
    assert password not in everything_stored(connection)
    for path in twizzit.folder.rglob("*"):
        assert not path.is_file() or password.encode() not in path.read_bytes()
    assert not any(password in said for said in (verified.out, verified.err, first.out, first.err))


@pytest.mark.dagster_tables
def test_a_season_that_the_account_lacks_changes_no_state_and_costs_no_more_calls_than_needed(
    twizzit: CommandLine, simulator: SimulatorServer
) -> None:
    credential_id = add_credential(twizzit, simulator)
    assert twizzit("credentials", "verify", credential_id).code == 0
    simulator.faults.arm("forbidden", path="/groups", times=None)
    assert twizzit("sync", credential_id).code == 1
    rows = twizzit("history", credential_id, "--json").json()
    simulator.calls.reset()

    typo = twizzit("sync", credential_id, "--season", "2027")

    labels = [season.label for season in simulator.world.seasons_of(simulator.world.organizations[0])]
    wanted = f"The account has no such season; it has {', '.join(sorted(labels, reverse=True))}"
    assert (typo.code, typo.out, typo.err.splitlines()) == (2, "", [f"Error: {wanted}"])
    assert simulator.calls.total == 0  # `verify` has just read them
    assert twizzit("history", credential_id, "--json").json() == rows
    (state,) = twizzit("status", "--json").json()["credentials"]
    assert state["state"] == "failing"
    assert twizzit("status", "--check").code == 1


@pytest.mark.dagster_tables
def test_an_account_that_was_never_read_is_asked_once_for_its_seasons(
    twizzit: CommandLine, simulator: SimulatorServer
) -> None:
    credential_id = add_credential(twizzit, simulator)
    asked = ("sync", credential_id, "--season", "1999-2000", "--only", "competitions")
    labels = [season.label for season in simulator.world.seasons_of(simulator.world.organizations[0])]
    label = simulator.world.running_season.label
    for calls in (True, False):
        simulator.calls.reset()
        ended = twizzit(*asked)
        wanted = f"Error: The account has no such season; it has {', '.join(labels[::-1])}"
        assert (ended.code, ended.err.splitlines()) == (2, [wanted])
        assert bool(simulator.calls.total) == calls
    assert twizzit("history", credential_id, "--json").json() == []
    # Another spelling of a season that it has is that season.
    ended = twizzit("sync", credential_id, "--season", label.replace("-", "/"), "--only", "teams")
    assert ended.code in (0, 3), ended.err
    assert {row["season"] for row in twizzit("history", credential_id, "--json").json()} == {label}
    assert label in twizzit("history", credential_id).out


@pytest.mark.dagster_tables
def test_a_sync_that_fails_says_why_in_one_line(twizzit: CommandLine, simulator: SimulatorServer) -> None:
    credential_id = add_credential(twizzit, simulator)
    simulator.faults.arm("forbidden", path="/groups", times=None)
    ended = twizzit("sync", credential_id, "--season", simulator.world.running_season.label)
    assert ended.code == 1
    errors = [line for line in ended.err.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert "/groups" in errors[0]
    assert "Traceback" not in ended.err
    (row,) = [one for one in twizzit("history", credential_id, "--json").json() if one["entity"] == "teams"]
    assert (row["status"], row["error_message"]) == ("failed", errors[0].removeprefix("Error: "))


@pytest.mark.dagster_tables
def test_two_syncs_at_once_and_ctrl_c_on_the_first(
    twizzit: CommandLine, simulator: SimulatorServer, connection: psycopg.Connection
) -> None:
    credential_id = add_credential(twizzit, simulator)
    sync = ("sync", credential_id, "--only", "teams", "--season", simulator.world.running_season.label)
    simulator.faults.arm("slow", path="/groups", times=None, seconds=60)
    first = twizzit.start(*sync)
    until = time.monotonic() + 60
    while not connection.execute("SELECT 1 FROM twizzit_sync_history").fetchone() and time.monotonic() < until:
        time.sleep(0.1)

    second = twizzit(*sync)
    assert second.code == 4, second.err
    assert "Error: Sync already in progress" in second.err
    assert "Traceback" not in second.err

    first.send_signal(signal.SIGINT)
    out, err = first.communicate(timeout=30)
    assert first.returncode == 130, out + err
    assert "Traceback" not in err
    assert connection.execute("SELECT DISTINCT status FROM twizzit_sync_history").fetchall() == [("failed",)]
    assert connection.execute("SELECT count(*) FROM twizzit_leases").fetchone() == (0,)
    simulator.faults.clear()
    assert twizzit(*sync).code == 3


def test_the_password_is_asked_for_and_not_shown(twizzit: CommandLine, simulator: SimulatorServer) -> None:
    club = simulator.world.organizations[0]
    add = ["credentials", "add", "--organization", club.name, "--username", "u", "--endpoint", simulator.v2_endpoint]
    with twizzit.asking(*add, until=b"Password") as (asking, shown):
        time.sleep(0.3)  # the prompt comes a moment before the terminal stops to echo
        rest, _ = asking.communicate(b"open-sesame\n", timeout=60)
    assert b"open-sesame" not in shown + rest
    settings = load_settings(
        _env_file=None, home=twizzit.folder, database_url=twizzit.environment["TWIZZIT_DATABASE_URL"],
        encryption_key=ENCRYPTION_KEY,
    )  # fmt: skip
    with open_database(settings) as database:
        (credential,) = store.list_all(database.engine)
        key = settings.encryption_key
        assert key is not None
        assert store.reveal_login(database.engine, key, credential.id).password.get_secret_value() == "open-sesame"


def test_a_closed_pipe_is_no_error(twizzit: CommandLine) -> None:
    process = twizzit.start("credentials", "list")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    process.wait(timeout=30)


@pytest.mark.dagster_tables
def test_every_dagster_command_passes_with_its_options_and_its_exit_code(
    twizzit: CommandLine, capfd: pytest.CaptureFixture[str]
) -> None:
    ended = twizzit("dagster", "job", "list", "--no-such-option")
    assert ended.code == 2
    said = capfd.readouterr().err  # Dagster is a child of this process
    assert "No such option" in said
    assert "--no-such-option" in said


def test_the_simulator_runs_by_itself_until_it_is_stopped(tmp_path: Path) -> None:
    process = CommandLine(tmp_path).start("simulate", "--clubs", 1)
    assert process.stdout is not None
    said = ""
    while "/v2/api\n" not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert "Traceback" not in err
    assert process.returncode in (0, 130)
