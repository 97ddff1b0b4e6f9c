"""What an administrator of several clubs types: clubs by name, logins from a file, backfills, what was left out."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import psycopg
import pytest
import typer

from tests.support.command_line import CommandLine, command_line_on
from twizzit_pipeline.cli.commands.changes import moment_of
from twizzit_pipeline.simulator import SimulatorServer

HEADING = ["Organization", "Username", "Endpoint", "Password"]


@pytest.fixture
def simulator(simulate: Callable[..., SimulatorServer]) -> SimulatorServer:
    return simulate(clubs=3, teams=3, players_per_team=4, other_contacts=4)


@pytest.fixture
def twizzit(tmp_path: Path, database_url: str) -> CommandLine:
    return command_line_on(tmp_path, database_url)


def table_of(simulator: SimulatorServer, *, separator: str = ",", start: str = "") -> str:
    """All simulated clubs as a spreadsheet saves them."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    writer.writerow(HEADING)
    for club in simulator.world.organizations:
        writer.writerow([club.name, club.account.username, simulator.v2_endpoint, club.account.password])
    return start + out.getvalue()


@pytest.fixture
def clubs(twizzit: CommandLine, simulator: SimulatorServer, tmp_path: Path) -> list[str]:
    """The names of three clubs, whose credentials are stored."""
    (tmp_path / "clubs.csv").write_text(table_of(simulator), encoding="utf-8")
    added = twizzit("credentials", "add", "--from", "clubs.csv")
    assert added.code == 0, added.err
    return [club.name for club in simulator.world.organizations]


@pytest.mark.parametrize(("separator", "start"), [(",", ""), (";", "\ufeff"), ("\t", "\r\n")])
def test_many_logins_come_from_a_file(
    twizzit: CommandLine, simulator: SimulatorServer, tmp_path: Path, separator: str, start: str
) -> None:
    file = tmp_path / "clubs.csv"
    file.write_text(table_of(simulator, separator=separator, start=start), encoding="utf-8", newline="")
    added = twizzit("credentials", "add", "--from", file)
    assert added.code == 0, added.err
    assert added.out.splitlines()[-1] == "3 added"
    passwords = [club.account.password for club in simulator.world.organizations]
    assert not any(password in added.out + added.err for password in passwords)
    listed = twizzit("credentials", "list", "--json").json()
    assert [one["organization_name"] for one in listed] == [club.name for club in simulator.world.organizations]
    assert twizzit("credentials", "verify", 1).code == 0, "the passwords are theirs"
    again = twizzit("credentials", "add", "--from", file, "--json")
    assert (again.code, {one["outcome"] for one in again.json()}) == (0, {"already there"})
    assert [one["id"] for one in again.json()] == [1, 2, 3]


def test_each_row_of_a_file_stands_by_itself(twizzit: CommandLine, simulator: SimulatorServer, tmp_path: Path) -> None:
    club = simulator.world.organizations[0]
    (tmp_path / "secret.txt").write_text(f"{club.account.password}\n")
    endpoint = simulator.v2_endpoint
    rows = [
        "organization;username;endpoint;password;password_file",
        f"{club.name};{club.account.username};{endpoint};;secret.txt",
        f";u;{endpoint};geheim1;",
        "KC Nowhere;u;ftp://x;geheim2;",
        f"KC Piped;u;{endpoint};;",
        f"KC Both;u;{endpoint};geheim3;secret.txt",
        f"KC Lost;u;{endpoint};;lost.txt",
        f"KC Odd;u;{endpoint};geheim;4;5",
        "",
        f"KC Without;u;{endpoint};;",
    ]
    (tmp_path / "clubs.csv").write_text("\n".join(rows))
    ended = twizzit("credentials", "add", "--from", "clubs.csv", "--password-stdin", "--json", stdin="piped in\n")
    assert ended.code == 3
    done = {one["row"]: one for one in ended.json()}
    assert {row for row, one in done.items() if one["outcome"] == "added"} == {2, 5}
    assert {row for row, one in done.items() if one["outcome"] == "refused"} == {3, 4, 6, 7, 8, 10}
    assert "organization" in done[3]["why"]
    assert "one of them" in done[6]["why"]
    assert "lost.txt" in done[7]["why"]
    assert "quotes" in done[8]["why"]
    assert "no password" in done[10]["why"]
    assert "geheim" not in ended.out + ended.err
    assert [one["organization_name"] for one in twizzit("credentials", "list", "--json").json()] == [
        club.name,
        "KC Piped",
    ]
    assert twizzit("credentials", "verify", 1).code == 0


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b"organization,username\n", b"KC X,u,https://x,geheim\n", b"organization,username,colour\nx,y,z\n"],
)
def test_a_file_without_its_columns_is_refused_as_a_whole(twizzit: CommandLine, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "clubs.csv").write_bytes(content)
    ended = twizzit("credentials", "add", "--from", "clubs.csv")
    assert (ended.code, ended.out) == (2, "")
    assert "geheim" not in ended.err


@pytest.mark.parametrize(
    "rows", ['KC X;u;;"geheim\nKC Y;u;;geheim2\n', 'KC Y;u;;geheim2\nKC X;u;;"ge"heim\n', '"KC X;u;;geheim' * 9000]
)
def test_quotes_that_do_not_fit_are_refused_before_anything_is_stored(
    twizzit: CommandLine, tmp_path: Path, rows: str
) -> None:
    """The first would leave KC Y out, the second would store another password than the file has."""
    (tmp_path / "clubs.csv").write_text("organization;username;endpoint;password\n" + rows)
    ended = twizzit("credentials", "add", "--from", "clubs.csv")
    assert (ended.code, ended.out) == (2, "")
    assert f"row {3 if rows.startswith('KC Y') else 2} " in ended.err
    assert "geheim" not in ended.err
    assert twizzit("credentials", "list", "--json").json() == []


def test_a_club_is_named_where_an_id_was_asked_for(twizzit: CommandLine, clubs: list[str]) -> None:
    listed = twizzit("credentials", "list", "--json").json()
    second = listed[1]
    for said in (2, clubs[1], clubs[1].upper(), clubs[1][:-2], second["partition_key"]):
        shown = twizzit("config", "show", said, "--json")
        assert (shown.code, shown.json()["credential_id"]) == (0, 2), said
    several = twizzit("history", "K")
    assert several.code == 2
    assert several.out == ""
    assert "fits" in several.err
    assert f"  1  {clubs[0]}" in several.err.splitlines()
    unknown = twizzit("sync", "KC Nergens")
    assert unknown.code == 2
    assert [f"  {one['id']}  {one['organization_name']}" for one in listed] == unknown.err.splitlines()[1:]
    off = twizzit("credentials", "deactivate", clubs[2])
    assert (off.code, off.out) == (0, "Credential 3 is switched off.\n")
    assert twizzit("credentials", "delete", clubs[2], "--yes").code == 0
    assert twizzit("mappings", "teams", clubs[0][:6]).code == 0
    assert twizzit("mappings", "players", "--team", "4711").code == 1
    unknown = twizzit("mappings", "matches", "--team", "Nergens 1")
    assert (unknown.code, "Nergens 1" in unknown.err) == (1, True)
    assert twizzit("mappings", "matches").out == "No matches are mapped; a sync maps them: twizzit sync CLUB\n"
    for option in (("--coming",), ("--competition", 7)):  # of which there may be others
        assert (
            twizzit("mappings", "matches", *option).out
            == "No such matches are mapped; without the options: all that are\n"
        )


def test_every_configuration_is_changed_at_once(twizzit: CommandLine, clubs: list[str]) -> None:
    changed = twizzit("config", "set", "--all", "--every", 90, "--no-competitions", "--json").json()
    assert [(one["credential_id"], one["sync_interval_minutes"], one["sync_competitions"]) for one in changed] == [
        (1, 90, False),
        (2, 90, False),
        (3, 90, False),
    ]
    assert twizzit("config", "set", "--all", "--auto").out == "Changed 3 clubs; see one: twizzit config show CLUB\n"
    assert twizzit("config", "show", 3, "--json").json()["auto_sync_enabled"] is True
    assert twizzit("config", "set", "--every", 90).code == 2
    assert twizzit("config", "set", 1, "--all", "--every", 90).code == 2
    assert twizzit("config", "set", "--all").code == 2, "it would say that it changed all of them"
    nothing = twizzit("config", "set", 1, "--no-teams", "--no-players", "--no-competitions")
    assert "Next sync: never: it is to sync nothing" in nothing.out.splitlines()
    shown = twizzit("status", 1).out.splitlines()
    assert shown[0].startswith(f"{clubs[0]} (credential 1): broken")
    assert "Next sync: –" in [line.rstrip() for line in shown]
    unknown = twizzit("status", 99)
    assert (unknown.code, unknown.out) == (1, "")
    assert "99" in unknown.err


def test_a_club_that_is_deleted_meanwhile_keeps_the_change_from_no_other(
    twizzit: CommandLine, clubs: list[str], database_url: str
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:  # in the moment in which the first is changed
        connection.execute(
            "CREATE FUNCTION deletes() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN DELETE FROM twizzit_credentials WHERE id = 2; RETURN NULL; END'"
        )
        connection.execute(
            "CREATE TRIGGER deletes AFTER UPDATE ON twizzit_sync_config FOR EACH ROW"
            " WHEN (NEW.credential_id = 1) EXECUTE FUNCTION deletes()"
        )
    changed = twizzit("config", "set", "--all", "--every", 90, "--notify-to", "ann@example.org", "--json").json()
    assert [(one["credential_id"], one["sync_interval_minutes"]) for one in changed] == [(1, 90), (3, 90)]
    assert len(clubs) == len(changed) + 1
    named = twizzit("config", "set", 2, "--every", 60)
    assert (named.code, named.out) == (1, "")


@pytest.mark.dagster_tables
def test_what_a_sync_left_out_and_changed_is_read_by_name(
    twizzit: CommandLine, clubs: list[str], simulator: SimulatorServer
) -> None:
    club = simulator.world.organizations[0]
    assert twizzit("rejected", clubs[0]).out == "No sync has read anything of this club yet: twizzit sync 1\n"
    assert twizzit("sync", clubs[0], "--season", " ").code == 2
    assert twizzit("backfill", "--season", "").code == 2
    assert twizzit("history", 1, "--json").json() == []
    quiet = twizzit("sync", clubs[0], "--quiet")
    assert (quiet.code, quiet.out) == (3, "")
    assert [line.rpartition(": ")[2] for line in quiet.err.splitlines()] == ["twizzit rejected 1"]

    found = twizzit("rejected", clubs[0], "--only", "players", "--json").json()
    truth = simulator.world.truth(club).rejected["players"]
    rejected = [one for one in found if one["kind"] == "rejected"]
    assert {one["twizzit_id"] for one in rejected} == set(truth)
    assert all(len(one["sentence"].split()) > 3 for one in rejected)
    shown = twizzit("rejected", clubs[0], COLUMNS="80")
    assert rejected[0]["sentence"].split()[-1] in shown.out
    every = twizzit("rejected", clubs[0], "--json").json()
    broken = sum(one["kind"] == "rejected" for one in every)
    assert broken > len({(one["entity"], one["twizzit_id"]) for one in every if one["kind"] == "rejected"})
    assert f"{broken} rules broken" in shown.out  # a row may break several
    assert max(map(len, shown.out.splitlines())) <= 100

    journal = twizzit("changes", clubs[0], "--json").json()
    players = [one for one in journal if one["table_name"] == "players"]
    assert {one["action"] for one in players} == {"create"}
    assert all(one["name"] for one in players)
    simulator.changes.set_number(int(players[0]["twizzit_id"]), 77)
    changed = twizzit("sync", clubs[0], "--json", "--quiet")
    assert changed.code == 3
    as_json = changed.json()
    assert (as_json["outcome"], as_json["organization"]) == ("partial_success", club.name)
    assert {row["entity"] for row in as_json["history"]} == {"teams", "players", "competitions", "matches"}
    one, *_ = twizzit("changes", clubs[0], "--player", players[0]["name"], "--since", "5m", "--json").json()
    assert (one["row_id"], one["after"]["jersey_number"]) == (players[0]["row_id"], 77)
    assert "jersey_number: " in twizzit("changes", clubs[0], "--player", players[0]["name"]).out
    assert twizzit("changes", clubs[0], "--since", "2999-01-01").out == "Nothing was changed since then.\n"
    assert twizzit("changes", clubs[0], "--since", "soon").code == 2
    assert twizzit("changes", clubs[1]).out == "Nothing was changed yet.\n"


@pytest.mark.dagster_tables
def test_a_backfill_waits_and_reports_each_club_and_season(
    twizzit: CommandLine, clubs: list[str], simulator: SimulatorServer, database_url: str
) -> None:
    label = simulator.world.running_season.label
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE twizzit_credentials SET api_username = 'unknown' WHERE id = 2")
    asked = ("backfill", "--season", label, "--season", "1999-2000", "--only", "teams")
    ended = twizzit(*asked, "--club", clubs[0], "--club", 3, "--json")
    done = {(one["credential_id"], one["season"]): one for one in ended.json()}
    assert list(done) == [(1, label), (1, "1999-2000"), (3, label), (3, "1999-2000")]
    assert {done[id_, "1999-2000"]["outcome"] for id_ in (1, 3)} == {"skipped"}
    assert all(label in done[id_, "1999-2000"]["why"] for id_ in (1, 3))
    assert {done[id_, label]["outcome"] for id_ in (1, 3)} <= {"success", "partial_success"}
    assert ended.code == (3 if "partial_success" in {one["outcome"] for one in done.values()} else 0)
    every = twizzit("backfill", "--season", label, "--only", "teams")
    assert every.code == 1, "one of them has a wrong login"
    assert "1 failed" in every.out.splitlines()[-1]
    assert every.out.splitlines()[-1].startswith("3 syncs: ")
    assert any(line.startswith(f"2, {label}: ") for line in every.out.splitlines())


def test_a_new_home_says_where_it_is(tmp_path: Path) -> None:
    twizzit = CommandLine(tmp_path, TWIZZIT_HOME=str(tmp_path / "fresh"))
    first = twizzit("credentials", "list", "--json")
    assert (first.code, first.out) == (0, "[]\n")
    assert first.err.count("\n") == 1
    assert str(tmp_path / "fresh") in first.err
    assert twizzit("credentials", "list", "--json").err == ""


def test_the_version_and_the_completion_are_there(twizzit: CommandLine) -> None:
    assert twizzit("--version").out == f"twizzit {version('twizzit-pipeline')}\n"
    shown = twizzit("--help").out
    assert "--install-completion" in shown
    for panel in ("Clubs", "Teams and people", "Keeping it running", "Parts, one by one"):
        assert f" {panel} " in shown
    assert max(map(len, twizzit("--help", COLUMNS="80", TERMINAL_WIDTH="80").out.splitlines())) <= 80


NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("30m", timedelta(minutes=30)),
        ("6h", timedelta(hours=6)),
        ("7 d", timedelta(days=7)),
        ("2W", timedelta(weeks=2)),
    ],
)
def test_a_moment_is_so_long_ago(text: str, ago: timedelta) -> None:
    assert moment_of(text, NOW) == NOW - ago


def test_a_moment_is_a_local_day_or_a_time_with_its_zone() -> None:
    assert moment_of("2026-11-27", NOW) == datetime(2026, 11, 27).astimezone()
    assert moment_of("2026-11-27T10:00+01:00", NOW) == datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
    for wrong in ("", "soon", "7y", "27/11/2026", "0001-01-01", "9999-12-31T23:59-23:00"):
        with pytest.raises(typer.BadParameter):
            moment_of(wrong, NOW)
