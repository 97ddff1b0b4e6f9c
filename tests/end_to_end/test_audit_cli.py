"""What commands leave in the audit log, as a user types them; and that those which only read need no log."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from tests.support.command_line import CommandLine, command_line_on
from twizzit_pipeline.credentials import sealed
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage.audit import this_user

JWT_SECRET = "a secret of thirty-two characters"
SAID = "is not in the audit log: "


@pytest.fixture(autouse=True)
def _cheap_backups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sealed._COST, "n", 2**10)


def beside(folder: Path, url: str) -> CommandLine:
    return command_line_on(folder, url, JWT_SECRET=JWT_SECRET)


@pytest.fixture
def twizzit(tmp_path: Path, database_url: str) -> CommandLine:
    return beside(tmp_path, database_url)


@pytest.fixture
def read_only(database_url: str) -> None:
    """Nothing can be written from here on."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        name = make_url(database_url).database
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')


def add(twizzit: CommandLine, simulator: SimulatorServer | None = None) -> str:
    club = simulator.world.organizations[0] if simulator else None
    added = twizzit(
        *("credentials", "add", "--organization", club.name if club else "KC", "--password-stdin"),
        *("--username", club.account.username if club else "kc.api"),
        *("--endpoint", simulator.v2_endpoint if simulator else "https://127.0.0.1/v1"),
        stdin=club.account.password if club else "hunter-two\n",
    )
    assert added.code == 0, added.err
    return added.out.strip()


def rows(twizzit: CommandLine) -> list[dict[str, Any]]:
    """The log, the oldest row first; all of it by the user of this process."""
    found: list[dict[str, Any]] = twizzit("audit", "--json", "--limit", 1000).json()[::-1]
    assert {(row["actor"]["kind"], row["actor"]["id"]) for row in found} <= {("os", this_user().id)}
    return found


def brief(twizzit: CommandLine) -> list[tuple[str, str, str | None]]:
    return [(row["action"], row["target"], row["target_id"]) for row in rows(twizzit)]


def test_an_empty_database_that_is_migrated_says_so(tmp_path: Path, empty_database_url: str) -> None:
    twizzit = beside(tmp_path, empty_database_url)
    assert twizzit("migrate").code == 0
    (row,) = rows(twizzit)
    assert (row["action"], row["target"], row["details"]["from"]) == ("migrate", "database", None)
    assert row["details"]["to"] == twizzit("check-migrations", "--json").json()["current"]
    assert twizzit("migrate").code == 0
    assert len(rows(twizzit)) == 1


def test_what_is_taken_away_and_put_back_is_logged(twizzit: CommandLine) -> None:
    assert "trigger twizzit_audit_credentials" in " ".join(twizzit("detach").out.split())
    assert "trigger twizzit_audit_credentials" in " ".join(twizzit("attach").out.split())
    assert "Everything is in its place already" in twizzit("attach").out
    taken, made = rows(twizzit)
    assert (taken["action"], made["action"]) == ("detach", "attach")
    assert sorted(taken["details"]["taken"]) == sorted(made["details"]["made"])
    assert twizzit("check-migrations").code == 0


@pytest.mark.dagster_tables
def test_a_sync_and_a_backfill_are_logged(twizzit: CommandLine, simulator: SimulatorServer) -> None:
    credential = add(twizzit, simulator)
    label = simulator.world.running_season.label
    assert twizzit("sync", credential, "--only", "teams", "--quiet").code in (0, 3)
    assert twizzit("backfill", "--season", label, "--only", "teams", "--club", credential).code in (0, 3)
    assert twizzit("sync", credential, "--season", "1999-2000").code == 2
    assert brief(twizzit)[1:] == [("sync", "credential", credential)] * 3
    assert [row["details"] for row in rows(twizzit)[1:]] == [
        {"job": "sync_teams", "season": None},
        {"job": "sync_teams", "season": label},
        {"job": "sync_all", "season": "1999-2000"},
    ]


def test_a_token_is_logged_and_never_shown(twizzit: CommandLine, database_url: str) -> None:
    made = twizzit("token", "--role", "coach", "--user-id", 7, "--username", "a.person", "--hours", 2, "--club", "3")
    assert made.code == 0, made.err
    assert made.err == ""
    (row,) = rows(twizzit)
    assert (row["action"], row["target"]) == ("token", "api")
    assert row["details"] == {"role": "coach", "user_id": 7, "seconds": 7200, "credentials": [3]}
    for part in (*made.out.strip().split("."), "a.person"):
        assert part not in json.dumps(row)


def test_pruning_is_logged_before_and_after(twizzit: CommandLine, database_url: str) -> None:
    assert twizzit("prune", "--dry-run").code == 0
    assert rows(twizzit) == []
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO twizzit_sync_changes (table_name, row_id, action, created_at)"
            " VALUES ('teams', 1, 'create', now() - interval '3 years')"
        )
    assert twizzit("prune").code == 0
    assert twizzit("prune").code == 0
    first, gone, again = rows(twizzit)
    assert (first["action"], gone["action"], again["action"]) == ("prune", "pruned", "prune")
    assert first["details"]["retention_days"] == 365
    assert (gone["details"]["changes"], gone["details"]["history"]) == (1, 0)


def test_a_dump_and_what_it_is_restored_into_are_logged(
    twizzit: CommandLine, tmp_path: Path, empty_database_url: str
) -> None:
    add(twizzit)
    dumped = twizzit("database", "dump", "all.dump")
    assert (dumped.code, dumped.err) == (0, "")
    assert brief(twizzit)[1:] == [("dump", "database", None)]
    other = beside(tmp_path, empty_database_url)
    restored = other("database", "restore", "all.dump")
    assert (restored.code, restored.err) == (0, "")
    assert [action for action, *_ in brief(other)] == ["add", "dump", "restore"]
    assert twizzit("database", "dump", "all.dump").code == 1  # it is there already
    assert [action for action, *_ in brief(twizzit)] == ["add", "dump"]


@pytest.mark.usefixtures("read_only")
def test_what_only_reads_goes_on_where_nothing_can_be_written(twizzit: CommandLine, tmp_path: Path) -> None:
    for command in (("database", "dump", "all.dump"), ("token", "--role", "admin")):
        ended = twizzit(*command)
        assert ended.code == 0, ended.err
        assert f"This {command[-2] if command[0] == 'database' else command[0]} {SAID}" in ended.err
        assert ended.err.count("\n") == 1
    assert (tmp_path / "all.dump").stat().st_size > 1000
    exported = twizzit("credentials", "export", "vault.json", "--passphrase-stdin", stdin="correct horse battery")
    assert exported.code == 0, exported.err
    assert f"This export {SAID}" in exported.err
    for reading in (("status",), ("audit",), ("credentials", "list"), ("mappings", "teams")):
        assert twizzit(*reading).code == 0


def test_a_token_needs_no_database(tmp_path: Path) -> None:
    away = beside(tmp_path, "postgresql://none@127.0.0.1:9/none")
    made = away("token", "--role", "admin")
    assert (made.code, made.out.count(".")) == (0, 2)
    assert f"This token {SAID}" in made.err
    embedded = CommandLine(tmp_path, TWIZZIT_HOME=str(tmp_path / "home"), JWT_SECRET=JWT_SECRET)
    made = embedded("token", "--role", "admin")
    assert (made.code, made.out.count(".")) == (0, 2)
    assert f"This token {SAID}there is no database yet" in made.err
    assert not (tmp_path / "home" / "postgres").exists()


def test_what_was_changed_elsewhere_is_shown_and_accepted(twizzit: CommandLine, database_url: str) -> None:
    credential = add(twizzit)
    nothing = twizzit("credentials", "accept", credential)
    assert (nothing.code, nothing.out) == (0, "There is nothing to accept: its password was stored for these.\n")
    with psycopg.connect(database_url, application_name="psql") as connection:
        connection.execute("UPDATE twizzit_credentials SET api_endpoint = 'https://127.0.0.2/v1'")
    refused = twizzit("credentials", "verify", credential)
    assert refused.code == 1
    assert refused.err.startswith(f"Error: The password of credential {credential} was stored for another row")
    looked = twizzit("doctor")
    assert f"The passwords of credentials {credential} were stored for another row" in " ".join(looked.out.split())
    unsure = twizzit("credentials", "accept", "KC")
    assert unsure.code == 2
    assert "endpoint   https://127.0.0.2/v1" in unsure.err
    assert "user name  kc.api" in unsure.err
    accepted = twizzit("credentials", "accept", "KC", "--yes")
    assert accepted.code == 0, accepted.err
    assert accepted.out == f"Accepted. See whether it works: twizzit credentials verify {credential}\n"
    found = twizzit("audit", "--json").json()[::-1]
    assert [(row["actor"]["kind"], row["action"]) for row in found] == [
        ("os", "add"),
        ("trigger", "login_changed_elsewhere"),
        ("os", "accept"),
    ]
    assert found[1]["details"]["application"] == "psql"
    assert found[2]["details"] == {"because": "changed", "host": "127.0.0.2"}


def test_an_endpoint_that_may_not_be_stored_may_not_be_accepted(twizzit: CommandLine, database_url: str) -> None:
    credential = add(twizzit)
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE twizzit_credentials SET api_endpoint = 'https://10.0.0.1/v1'")
    refused = twizzit("credentials", "accept", credential, "--yes", TWIZZIT_ALLOW_PRIVATE_ENDPOINTS="0")
    assert refused.code == 1
    assert refused.err.splitlines()[-1].startswith("Error: ")
    assert [row["action"] for row in twizzit("audit", "--json").json()][::-1] == ["add", "login_changed_elsewhere"]
