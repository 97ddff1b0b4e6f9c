"""`twizzit sync CLUB --repair`: previewed at no cost, asked for, and then read in the journal and the history."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from tests.support.command_line import CommandLine, command_line_on
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer

pytestmark = pytest.mark.dagster_tables

EDITED = "Bijnaam"


@pytest.fixture
def twizzit(tmp_path: Path, database_url: str) -> CommandLine:
    return command_line_on(tmp_path, database_url, COLUMNS="120")


@pytest.fixture(scope="module")
def running() -> Iterator[SimulatorServer]:
    """A small club. No test here changes it."""
    with SimulatorServer(
        SimulatorOptions(clubs=1, teams=2, players_per_team=4, other_contacts=3, tidy=frozenset({1}))
    ) as server:
        yield server


@pytest.fixture
def simulator(running: SimulatorServer) -> SimulatorServer:
    """The same, of whose calls none is counted yet."""
    running.calls.reset()
    return running


@pytest.fixture(scope="module")
def prepared(
    new_database_of_dagster: Callable[[], AbstractContextManager[str]],
    running: SimulatorServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Name of a database whose first credential has synced, after which a person edited a player and a team there."""
    with new_database_of_dagster() as url:
        twizzit = command_line_on(tmp_path_factory.mktemp("synced"), url, COLUMNS="120")
        assert twizzit("sync", added(twizzit, running)).code == 0
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("UPDATE players SET first_name = %s, jersey_number = 999 WHERE id = 1", [EDITED])
            connection.execute("UPDATE teams SET name = 'Kadetten' WHERE id = 1")
        yield str(make_url(url).database)


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connected:
        yield connected


def added(twizzit: CommandLine, simulator: SimulatorServer) -> int:
    """A credential that never synced."""
    account = simulator.world.organizations[0].account
    name = simulator.world.organizations[0].name
    endpoint = ("--endpoint", simulator.v2_endpoint)
    login = ("--organization", name, "--username", account.username, *endpoint)
    ended = twizzit("credentials", "add", *login, "--password-stdin", stdin=f"{account.password}\n")
    assert ended.code == 0, ended.err
    return int(ended.out)


@pytest.fixture
def edited(prepared: str) -> int:
    """The credential of the club that has synced and was edited: the test's database is a copy of that one."""
    assert prepared
    return 1


def everything(connection: psycopg.Connection[Any]) -> list[str]:
    """Every row of ours and of ShotSpot's."""
    tables = connection.execute("SELECT format('%I', relname) FROM pg_class WHERE relkind = 'r' AND relnamespace ="
                                " 'public'::regnamespace ORDER BY 1").fetchall()  # fmt: skip
    rows = [connection.execute(f"SELECT t::text FROM {table} t ORDER BY 1").fetchall() for (table,) in tables]
    return [text for of_table in rows for (text,) in of_table]


def player(connection: psycopg.Connection[Any]) -> tuple[Any, ...]:
    row = connection.execute("SELECT first_name, jersey_number FROM players WHERE id = 1").fetchone()
    assert row is not None
    return tuple(row)


def test_without_a_terminal_it_previews_writes_nothing_and_ends_with_2(
    twizzit: CommandLine, edited: int, connection: psycopg.Connection[Any], simulator: SimulatorServer
) -> None:
    before = everything(connection)
    ended = twizzit("sync", edited, "--repair")
    assert ended.code == 2
    assert "no terminal to ask on" in ended.err
    assert "--yes" in ended.err
    assert (everything(connection), simulator.calls.total) == (before, 0)
    assert "teams: 1 of 2 (name 1)" in ended.out
    assert "players: 1 of 8" in ended.out
    assert "just now" in ended.out or " ago)" in ended.out
    assert "name: Kadetten →" in ended.out
    assert "jersey_number: 999 →" in ended.out
    assert EDITED not in ended.out + ended.err, "names of people belong on a terminal"

    machine = twizzit("sync", edited, "--repair", "--json")
    assert machine.code == 2
    repair = machine.json()["repair"]
    assert (repair["rows"], [len(one["rows"]) for one in repair["entities"]]) == (2, [1, 1, 0, 0])
    assert repair["entities"][1]["rows"][0]["columns"]["first_name"]["old"] == EDITED
    assert (everything(connection), simulator.calls.total) == (before, 0)


def test_with_yes_it_repairs_and_says_so_afterwards(
    twizzit: CommandLine, edited: int, connection: psycopg.Connection[Any]
) -> None:
    assert twizzit("sync", edited).code == 0
    assert player(connection) == (EDITED, 999), "an ordinary sync leaves what a person wrote"
    ended = twizzit("sync", edited, "--repair", "--yes")
    assert ended.code == 0, ended.err
    assert EDITED not in ended.out + ended.err
    assert "With a remark" in ended.out
    assert "1 player: edited in ShotSpot; a repair was asked for, and Twizzit's values are back" in ended.out
    assert player(connection)[0] != EDITED

    changes = twizzit("changes", edited, "--json").json()
    repaired = {one["table_name"]: one for one in changes if one["action"] == "repair"}
    assert repaired.keys() == {"teams", "players"}
    assert repaired["players"]["before"] == {"first_name": EDITED, "jersey_number": 999}
    assert "repair" in twizzit("changes", edited).out
    assert "(players): repaired on request: first_name 1, jersey_number 1" in twizzit("history", edited).out
    history = {row["entity"]: row["details"] for row in twizzit("history", edited, "--json", "--limit", 4).json()}
    assert history["players"]["repaired"] == {"first_name": 1, "jersey_number": 1}
    assert [one["repair"] for one in history.values()] == [True] * 4
    tags = connection.execute(
        "SELECT DISTINCT run_id FROM dagster.run_tags WHERE (key, value) = ('twizzit/repair', 'true')"
    )
    runs = connection.execute("SELECT DISTINCT dagster_run_id FROM twizzit_sync_history WHERE details ? 'repair'")
    assert tags.fetchall() == runs.fetchall() != []

    before = everything(connection)
    again = twizzit("sync", edited, "--repair")
    assert (again.code, again.err) == (0, "")
    assert "Nothing to repair" in again.out
    assert everything(connection) == before


def test_one_entity_alone(twizzit: CommandLine, edited: int, connection: psycopg.Connection[Any]) -> None:
    ended = twizzit("sync", edited, "--repair", "--yes", "--only", "teams", "--json")
    assert ended.code == 0, ended.err
    document = ended.json()
    assert [one["entity"] for one in document["repair"]["entities"]] == ["teams"]
    assert [one["entity"] for one in document["history"]] == ["teams"]
    assert connection.execute("SELECT name FROM teams WHERE id = 1").fetchone() != ("Kadetten",)
    assert player(connection) == (EDITED, 999)


@pytest.mark.parametrize("answer", ["n", "y"])
def test_on_a_terminal_it_asks(
    twizzit: CommandLine, edited: int, connection: psycopg.Connection[Any], answer: str
) -> None:
    before = everything(connection)

    def asked(shown: bytes) -> str:
        assert b"Write 1 row of ShotSpot as Twizzit has them?" in shown
        assert EDITED.encode() in shown, "on a terminal, a person sees whom it is about"
        assert everything(connection) == before
        return answer

    ended = twizzit.on_terminal("sync", edited, "--repair", "--only", "players", until=b"[y/N]", answer=asked)
    assert ended.code == (0 if answer == "y" else 1), ended.out
    assert (player(connection) == (EDITED, 999)) == (answer == "n")
    assert answer == "y" or everything(connection) == before


def test_where_no_sync_has_read_anything_it_says_so(
    twizzit: CommandLine, connection: psycopg.Connection[Any], simulator: SimulatorServer
) -> None:
    club = added(twizzit, simulator)
    before = everything(connection)
    ended = twizzit("sync", club, "--repair", "--yes")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("Error: No sync has read this club yet")
    assert ended.err.rstrip().endswith(f"twizzit sync {club}")
    assert (everything(connection), simulator.calls.total) == (before, 0)


def test_what_does_not_go_together_is_a_wrong_argument(
    twizzit: CommandLine, edited: int, simulator: SimulatorServer
) -> None:
    assert twizzit("sync", edited, "--yes").code == 2
    ended = twizzit("sync", edited, "--repair", "--yes", "--season", "1999-2000")
    assert ended.code == 2
    assert ended.err.startswith("Error: The account has ")
    assert simulator.calls.total == 0


def test_a_past_season_has_nothing_to_repair(
    twizzit: CommandLine, edited: int, connection: psycopg.Connection[Any], simulator: SimulatorServer
) -> None:
    label = min(season.label for season in simulator.world.seasons_of(simulator.world.organizations[0]))
    assert twizzit("sync", edited, "--season", label).code == 0
    before = everything(connection)
    ended = twizzit("sync", edited, "--repair", "--yes", "--season", label)
    assert (ended.code, ended.err) == (0, "")
    assert f"Nothing to repair: a later season than {label} has begun" in ended.out
    assert everything(connection) == before
