"""`twizzit doctor`: each thing that can be wrong is found and shown with what to do, and stops no other look."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import typer
from pydantic import SecretStr
from sqlalchemy import insert, make_url, text, update

from tests.conftest import ENCRYPTION_KEY
from tests.support.examined import closed_port, look
from tests.support.shotspot_house import new_role
from tests.support.signs_of_life import beat
from tests.support.sync_process import wait_until
from twizzit_pipeline.cli.commands.database import migrate
from twizzit_pipeline.cli.doctor import command, machine
from twizzit_pipeline.cli.doctor.database import _clock
from twizzit_pipeline.cli.doctor.finding import Finding, Severity
from twizzit_pipeline.credentials import store
from twizzit_pipeline.orchestration.instance.home import open_instance
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.storage.inspection import inspect_server

SUBJECTS = {
    "settings",
    "variables",
    "versions",
    "folders",
    "disk",
    "time zone",
    "key",
    "runs take place",
    "dagster.yaml",
    "tokens",
    "database",
    "migrations",
}
OF_THE_DATABASE = {"connection options", "privileges", "Dagster's tables", "passwords", "endpoint", "orchestrator"}


def test_before_the_first_command_nothing_is_wrong_and_nothing_is_made(home: Path) -> None:
    seen = look()
    assert seen.problems == {}
    assert seen.subjects == SUBJECTS | OF_THE_DATABASE
    assert seen.of("orchestrator").severity is Severity.NOT_CHECKED
    assert list(home.iterdir()) == []


def test_a_missing_schema_of_dagsters_is_found_and_migrate_makes_it(
    own_database: str, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on the empty database of a new installation with the units of deploy/systemd."""
    url = make_url(empty_database_url).update_query_dict({"options": "-csearch_path=dagster"})
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", url.render_as_string(hide_password=False))
    found = look().of("Dagster's tables")
    assert (found.severity, found.what_to_do) == (Severity.PROBLEM, "Make it: twizzit migrate")
    assert "The schema dagster" in found.message
    migrate()
    assert look().of("Dagster's tables").severity is Severity.OK


def test_of_a_healthy_installation_everything_is_looked_at_and_no_call_is_spent(
    credential: Callable[..., int], simulator: SimulatorServer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWIZZIT_ALLOW_PRIVATE_ENDPOINTS", "1")
    account = simulator.world.organizations[0].account
    login = {"organization_name": simulator.world.organizations[0].name, "api_username": account.username}
    credential(**login, password=SecretStr(account.password), api_endpoint=simulator.v2_endpoint)
    credential(organization_name="Off", api_endpoint="https://gone.invalid")
    store.set_active(database.engine, 2, False)
    beat(database.engine)
    seen = look()
    assert seen.problems.keys() <= {"daemons"}  # of Dagster's, none ever ran here
    assert seen.subjects >= SUBJECTS | OF_THE_DATABASE | {"privileges", "clock", "daemons", "runs"}
    assert seen.of("database").message.startswith("PostgreSQL 1")
    assert seen.of("endpoint") == Finding("endpoint", Severity.OK, "127.0.0.1 answers; dialect v2 (credential 1)")
    assert seen.of("passwords").message == "2 passwords can be read, and every MAC fits"
    assert simulator.calls.total == 0

    verified = look(verify=True)
    assert verified.of("login").message == "Credential 1 logs in and may read its organization; 8 calls spent"
    assert simulator.calls.total == 8


def test_a_login_that_is_refused_is_found_when_it_is_tried(
    credential: Callable[..., int], simulator: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWIZZIT_ALLOW_PRIVATE_ENDPOINTS", "1")
    credential(api_endpoint=simulator.v2_endpoint)
    assert "login" not in look().subjects
    login = look(verify=True).of("login")
    assert (login.severity, "username and password" in login.message) == (Severity.PROBLEM, True)


def test_a_database_that_is_away_makes_the_rest_not_checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TWIZZIT_DATABASE_URL", f"postgresql://u:very-secret@127.0.0.1:{closed_port()}/x")
    monkeypatch.setenv("TWIZZIT_ENCRYPTION_KEY", ENCRYPTION_KEY)
    with pytest.raises(typer.Exit) as leaving:
        command.doctor(as_json=True)
    assert leaving.value.exit_code == 1
    out = capsys.readouterr().out
    answer = json.loads(out)
    verdicts = {one["subject"]: one["verdict"] for one in answer["findings"]}
    assert answer["healthy"] is False
    assert verdicts["database"] == "problem"
    assert {verdicts[subject] for subject in OF_THE_DATABASE | {"migrations"}} == {"not checked"}
    assert "very-secret" not in out
    assert ENCRYPTION_KEY not in out


def test_settings_that_cannot_be_read_are_the_one_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIZZIT_RETENTION_DAYS", "7")
    seen = look()
    assert seen.problems.keys() == {"settings"}
    assert "TWIZZIT_RETENTION_DAYS" in seen.problems["settings"]


def test_migrations_that_wait_come_before_all_that_needs_them(
    empty_database_url: str, own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWIZZIT_DATABASE_URL", empty_database_url)
    seen = look()
    assert seen.problems.keys() == {"migrations"}
    assert seen.of("migrations").what_to_do == "twizzit migrate"
    assert seen.of("passwords").severity is Severity.NOT_CHECKED


def test_a_table_that_was_changed_is_a_warning(own_database: str, database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE twizzit_matches DROP COLUMN away_score"))
    migrations = look().of("migrations")
    assert (migrations.severity, "twizzit_matches.away_score" in migrations.message) == (Severity.WARNING, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sensors: [1\n", "it is no YAML"),
        ("sensorz: {}\n", '"sensorz"'),
        ("run_launcher: {module: absent, class: Launcher}\n", "run_launcher: absent.Launcher is not installed here"),
        ("run_launcher: {module: dagster, class: Absent}\n", "run_launcher: dagster.Absent is not installed here"),
        ("run_launcher: {module: dagster, class: asset}\n", "run_launcher: dagster.asset is no class of that kind"),
        ("run_coordinator: {config: {dequeue_num_workers: many}}\n", "dequeue_num_workers"),
    ],
)
def test_a_mistake_in_the_operators_part_of_dagster_yaml_is_found(home: Path, text: str, said: str) -> None:
    own = home / "dagster.overlay.yaml"
    own.write_text("sensors: {num_submit_workers: 2}\n")
    assert look().of("dagster.yaml") == Finding("dagster.yaml", Severity.OK, f"With your own part of it, {own}")
    own.write_text(text)
    found = look().of("dagster.yaml")
    assert (found.severity, said in found.message) == (Severity.PROBLEM, True)
    assert str(own) in found.message
    assert len(found.message) < 600
    assert list(home.iterdir()) == [own]


@pytest.mark.dagster_tables
def test_an_orchestrator_is_missed_only_where_syncs_wait_for_it(
    credential: Callable[..., int], database: Database, settings: Settings
) -> None:
    credential_id = credential()
    assert look().of("orchestrator").severity is Severity.WARNING
    with database.engine.begin() as connection:
        connection.execute(insert(tables.sync_config).values(credential_id=credential_id, auto_sync_enabled=True))
    assert look().of("orchestrator").severity is Severity.PROBLEM
    with open_instance(settings, database):
        beat(database.engine)
    assert look().of("orchestrator").severity is Severity.OK
    with database.engine.begin() as connection:
        connection.execute(update(tables.orchestrators).values(heartbeat_at=text("now() - interval '3 hours'")))
    silent = look()
    assert silent.of("orchestrator").severity is Severity.PROBLEM
    assert "3 hours old" in silent.of("orchestrator").message
    assert silent.of("daemons").severity is Severity.NOT_CHECKED


def test_rights_that_are_missing_are_named(own_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with limited_user(own_database) as url:
        monkeypatch.setenv("TWIZZIT_DATABASE_URL", url)
        found = look()
        rights = found.problems["privileges"]
        todo = re.sub("role_[0-9a-f]+", "me", str(found.of("privileges").what_to_do))
    assert rights == "The database's user lacks INSERT on teams, DELETE on twizzit_api_usage"
    assert todo == (
        "As the tables' owner or a superuser: GRANT INSERT ON teams TO me; GRANT DELETE ON twizzit_api_usage TO me"
    )


def test_clocks_that_differ_are_found(database: Database) -> None:
    server = inspect_server(database.engine)
    assert abs(server.seconds_ahead) < 1
    assert _clock(server).severity is Severity.OK
    assert _clock(replace(server, seconds_ahead=-20.0)).severity is Severity.WARNING
    far = _clock(replace(server, seconds_ahead=4000.0))
    assert (far.severity, "4000.0 s ahead of" in far.message) == (Severity.PROBLEM, True)


def test_a_standby_that_every_commit_waits_for_is_found(database: Database, own_database: str) -> None:
    names = "SELECT current_setting('synchronous_standby_names')"
    with psycopg.connect(own_database, autocommit=True, options="-csynchronous_commit=off") as other:
        other.execute(f"ALTER DATABASE {other.info.dbname} SET synchronous_commit = on")
        assert "standby" not in look().subjects
        other.execute("ALTER SYSTEM SET synchronous_standby_names = 'away'")
        try:
            other.execute("SELECT pg_reload_conf()")
            wait_until(lambda: other.execute(names).fetchone() == ("away",))
            found = look().of("standby")
        finally:
            other.execute("ALTER SYSTEM RESET synchronous_standby_names")
            other.execute("SELECT pg_reload_conf()")
            wait_until(lambda: other.execute(names).fetchone() == ("",))
    assert (found.severity, "synchronous_standby_names = away" in found.message) == (Severity.PROBLEM, True)


@pytest.mark.parametrize(("free", "severity"), [(1e8, Severity.PROBLEM), (1e9, Severity.WARNING), (1e10, Severity.OK)])
def test_a_full_disk_is_found(monkeypatch: pytest.MonkeyPatch, free: float, severity: Severity) -> None:
    usage = shutil.disk_usage(".")._replace(free=int(free))
    monkeypatch.setattr("twizzit_pipeline.cli.doctor.machine.shutil.disk_usage", lambda _: usage)
    assert look().of("disk").severity is severity


def test_versions_other_than_the_pinned_ones_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pins = tmp_path / "pins.txt"
    pins.write_text("# pins\nrich==0.1\npytest==99 ; python_version > '3'\nnot-installed-at-all==1\n")
    monkeypatch.setattr(machine, "_REQUIREMENTS", pins)
    versions = look().of("versions")
    assert versions.severity is Severity.WARNING
    assert [part.split()[0] for part in versions.message.rpartition(": ")[2].split(", ")] == ["rich", "pytest"]


def test_a_look_that_fails_stops_no_other_and_shows_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Settings) -> Iterator[Finding]:
        raise ValueError("Jan Peeters")
        yield

    looks = [(name, broken if name == "disk" else one) for name, one in command._WITHOUT_DATABASE]
    monkeypatch.setattr(command, "_WITHOUT_DATABASE", looks)
    seen = look()
    assert seen.problems == {"disk": "unexpected error: ValueError"}
    assert seen.subjects == SUBJECTS | OF_THE_DATABASE


def test_the_table_says_what_to_do(own_database: str, capsys: pytest.CaptureFixture[str]) -> None:
    command.doctor()
    out = capsys.readouterr().out
    assert "→ Start it: twizzit up" in out
    assert out.splitlines()[-1] == "0 problems, 1 warning."


@contextmanager
def limited_user(url: str) -> Iterator[str]:
    """The URL of a user of this database that lacks two rights."""
    with new_role(url) as name, psycopg.connect(url, autocommit=True) as owner:
        owner.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}")
        owner.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}")
        owner.execute(f"GRANT CREATE ON DATABASE {make_url(url).database} TO {name}")
        owner.execute(f"REVOKE INSERT ON teams FROM {name}")
        owner.execute(f"REVOKE DELETE ON twizzit_api_usage FROM {name}")
        yield make_url(url).set(username=name).render_as_string(hide_password=False)
