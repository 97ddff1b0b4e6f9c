"""The demo from its first line to its last, in the order in which it happens."""

from collections.abc import Collection

from rich.console import Console
from sqlalchemy import text

from twizzit_pipeline.cli import account
from twizzit_pipeline.cli.demo import evidence, stage
from twizzit_pipeline.cli.exit_codes import ExitCode
from twizzit_pipeline.cli.opened import Opened
from twizzit_pipeline.cli.progress import Steps
from twizzit_pipeline.cli.syncing import Synced, sync_now
from twizzit_pipeline.cli.terminal import console, plural, show_table, table
from twizzit_pipeline.credentials.key import encryption_keys
from twizzit_pipeline.errors import SyncInProgress
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage.engine import Database, driver_errors, open_database
from twizzit_pipeline.storage.migrate import migrate
from twizzit_pipeline.sync import listing
from twizzit_pipeline.twizzit.simulator import Organization, SimulatorServer

_TEAMS_SHOWN = 4


def play() -> ExitCode:
    """Play it; success only if everything that it says turned out to be true.

    Raises:
        SettingsError: your own server is in use; or a malformed setting.
        SyncInProgress: another demo is running.
    """
    # The demo's own Twizzit listens on loopback.
    settings = load_settings(allow_private_endpoints=True)
    out = console()
    _heading(out, "1", "A database and a Twizzit")
    with open_database(settings) as database, stage.twizzit() as simulator, driver_errors():
        here = Opened(settings, database)
        club = simulator.world.organizations[0]
        _set_the_stage(out, here, [organization.name for organization in simulator.world.organizations])
        out.print(f"  Twizzit     simulated on {simulator.url} (clubs and people are invented)")
        credential, is_new = stage.credential_of(here, stage.login_of(club, simulator))
        there = f"from an earlier demo; {_already_there(here, credential.id)} there already"
        said = "stored, its password encrypted" if is_new else there
        out.print(f"  Credential  {credential.id}: {credential.organization_name} ({said})")
        return _two_syncs(out, here, club, simulator, credential.id)


def _two_syncs(
    out: Console, here: Opened, club: Organization, simulator: SimulatorServer, credential_id: int
) -> ExitCode:
    season = simulator.world.running_season.label
    truth = simulator.world.truth(club)
    engine = here.database.engine
    _heading(out, "2", f"Sync: Twizzit → twizzit_teams → twizzit_players → mappings → ShotSpot, season {season}")
    first = _sync(out, here, credential_id, season)
    account.show(out, first)
    wrong = _unexpected(first)
    wrong += evidence.differences(engine, credential_id, season, first.history, truth)
    _show_teams(out, here, credential_id)
    out.print(
        "A partial success is the right end here: the simulator holds rows that must be rejected.\n"
        f"ShotSpot's tables hold exactly the {plural(len(truth.teams), 'team')} and "
        f"{plural(len(truth.players), 'player')} that the simulator has."
        if not wrong
        else f"Not as it should be: {'; '.join(wrong)}"
    )
    _heading(out, "3", "The same once more: nothing changed, so nothing is written")
    before = evidence.counters(engine)
    second = _sync(out, here, credential_id, season)
    after = evidence.counters(engine)
    written = {group: after[group] - before[group] for group in before}
    wrong += _unexpected(second) + _show_counters(out, here, second, written)
    return _end(out, wrong)


def _set_the_stage(out: Console, here: Opened, clubs: Collection[str]) -> None:
    database = here.database
    encryption_keys(here.settings)  # a key that is missing is said before anything is written
    if not here.settings.embedded:
        stage.refuse_a_database_in_use(database, clubs)
    applied = migrate(database.engine)
    where = f"embedded, in {here.settings.home}" if here.settings.embedded else "your own server"
    done = f"{plural(len(applied), 'migration')} applied" if applied else "migrated already"
    out.print(f"  PostgreSQL  {_version(database)}, {where}; {done}")


def _sync(out: Console, here: Opened, credential_id: int, season: str) -> Synced:
    with Steps(out) as steps:
        synced = sync_now(here, credential_id, job_name="sync_all", season=season, steps=steps)
    if synced.run.error == SyncInProgress.__name__:
        raise SyncInProgress
    if synced.outcome == "interrupted":
        raise KeyboardInterrupt
    return synced


def _unexpected(synced: Synced) -> list[str]:
    """Why a sync did not end as it must: in a partial success, for the rejected rows and nothing else."""
    if synced.outcome == "partial success" and not any(row.details.get("failed") for row in synced.history):
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
        f"{plural(unchanged, 'team and player', 'teams and players')} unchanged for {plural(synced.calls, 'call')} to "
        "Twizzit. Only the sync history grew, by the account of this sync."
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
        "\nNext: .venv/bin/twizzit up --demo shows these runs and their checks in a browser, and syncs on by itself; "
        "README.md goes on."
    )
    return ExitCode.SUCCESS


def _already_there(here: Opened, credential_id: int) -> str:
    teams = len(listing.team_mappings_of(here.database.engine, credential_id=credential_id))
    players = len(listing.player_mappings_of(here.database.engine, credential_id=credential_id))
    return f"{plural(teams, 'team')} and {plural(players, 'player')}"


def _version(database: Database) -> str:
    with database.engine.connect() as connection:
        return str(connection.scalar(text("SHOW server_version"))).split(maxsplit=1)[0]


def _heading(out: Console, number: str, words: str) -> None:
    out.print(f"\n[bold]{number}. {words}[/bold]", markup=True)
