"""Log lines of whole syncs and of the API: each names its run and credential, and none names a person."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg
import pytest
from pydantic import SecretStr

from tests.support.api_server import ApiServer, token
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline import logs
from twizzit_pipeline.errors import LoginRefused
from twizzit_pipeline.orchestration.instance.home import open_instance
from twizzit_pipeline.orchestration.launch import run_job
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage.engine import Database


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """No other test is to write lines."""
    root, package = logging.getLogger(), logging.getLogger(logs.PACKAGE)
    handlers, level, of_package = [*root.handlers], root.level, package.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    package.setLevel(of_package)


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulate(clubs=1, teams=2, players_per_team=4, other_contacts=6))


Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """What was logged since: every line of standard error, as JSON."""
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def in_json(settings: Settings, level: str = "info") -> None:
    logs.configure(settings.model_copy(update={"log_format": "json", "log_level": level}))


def people(world: SyncWorld) -> set[str]:
    """Every name of a person in the simulated world, and the password of every account."""
    found: set[str | None] = set()
    for club in world.simulator.world.organizations:
        found.add(club.account.password)
        for contact in club.contacts.values():
            found |= {contact.first_name, contact.last_name}
    return {name.strip() for name in found if name and name.strip()}


def test_every_line_of_a_sync_names_its_run_and_its_credential(world: SyncWorld, lines: Lines) -> None:
    in_json(world.settings)
    credential_id = world.add_credential()
    world.simulator.faults.arm("error_503", path="/contacts")
    synced = world.sync(credential_id)
    said = lines()
    assert {(line["run_id"], line["credential_id"]) for line in said} == {(synced.run_id, credential_id)}
    events = [line["event"] for line in said]
    assert events.count("sync began") == events.count("sync ended") == 1
    assert events.count("step ended") == 4
    (again,) = [line for line in said if line["event"] == "call tried again"]
    assert (again["status"], again["attempt"], again["route"][0]) == (503, 1, "/")
    scan, _, mapping, _ = [line for line in said if line["event"] == "step ended"]
    assert (scan["entity"], scan["scanned"]) == ("teams", synced.history["teams"].items_succeeded)
    assert (mapping["entity"], mapping["create"]) == ("teams", synced.teams.created)
    ended = said[-1]
    assert (ended["teams"], ended["players"]) == tuple(synced.history[one].status for one in ("teams", "players"))
    assert ended["calls"] == synced.calls == sum(line["calls"] for line in said if line["event"] == "step ended")


def test_no_line_of_a_sync_names_a_person_at_any_level(
    world: SyncWorld, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    in_json(world.settings, "debug")
    credential_id = world.add_credential()
    world.sync(credential_id)
    said = capsys.readouterr().err + caplog.text
    assert said.count("step ended") >= 4
    assert [name for name in people(world) if re.search(rf"\b{re.escape(name)}\b", said)] == []


def test_a_failure_says_which_error_and_why(world: SyncWorld, lines: Lines) -> None:
    in_json(world.settings, "warning")
    credential_id = world.add_credential(organization_name="Elsewhere", password=SecretStr("wrong"))
    with pytest.raises(LoginRefused):
        world.sync(credential_id)
    failed, ended = lines()
    assert (failed["event"], failed["error"], failed["level"]) == ("step failed", "LoginRefused", "warning")
    assert "username and password" in failed["reason"]
    assert (ended["event"], ended["teams"]) == ("sync ended", "failed")


@pytest.mark.dagster_tables
def test_dagster_shows_the_lines_in_the_log_of_the_run(world: SyncWorld) -> None:
    logs.configure(world.settings, quiet=True)
    credential_id = world.add_credential()
    result = run_job(
        world.settings, world.database, job_name="sync_teams", credential_id=credential_id, season=world.season
    )
    with open_instance(world.settings, world.database) as instance:
        entries = [entry for entry in instance.all_logs(result.run_id) if not entry.is_dagster_event]
    said = [entry.user_message for entry in entries]
    assert sum(message.startswith("step ended") for message in said) == 2
    assert all(f"credential_id={credential_id}" in message and result.run_id in message for message in said)
    assert isinstance(entries[0], dg.EventLogEntry)


def test_the_api_logs_each_answer_by_its_route_alone(
    settings: Settings, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with ApiServer(settings, database) as server, server.client(token("admin", user_id=41)) as client:
        in_json(settings)
        client.get("/sync/history/987654?limit=3&secret=hush")
        client.get("/nowhere/987654")
        client.get("/health")
        said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    shown = [(line["method"], line["route"], line["status"], line["subject"]) for line in said]
    assert shown == [("GET", "/sync/history/{credentialId}", 404, "41"), ("GET", None, 404, None)]
    assert all(line["ms"] > 0 for line in said)
    assert "987654" not in json.dumps(said) and "hush" not in json.dumps(said)


def test_text_is_one_line_whatever_a_field_holds(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(load_settings(_env_file=None))
    logs.logger("twizzit_pipeline.test").info("it happened", subject='a\nb\r\x1b[2J "c"', count=3)
    (line,) = capsys.readouterr().err.splitlines()
    assert "info    it happened" in line
    assert line.endswith("count=3")
    assert line.isprintable()


def test_what_an_exception_says_stays_out(lines: Lines) -> None:
    logs.configure(load_settings(_env_file=None, log_format="json"))
    words = " ".join(["Jan", "Peeters"])
    try:
        raise ValueError(words)
    except ValueError:
        logging.getLogger("some.library").exception("it broke")
    (line,) = lines()
    assert (line["event"], line["exception"], line["logger"]) == ("it broke", "ValueError", "some.library")
    assert "raise ValueError" in line["where"]
    assert words not in json.dumps(line)


def test_lines_that_dagster_prints_by_itself_come_once(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(load_settings(_env_file=None))
    server = logging.getLogger("dagster.code_server")
    server.warning("no other handler prints it")
    own = logging.NullHandler()
    server.addHandler(own)
    try:
        server.warning("printed already")
    finally:
        server.removeHandler(own)
    said = capsys.readouterr().err
    assert "no other handler prints it" in said
    assert "printed already" not in said


def test_a_command_is_quiet_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    log = logs.logger("twizzit_pipeline.test")
    logs.configure(load_settings(_env_file=None), quiet=True)
    log.warning("not asked for")
    assert capsys.readouterr().err == ""
    logs.configure(load_settings(_env_file=None, log_level="INFO"), quiet=True)
    log.info("asked for")
    log.debug("not for this")
    assert capsys.readouterr().err.count("asked") == 1
