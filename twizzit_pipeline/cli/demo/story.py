"""The demo from its first line to its last, in the order in which it happens."""

import os
from collections.abc import Collection
from pathlib import Path

from rich.console import Console
from sqlalchemy import text

from twizzit_pipeline.cli.demo import calendar, evidence, odd
from twizzit_pipeline.cli.exit_codes import ExitCode
from twizzit_pipeline.cli.opened import Opened
from twizzit_pipeline.cli.output.progress import Steps
from twizzit_pipeline.cli.output.terminal import console, plural, show_table, table
from twizzit_pipeline.cli.sync_report import report
from twizzit_pipeline.cli.sync_report.running import Outcome, Synced, sync_now
from twizzit_pipeline.credentials.key import encryption_keys
from twizzit_pipeline.errors import SyncInProgress
from twizzit_pipeline.local import stage
from twizzit_pipeline.local.lock import DEMO, only_one
from twizzit_pipeline.queries import fixtures, listing
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.simulator import Organization, SimulatorServer
from twizzit_pipeline.simulator.calendar_truth import calendar_truth
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.storage.engine import Database, driver_errors, open_database
from twizzit_pipeline.storage.migrate import migrate

_TEAMS_SHOWN = 4


def play() -> ExitCode:
    """Run the demo; success only if every statement of it proved true.

    Raises:
        SettingsError: your own server is in use; or a malformed setting.
        SyncInProgress: another demo is running.
        AlreadyUp: `twizzit up` or `twizzit dagster dev` works with this home.
    """
    # The demo's own Twizzit listens on loopback.
    settings = load_settings(allow_private_endpoints=True)
    with only_one(Path(os.path.realpath(settings.home)), DEMO):
        return _play(settings)


def _play(settings: Settings) -> ExitCode:
    out = console()
    _heading(out, "1", "A database and a Twizzit")
    with open_database(settings) as database, stage.twizzit() as simulator, driver_errors():
        here = Opened(settings, database)
        club = simulator.world.organizations[0]
        _set_the_stage(out, here, [organization.name for organization in simulator.world.organizations])
        out.print(f"  Twizzit     simulated on {simulator.url} (clubs and people are invented)")
        credential, is_new = stage.credential_of(here, stage.login_of(club, simulator))
        said = "stored, its password encrypted" if is_new else _already_there(here, credential.id)
        out.print(f"  Credential  {credential.id}: {credential.organization_name} ({said})")
        return _syncs(out, here, club, simulator, credential.id)


def _syncs(out: Console, here: Opened, club: Organization, simulator: SimulatorServer, credential_id: int) -> ExitCode:
    season = simulator.world.running_season.label
    wrong = _first(out, here, club, simulator, credential_id, season)
    wrong += _second(out, here, credential_id, season)
    wrong += _third(out, here, club, simulator, credential_id, season)
    return _end(out, wrong)


def _first(
    out: Console, here: Opened, club: Organization, simulator: SimulatorServer, credential_id: int, season: str
) -> list[str]:
    truth, calendar_there = simulator.world.truth(club), calendar_truth(simulator.world, club)
    engine = here.database.engine
    _heading(out, "2", f"Sync: Twizzit → what it lists → mappings → ShotSpot, season {season}")
    synced = _sync(out, here, credential_id, season)
    report.show(out, synced)
    wrong = _unexpected(synced, "partial success")
    wrong += evidence.differences(engine, credential_id, season, synced.history, truth)
    wrong += evidence.calendar_differences(engine, credential_id, simulator.world.running_season.start, calendar_there)
    _show_teams(out, here, credential_id)
    calendar.show_next(out, engine, credential_id)
    wrong += odd.show(out, engine, credential_id, simulator.world, club, synced.history)
    held = (
        plural(len(truth.teams), "team"),
        plural(len(truth.players), "player"),
        plural(len(calendar_there.competitions), "competition"),
    )
    out.print(
        "A partial success is the right end here: the simulator holds rows that must be rejected.\n"
        f"ShotSpot's tables hold exactly the {', '.join(held)} and "
        f"{plural(len(calendar_there.matches), 'match', 'matches')} that the simulator has."
        if not wrong
        else f"Not as it should be: {'; '.join(wrong)}"
    )
    return wrong


def _second(out: Console, here: Opened, credential_id: int, season: str) -> list[str]:
    _heading(out, "3", "The same once more: nothing changed, so nothing is written")
    before = evidence.counters(here.database.engine)
    synced = _sync(out, here, credential_id, season)
    after = evidence.counters(here.database.engine)
    written = {group: after[group] - before[group] for group in before}
    return _unexpected(synced, "partial success") + _show_counters(out, here, synced, written)


def _third(
    out: Console, here: Opened, club: Organization, simulator: SimulatorServer, credential_id: int, season: str
) -> list[str]:
    engine = here.database.engine
    _heading(out, "4", "One match moves, another is called off: a sync of competitions shows both")
    done = calendar.upset(out, engine, credential_id, simulator, club)
    synced = _sync(out, here, credential_id, season, job_name="sync_competitions")
    report.show(out, synced)
    wrong = _unexpected(synced, "success") + calendar.show_upset(out, engine, credential_id, synced, done)
    now = calendar_truth(simulator.world, club)
    return wrong + evidence.calendar_differences(engine, credential_id, simulator.world.running_season.start, now)


def _set_the_stage(out: Console, here: Opened, clubs: Collection[str]) -> None:
    database = here.database
    encryption_keys(here.settings)  # a key that is missing is said before anything is written
    if not here.settings.embedded:
        stage.refuse_a_database_in_use(database, clubs)
    applied = migrate(database.engine, actor=this_user())
    where = f"embedded, in {here.settings.home}" if here.settings.embedded else "your own server"
    done = f"{plural(len(applied), 'migration')} applied" if applied else "migrated already"
    out.print(f"  PostgreSQL  {_version(database)}, {where}; {done}")


def _sync(out: Console, here: Opened, credential_id: int, season: str, *, job_name: str = "sync_all") -> Synced:
    with Steps(out) as steps:
        synced = sync_now(here, credential_id, job_name=job_name, season=season, steps=steps)
    if synced.run.error == SyncInProgress.__name__:
        raise SyncInProgress(str(synced.run.error_message))
    if synced.outcome == "interrupted":
        raise KeyboardInterrupt
    return synced


def _unexpected(synced: Synced, awaited: Outcome) -> list[str]:
    """Why a sync did not end as it must; a partial success only for the rejected rows."""
    if synced.outcome == awaited and not any(row.details.get("failed") for row in synced.history):
        return []
    reason = synced.run.error_message or "; ".join(row.error_message or row.status for row in synced.history)
    return [f"the sync ended as {synced.outcome} ({reason})"]


def _show_teams(out: Console, here: Opened, credential_id: int) -> None:
    teams = table("Some teams in ShotSpot now", "Age group", "Players", right=("Players",))
    for name, age_group, players in evidence.biggest_teams(here.database.engine, credential_id, _TEAMS_SHOWN):
        teams.add_row(name, age_group or "–", str(players))
    show_table(out, teams)


def _show_counters(out: Console, here: Opened, synced: Synced, written: dict[str, evidence.Counts]) -> list[str]:
    """The counters of the second sync; what they hold against it."""
    numbers = ("Rows", "Inserted", "Updated", "Deleted")
    shown = table("By PostgreSQL's own counters", *numbers, right=numbers)
    rows = evidence.rows_in(here.database.engine)
    for group, counts in written.items():
        held = f"{rows[group]:,}" if group in rows else ""
        shown.add_row(group, held, str(counts.inserted), str(counts.updated), str(counts.deleted))
    out.print(f"\n[bold]{synced.outcome.capitalize()}[/bold] in {synced.seconds:.1f} s", markup=True)
    show_table(out, shown)
    unchanged = sum(int(row.details.get("unchanged", 0)) for row in synced.history)
    out.print(
        f"{unchanged:,} teams, players, competitions and matches unchanged for {plural(synced.calls, 'call')} to "
        "Twizzit.\nOnly the sync history grew, by this sync's rows."
    )
    wrong = [f"the second sync wrote to {group}" for group in evidence.UNTOUCHED if written[group]]
    if not written["Sync history"].inserted:
        wrong.append("PostgreSQL's counters did not move, so they prove nothing")
    return wrong


def _end(out: Console, wrong: list[str]) -> ExitCode:
    if wrong:
        console(stderr=True).print(f"Error: the demo did not end as it should: {'; '.join(wrong)}")
        return ExitCode.FAILURE
    out.print(
        "\nNext: twizzit up --demo shows these runs and their checks in a browser, and syncs on by itself; "
        "twizzit --help lists the rest."
    )
    return ExitCode.SUCCESS


def _already_there(here: Opened, credential_id: int) -> str:
    teams = len(listing.team_mappings_of(here.database.engine, credential_id=credential_id))
    players = len(listing.player_mappings_of(here.database.engine, credential_id=credential_id))
    matches = len(fixtures.match_mappings_of(here.database.engine, credential_id=credential_id))
    counted = f"{plural(teams, 'team')}, {plural(players, 'player')} and {plural(matches, 'match', 'matches')}"
    return f"from an earlier demo, with {counted}"


def _version(database: Database) -> str:
    with database.engine.connect() as connection:
        return str(connection.scalar(text("SHOW server_version"))).split(maxsplit=1)[0]


def _heading(out: Console, number: str, words: str) -> None:
    out.print(f"\n[bold]{number}. {words}[/bold]", markup=True)
