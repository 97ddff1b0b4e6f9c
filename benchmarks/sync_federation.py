"""How long a federation's players take into the database, beside the same rows inserted one by one.

Run it with `.venv/bin/python benchmarks/sync_federation.py [--contacts N]`; it prints one JSON object: seconds of each
phase of a first sync and of a second one that finds nothing new, what share of that the checks take on top, and how
many times longer single inserts take than the transaction that makes the players, their mappings and their journal. A
ratio holds on any machine, seconds do not.

The database is an embedded one of its own, in a folder that goes away afterwards; Twizzit is the simulator.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import Column, Connection, Engine, MetaData, Table, insert, select, text

from twizzit_pipeline.credentials import store
from twizzit_pipeline.quality import mapping_quality, scan_quality
from twizzit_pipeline.scheduling import config
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.storage.migrate import migrate
from twizzit_pipeline.sync.entities.players import map_players, scan_players
from twizzit_pipeline.sync.entities.teams import map_teams, scan_teams
from twizzit_pipeline.sync.reports import MappingReport, ScanReport
from twizzit_pipeline.sync.session import SyncSession

WRITTEN = (tables.players, tables.player_mappings, tables.sync_changes)
STEPS = (scan_teams, scan_players, map_teams, map_players)
TEAMS_OF_A_CLUB, PLAYERS_OF_A_TEAM = 8, 12


def sync(settings: Settings, database: Database, credential_id: int, season: str, run_id: str) -> dict[str, object]:
    """Seconds of each phase of one whole sync, and what it made."""
    with SyncSession(
        settings=settings, database=database, credential_id=credential_id, season=season, run_id=run_id
    ) as session:
        reports: dict[str, ScanReport | MappingReport] = {}
        checks: dict[str, float] = {}
        for step in STEPS:
            report = reports[step.__name__] = step(session)
            judged = (
                scan_quality(session, report) if isinstance(report, ScanReport) else mapping_quality(session, report)
            )
            checks[step.__name__] = judged.seconds
    seconds = {name: report.seconds for name, report in reports.items()}
    share = sum(checks.values()) / sum(sum(phases.values()) for phases in seconds.values())
    last = reports["map_players"]
    assert isinstance(last, MappingReport)
    return {
        "seconds": seconds,
        "checks": {"seconds": checks, "share": round(share, 3)},
        "created": last.created,
        "unchanged": last.unchanged,
        "calls": session.calls,
    }


def one_by_one(engine: Engine) -> float:
    """Seconds that the same rows take into copies of their tables, by a statement each in one transaction."""
    with engine.begin() as connection:
        return sum(_inserted(connection, table) for table in WRITTEN)


def _inserted(connection: Connection, table: Table) -> float:
    """The copy has the table's indexes, and neither its foreign keys nor its triggers."""
    copy = Table(f"{table.name}_one_by_one", MetaData(), *[Column(column.name, column.type) for column in table.c])
    connection.execute(text(f"CREATE TEMPORARY TABLE {copy.name} (LIKE {table.name} INCLUDING ALL)"))
    rows = [dict(row._mapping) for row in connection.execute(select(table))]
    began = time.perf_counter()
    for row in rows:
        connection.execute(insert(copy), row)
    return time.perf_counter() - began


def measure(contacts: int, home: Path) -> dict[str, object]:
    """A federation of so many contacts, synced twice, and its players inserted one by one."""
    settings = load_settings(
        _env_file=None,
        home=home,
        database_url=None,
        encryption_key=SecretStr("00" * 32),
        allow_private_endpoints=True,
        requests_per_second=100_000,
    )
    options = SimulatorOptions(
        clubs=2,
        federation=True,
        federation_clubs=max(2, contacts // (TEAMS_OF_A_CLUB * PLAYERS_OF_A_TEAM + 20)),
        federation_contacts=contacts,
        teams=TEAMS_OF_A_CLUB,
        players_per_team=PLAYERS_OF_A_TEAM,
    )
    with open_database(settings) as database, SimulatorServer(options) as simulator:
        migrate(database.engine)
        federation = simulator.world.organizations[-1]
        assert settings.encryption_key is not None
        credential_id = store.add(
            database.engine,
            settings.encryption_key,
            organization_name=federation.name,
            api_username=federation.account.username,
            password=SecretStr(federation.account.password),
            api_endpoint=simulator.v2_endpoint,
        )
        config.change(database.engine, credential_id, actor=this_user(), is_federation=True)
        season = simulator.world.running_season.label
        first = sync(settings, database, credential_id, season, "first")
        second = sync(settings, database, credential_id, season, "second")
        seconds = first["seconds"]
        assert isinstance(seconds, dict)
        single = one_by_one(database.engine)
    return {
        "contacts": contacts,
        "first": first,
        "second": second,
        "one by one": {"seconds": round(single, 3), "times longer": round(single / seconds["map_players"]["apply"], 1)},
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contacts", type=int, default=20_000, metavar="N")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="twizzit-benchmark-") as folder:
        print(json.dumps(measure(arguments.contacts, Path(folder) / "home"), indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
