"""`twizzit config`, and what `twizzit sync` says of a month's calls."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.support.command_line import CommandLine, command_line_on
from twizzit_pipeline.simulator import SimulatorServer


@pytest.fixture
def twizzit(tmp_path: Path, database_url: str, simulate: Callable[..., SimulatorServer]) -> CommandLine:
    """A credential is stored, its club simulated."""
    simulator = simulate(clubs=1, teams=2, players_per_team=3, other_contacts=2)
    command = command_line_on(tmp_path, database_url, COLUMNS="200")
    club = simulator.world.organizations[0]
    named = ("--organization", club.name, "--username", club.account.username)
    where = ("--endpoint", simulator.v2_endpoint, "--password-stdin")
    assert command("credentials", "add", *named, *where, stdin=club.account.password).out == "1\n"
    return command


def test_a_configuration_is_shown_and_changed(twizzit: CommandLine) -> None:
    shown = twizzit("config", "show", 1)
    assert shown.code == 0
    assert shown.out.splitlines() == [
        "Syncs:     teams, players, competitions",
        "By itself: no",
        "Last good: –",
        "Next sync: –",
        "Calls:     0 this month, no limit",
    ]
    changed = twizzit("config", "set", 1, "--auto", "--every", 90, "--limit", 1500, "--no-competitions")
    assert changed.out.splitlines() == [
        "Syncs:     teams, players",
        "By itself: every 90 minutes",
        "Last good: –",
        "Next sync: as soon as an orchestrator looks",
        "Calls:     0 this month, a limit of 1,500",
    ]
    again = twizzit("config", "set", 1, "--no-limit", "--every", 2880, "--json").json()
    assert (again["monthly_call_limit"], again["sync_interval_minutes"], again["auto_sync_enabled"]) == (
        None,
        2880,
        True,
    )
    assert "every 2 days" in twizzit("config", "show", 1).out
    assert "Events:    Wedstrijd = match\n" in twizzit("config", "set", 1, "--match-type", "Wedstrijd").out
    assert "Events" not in twizzit("config", "set", 1, "--no-match-type").out
    assert twizzit("config", "set", 1, "--limit", 5).out.splitlines()[-1].startswith("Paused:    until ")
    (row, *_) = twizzit("audit", "--json").json()
    assert (row["target"], row["details"]["to"]) == ("config", {"monthly_call_limit": 5})
    assert row["actor"]["kind"] == "os"


def test_the_recipients_of_a_credential_are_shown_and_removed(twizzit: CommandLine) -> None:
    changed = twizzit("config", "set", 1, "--notify-to", "board@noord.example, trainer@noord.example")
    assert "Notified:  board@noord.example, trainer@noord.example, besides those of the settings\n" in changed.out
    assert twizzit("config", "show", 1, "--json").json()["notify_to"] == [
        "board@noord.example",
        "trainer@noord.example",
    ]
    refused = twizzit("config", "set", 1, "--notify-to", "board@noord.example,nowhere")
    assert refused.code == 1
    assert refused.err == "Error: notify_to: number 2 of the list is no e-mail address\n"
    assert "Notified" not in twizzit("config", "set", 1, "--notify-to", "").out


def test_another_password_ends_the_back_off(twizzit: CommandLine, database_url: str) -> None:
    assert twizzit("config", "set", 1, "--auto").code == 0
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "UPDATE twizzit_sync_config SET consecutive_failures = 4, last_sync_at = timezone('utc', now()),"
            " next_sync_at = timezone('utc', now()) + interval '15 hours'"
        )
        failing = twizzit("config", "show", 1).out
        assert ": after 4 failures in a row it comes every 16 h, until a sync succeeds\n" in failing
        assert twizzit("credentials", "change-password", 1, "--password-stdin", stdin="another").code == 0
        left = "SELECT consecutive_failures, next_sync_at <= timezone('utc', now()) FROM twizzit_sync_config"
        assert connection.execute(left).fetchall() == [(0, True)]


def test_what_the_accounts_words_mean_is_said_shown_and_forgotten(twizzit: CommandLine) -> None:
    said = ("--function", "Gastspeler=other", "--function", "Kern = player", "--function", "a=b=other")
    more = ("--event-type", "Competitiewedstrijd=match", "--group-type", "Kern=team", "--status", "WO=completed")
    assert twizzit("config", "set", 1, *said, *more).out.splitlines()[5:] == [
        "Functions: Gastspeler = other",
        "           Kern = player",
        "           a=b = other",
        "Events:    Competitiewedstrijd = match",
        "Groups:    Kern = team",
        "Statuses:  WO = completed",
    ]
    twizzit("config", "set", 1, "--function", "a=b=", "--function", "kern=other", "--status", "WO=")
    found = twizzit("config", "show", 1, "--json").json()
    assert found["functions"] == {"Gastspeler": "other", "kern": "other"}
    assert (found["event_types"], found["group_types"]) == ({"Competitiewedstrijd": "match"}, {"Kern": "team"})
    assert found["statuses"] == {}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--every", 4), "--every"),
        (("--every", 525_601), "--every"),
        (("--limit", 0), "--limit"),
        (("--limit", 7, "--no-limit"), "either a limit or none"),
        (("--limit", "many"), "--limit"),
        (("--match-type", "x", "--no-match-type"), "either a type or none"),
        (("--function", "Trainer"), "NAME=player or NAME=other"),
        (("--function", "=player"), "NAME=player or NAME=other"),
        (("--function", "Trainer=match"), "NAME=player or NAME=other"),
        (("--event-type", "Match=player"), "NAME=match or NAME=other"),
        (("--status", "WO=other"), "NAME=scheduled or"),
        (("--group-type", "Kern=team", "--group-type", "Kern=other"), "there twice"),
    ],
)
def test_what_a_configuration_cannot_have_is_refused(
    twizzit: CommandLine, arguments: tuple[object, ...], said: str
) -> None:
    refused = twizzit("config", "set", 1, *arguments)
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.err


def test_an_unknown_credential_has_no_configuration(twizzit: CommandLine) -> None:
    for command in ("show", "set"):
        refused = twizzit("config", command, 9)
        assert (refused.code, refused.out) == (1, "")
        assert refused.err.startswith("Error: ")


@pytest.mark.dagster_tables
def test_a_sync_says_what_is_left_of_the_month_and_is_not_refused(twizzit: CommandLine) -> None:
    twizzit("config", "set", 1, "--limit", 10)
    synced = twizzit("sync", 1)
    assert synced.code == 3  # the simulator holds rows to reject
    assert "10 of 10 calls to Twizzit are left this month, fewer than a sync usually takes (20)." in synced.err
    (calls,) = [line for line in synced.out.splitlines() if line.startswith("Calls to Twizzit:")]
    found = twizzit("config", "show", 1, "--json").json()
    assert calls == f"Calls to Twizzit: {found['calls_this_month']}; 0 of 10 are left this month"
    assert found["last_sync_at"] is not None
