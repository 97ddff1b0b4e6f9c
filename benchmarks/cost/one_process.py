"""One process that syncs again and again with nothing new: the sync alone, or as a Dagster run.

``python one_process.py HOME (sync|run) ENDPOINT ORGANIZATION USERNAME``, with the password as the first line of the
standard input, and a further line for each sync. Prints a JSON object of each: CPU seconds of this process and of
PostgreSQL, and wall seconds. The first two cost more: what a process does once, and the first sync of the club.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

sys.path.insert(0, str(Path(__file__).parents[1]))
from cost.processor import used_by_postgres
from cost.twizzit import KEY, Club
from twizzit_pipeline.credentials import store
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.storage.migrate import migrate

WARMING = 2


def pure(settings: Settings, database: Database, credential_id: int, season: str, number: int) -> None:
    """The steps of a sync and what they judge, without Dagster."""
    from twizzit_pipeline.quality import mapping_quality, scan_quality  # noqa: PLC0415
    from twizzit_pipeline.sync.entities.competitions import map_competitions, scan_competitions  # noqa: PLC0415
    from twizzit_pipeline.sync.entities.matches import map_matches, scan_matches  # noqa: PLC0415
    from twizzit_pipeline.sync.entities.players import map_players, scan_players  # noqa: PLC0415
    from twizzit_pipeline.sync.entities.teams import map_teams, scan_teams  # noqa: PLC0415
    from twizzit_pipeline.sync.session import SyncSession  # noqa: PLC0415

    with SyncSession(
        settings=settings, database=database, credential_id=credential_id, season=season, run_id=f"pure-{number}"
    ) as session:
        for scan in (scan_teams, scan_players, scan_competitions, scan_matches):
            scan_quality(session, scan(session))
        for mapping in (map_teams, map_players, map_competitions, map_matches):
            mapping_quality(session, mapping(session))


def as_a_run(settings: Settings, database: Database, credential_id: int, season: str, _: int) -> None:
    """The same by Dagster, in this process."""
    from twizzit_pipeline.orchestration.launch import run_job  # noqa: PLC0415

    done = run_job(settings, database, job_name="sync_all", credential_id=credential_id, season=season)
    assert done.success, done


def settings_of(home: Path) -> Settings:
    """An embedded database of its own in `home`, and a Twizzit on this machine that is asked without waiting."""
    return load_settings(
        _env_file=None,
        home=home,
        database_url=None,
        encryption_key=SecretStr(KEY),
        allow_private_endpoints=True,
        requests_per_second=100_000,
    )


def with_credential(settings: Settings, database: Database, club: Club) -> int:
    """Migrates the database and stores the club's login there; its id."""
    assert settings.encryption_key is not None
    migrate(database.engine)
    return store.add(
        database.engine,
        settings.encryption_key,
        organization_name=club.organization,
        api_username=club.username,
        password=SecretStr(club.password),
        api_endpoint=club.endpoint,
    )


WAYS: dict[str, Callable[[Settings, Database, int, str, int], None]] = {"sync": pure, "run": as_a_run}


def main() -> None:
    """Measure and print."""
    home, way, endpoint, organization, username = sys.argv[1:]
    club = Club(endpoint, organization, username, sys.stdin.readline().strip())
    settings = settings_of(Path(home))
    with open_database(settings) as database:
        credential_id = with_credential(settings, database, club)
        season = seasons.season_of(seasons.today(), settings.season_start).label
        for number, _ in enumerate(sys.stdin):
            began, used, postgres = time.perf_counter(), time.process_time(), used_by_postgres(settings.home)
            WAYS[way](settings, database, credential_id, season, number)
            measured = {
                "process": time.process_time() - used,
                "postgres": used_by_postgres(settings.home) - postgres,
                "wall": time.perf_counter() - began,
            }
            sys.stdout.write(json.dumps(measured) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
