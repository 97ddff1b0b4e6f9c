"""What a federation's players cost: a first load and a sync without changes, beside the floor of the same machine.

Run it with `.venv/bin/python benchmarks/federation.py [--contacts 10000 40000 160000] [--made-up]`; it prints one JSON
object for each size. The simulator is a process of its own, and so is each sync: forked from one that has imported all
and done nothing. The floor of a first load: the rows it
wrote, by COPY into copies of their tables with indexes, foreign keys and triggers. The floor of a sync without changes:
a COPY of the snapshot's rows, and one comparison with the snapshot in SQL. Fetching is measured by itself (a process
that reads the same rosters and forgets them) and left out of the ratios.

With `--made-up` no simulator runs and nothing is fetched: each sync makes the rosters up in its own process, for sizes
whose fetching takes many minutes.

`seconds` are wall time, `cpu` the seconds of all that ran, PostgreSQL's processes included: on a busy machine compare
those. A ratio holds on any machine, seconds do not. `rss` is the peak of the process, in MB.

The database is an embedded one of its own, in a folder that goes away afterwards.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, text

from twizzit_pipeline.accounts.clients import open_client
from twizzit_pipeline.credentials import store
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.scheduling import config
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.storage.migrate import migrate
from twizzit_pipeline.sync.entities.players import map_players, scan_players
from twizzit_pipeline.sync.entities.teams import map_teams, scan_teams
from twizzit_pipeline.sync.reports import MappingReport
from twizzit_pipeline.sync.session import SyncSession

TEAMS_OF_A_CLUB, PLAYERS_OF_A_TEAM = 8, 12
STEPS = ("scan_teams", "scan_players", "map_teams", "map_players")
# In the order in which rows point at each other.
WRITTEN = (
    "clubs",
    "seasons",
    "teams",
    "players",
    "twizzit_team_mappings",
    "twizzit_player_mappings",
    "twizzit_teams",
    "twizzit_players",
    "twizzit_sync_changes",
)
FLOOR = "floor"  # the schema of the copies
_TICKS = os.sysconf("SC_CLK_TCK")
_ROOT = str(Path(__file__).parent.parent)


class Clock:
    """Wall and CPU seconds since it was made; the CPU of this process and of the server's processes."""

    def __init__(self, engine: Engine) -> None:
        with engine.connect() as connection:
            self._postmaster = _stat(connection.scalar(text("SELECT pg_backend_pid()")) or 0)["parent"]
        self._wall, self._cpu = time.perf_counter(), self._used()

    def read(self) -> dict[str, float]:
        """The seconds so far."""
        return {
            "seconds": round(time.perf_counter() - self._wall, 2),
            "cpu": round(self._used() - self._cpu, 2),
        }

    def _used(self) -> float:
        stats = [stat for pid in _pids() if (stat := _stat(pid))]
        own = _stat(os.getpid())
        server = sum(stat["own"] for stat in stats if stat["parent"] == self._postmaster)
        return float(own["own"] + server + _stat(self._postmaster)["all"]) / _TICKS


def _pids() -> Iterator[int]:
    return (int(name) for path in Path("/proc").iterdir() if (name := path.name).isdecimal())


def _stat(pid: int) -> dict[str, int]:
    """Parent and clock ticks of a process (`all`: with its ended children's); nothing if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    user, system, gone_user, gone_system = map(int, fields[11:15])
    return {"parent": int(fields[1]), "own": user + system, "all": user + system + gone_user + gone_system}


def _peak() -> int:
    """The most memory that this process has held, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) // 1024


def _settings(home: Path) -> Settings:
    return load_settings(
        _env_file=None,
        home=home,
        database_url=None,
        encryption_key=SecretStr("00" * 32),
        allow_private_endpoints=True,
        requests_per_second=100_000,
        call_ceiling=1_000_000,
    )


def serve(contacts: int) -> None:
    """The simulator, until its standard input ends; its account comes on standard output."""
    options = SimulatorOptions(
        clubs=2,
        federation=True,
        federation_clubs=max(2, contacts // (TEAMS_OF_A_CLUB * PLAYERS_OF_A_TEAM)),
        federation_contacts=contacts,
        teams=TEAMS_OF_A_CLUB,
        players_per_team=PLAYERS_OF_A_TEAM,
    )
    with SimulatorServer(options) as simulator:
        federation = simulator.world.organizations[-1]
        account = {
            "organization": federation.name,
            "username": federation.account.username,
            "password": federation.account.password,
            "endpoint": simulator.v2_endpoint,
            "season": simulator.world.running_season.label,
        }
        _say(account)
        sys.stdin.read()


def _made_up(contacts: int) -> tuple[Any, Any]:
    """An account of so many contacts that is made up, and its season."""
    if _ROOT not in sys.path:
        sys.path.insert(0, _ROOT)
    from tests.support import large_account  # noqa: PLC0415 - no part of the program

    return large_account.LargeAccount(contacts), large_account.SEASON


def _login_of_made_up(contacts: int) -> dict[str, str]:
    """What a credential for it needs."""
    account, season = _made_up(contacts)
    login = {"organization": account.organization().name, "username": "u", "password": "p", "season": season.label}
    return {**login, "endpoint": "http://127.0.0.1:9/v2/api"}


def fetch(home: Path, season: str, made_up: int) -> None:
    """Reads teams and rosters as a sync does, and forgets them."""
    settings = _settings(home)
    with open_database(settings) as database:
        clock = Clock(database.engine)
        if made_up:
            account, _ = _made_up(made_up)
            rosters = account.rosters(account.teams(None).teams, None)
            _say({**clock.read(), "rows": len(rosters.players), "rss": _peak()})
            return
        with open_client(settings, database.engine, store.get(database.engine, 1)) as client:
            source = client.source
            source.organization()
            listed = seasons.listed(source.seasons(), day=seasons.today(), season_start=settings.season_start)
            record = next(one for one in listed if one.label == season)
            rosters = source.rosters(source.teams(record).teams, record)
        _say({**clock.read(), "rows": len(rosters.players), "rss": _peak()})


def sync(home: Path, season: str, made_up: int) -> None:
    """One sync of teams and players: seconds by step and stage."""
    if made_up:
        account, _ = _made_up(made_up)
        SyncSession.client = property(lambda _: account)  # type: ignore[assignment,method-assign]
    settings = _settings(home)
    with open_database(settings) as database:
        clock, steps = Clock(database.engine), {}
        made: dict[str, object] = {}
        with SyncSession(
            settings=settings, database=database, credential_id=1, season=season, run_id=f"{time.time()}"
        ) as session:
            for step in (scan_teams, scan_players, map_teams, map_players):
                one = Clock(database.engine)
                report = step(session)
                steps[step.__name__] = {**one.read(), "stages": report.seconds, "rss": _peak()}
                if isinstance(report, MappingReport):
                    made = {
                        "players": report.items,
                        "created": report.created,
                        "unchanged": report.unchanged,
                        "failed": sum(map(len, report.failed.values())),
                    }
        _say({**clock.read(), "steps": steps, **made, "rss": _peak()})


def fork(home: Path, season: str, made_up: int) -> None:
    """Does what each line of standard input names, `fetch` or `sync`, in a process of its own."""
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            code = 1
            try:
                (sync if line.strip() == "sync" else fetch)(home, season, made_up)
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        if os.waitpid(pid, 0)[1]:
            sys.exit(1)


def _say(what: object) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201


@contextmanager
def _process(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """This file as another process, ended with the context by the end of its standard input."""
    command = [sys.executable, __file__, *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        yield process
        assert process.stdin is not None
        process.stdin.close()


def _asked(process: subprocess.Popen[str], what: str) -> dict[str, Any]:
    assert process.stdin is not None
    process.stdin.write(f"{what}\n")
    process.stdin.flush()
    return _heard(process)


def _heard(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


def floor_of_first(engine: Engine) -> dict[str, object]:
    """What the rows of a first load cost by COPY alone, into copies of their tables that are empty."""
    with engine.connect() as connection, connection.begin():
        rows = {name: _copied_out(connection, f'TABLE public."{name}"') for name in WRITTEN}
        connection.execute(text(f"CREATE SCHEMA {FLOOR}"))
        for name in WRITTEN:
            connection.execute(text(f'CREATE TABLE {FLOOR}."{name}" (LIKE public."{name}" INCLUDING ALL)'))
        for name in WRITTEN:
            _add_keys_and_triggers(connection, name)
    clock, tables = Clock(engine), {}
    with engine.connect() as connection, connection.begin():
        connection.execute(text(f"SET LOCAL search_path = {FLOOR}, public"))
        for name in WRITTEN:
            began = time.perf_counter()
            _copied_in(connection, f'{FLOOR}."{name}"', rows[name])
            tables[name] = round(time.perf_counter() - began, 2)
    floor = clock.read()
    with engine.connect() as connection, connection.begin():
        connection.execute(text(f"DROP SCHEMA {FLOOR} CASCADE"))
    return {**floor, "tables": tables}


def _add_keys_and_triggers(connection: Connection, name: str) -> None:
    """Foreign keys between the copies and to the other tables as they are, and the triggers of the table."""
    keys = text(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = to_regclass('public.' || :name) AND contype = 'f'"
    )
    triggers = text(
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = to_regclass('public.' || :name)"
        " AND NOT tgisinternal"
    )
    connection.execute(text(f"SET LOCAL search_path = {FLOOR}, public"))
    for definition in connection.scalars(keys, {"name": name}).all():
        connection.execute(text(f'ALTER TABLE {FLOOR}."{name}" ADD {_in_floor(definition)}'))
    for definition in connection.scalars(triggers, {"name": name}).all():
        connection.execute(text(_in_floor(definition)))


def _in_floor(definition: str) -> str:
    for name in WRITTEN:
        definition = definition.replace(f"public.{name}(", f"{FLOOR}.{name}(")
        definition = definition.replace(f"ON public.{name} ", f"ON {FLOOR}.{name} ")
    return definition


def floor_of_no_change(engine: Engine) -> dict[str, object]:
    """What it costs to bring the snapshot's rows along and to compare them with the snapshot."""
    with engine.connect() as connection, connection.begin():
        rows = _copied_out(connection, "TABLE twizzit_players")
    clock = Clock(engine)
    with engine.connect() as connection, connection.begin():
        connection.execute(text("CREATE TEMPORARY TABLE seen (LIKE twizzit_players) ON COMMIT DROP"))
        _copied_in(connection, "seen", rows)
        connection.execute(text("ANALYZE seen"))
        different = connection.scalar(
            text(
                "SELECT count(*) FROM seen FULL JOIN twizzit_players AS kept USING"
                " (credential_id, season_id, twizzit_team_id, twizzit_player_id)"
                " WHERE (seen.first_name, seen.last_name, seen.gender, seen.jersey_number, seen.name_guessed)"
                " IS DISTINCT FROM"
                " (kept.first_name, kept.last_name, kept.gender, kept.jersey_number, kept.name_guessed)"
            )
        )
        assert different == 0, different
    return {**clock.read()}


def _copied_out(connection: Connection, query: str) -> bytes:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT") as copy:
        return b"".join(bytes(part) for part in copy)


def _copied_in(connection: Connection, table: str, rows: bytes) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for at in range(0, len(rows), 1 << 16):
            copy.write(rows[at : at + (1 << 16)])


def measure(contacts: int, home: Path, *, made_up: bool) -> dict[str, object]:
    """A federation of so many contacts, loaded and synced twice more."""
    settings = _settings(home)
    with ExitStack() as stack:
        database = stack.enter_context(open_database(settings))
        account = _login_of_made_up(contacts) if made_up else _heard(stack.enter_context(_process("--serve", contacts)))
        migrate(database.engine)
        _add_credential(settings, database, account)
        forks = stack.enter_context(_process("--fork", home, account["season"], contacts if made_up else 0))
        fetched = _asked(forks, "fetch")
        first = _asked(forks, "sync")
        floor = floor_of_first(database.engine)
        second = _asked(forks, "sync")
        third = _asked(forks, "sync")
        comparison = floor_of_no_change(database.engine)
    return {
        "contacts": contacts,
        "ratios": {
            "first": _ratios(first, fetched, floor),
            "second": _ratios(second, fetched, comparison),
            "third": _ratios(third, fetched, comparison),
        },
        "fetch alone": fetched,
        "first": first,
        "second": second,
        "third": third,
        "floor of the first": floor,
        "floor of no change": comparison,
    }


def _ratios(of: dict[str, Any], fetched: dict[str, Any], floor: dict[str, Any]) -> dict[str, float]:
    """Everything but fetching, in floors."""
    return {unit: round((of[unit] - fetched[unit]) / max(floor[unit], 0.01), 2) for unit in ("seconds", "cpu")}


def _add_credential(settings: Settings, database: Database, account: dict[str, str]) -> None:
    assert settings.encryption_key is not None
    credential_id = store.add(
        database.engine,
        settings.encryption_key,
        organization_name=account["organization"],
        api_username=account["username"],
        password=SecretStr(account["password"]),
        api_endpoint=account["endpoint"],
    )
    config.change(database.engine, credential_id, actor=this_user(), is_federation=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contacts", type=int, nargs="+", default=[10_000, 40_000], metavar="N")
    parser.add_argument("--made-up", action="store_true", help="make the rosters up instead of fetching them")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--fork", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
    elif arguments.fork:
        fork(Path(arguments.fork[0]), arguments.fork[1], int(arguments.fork[2]))
    else:
        for contacts in arguments.contacts:
            with tempfile.TemporaryDirectory(prefix="twizzit-benchmark-") as folder:
                measured = measure(contacts, Path(folder) / "home", made_up=arguments.made_up)
                print(json.dumps(measured, indent=2), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
