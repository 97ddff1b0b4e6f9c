"""`twizzit migrate` and `twizzit check-migrations`; `twizzit database dump` and `restore`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from twizzit_pipeline.cli.exit_codes import ExitCode
from twizzit_pipeline.cli.opened import announced, say_if_not_noted
from twizzit_pipeline.cli.options import Json
from twizzit_pipeline.cli.output.terminal import console, plural, print_json
from twizzit_pipeline.credentials.key import KEY, in_file
from twizzit_pipeline.credentials.key_file import KEY_FILE
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage.audit import record_beside, this_user
from twizzit_pipeline.storage.dagster_schema import prepare_schema
from twizzit_pipeline.storage.engine import driver_errors

# Differences that `twizzit attach` mends, as `check` says them.
_ATTACHED = ("add_view ", "add_trigger ", "add_column twizzit_team_mappings.local_team_id")

app = typer.Typer(help="The database into a file, and back into an empty one.", no_args_is_help=True)


@app.command()
def dump(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to, readable for you alone")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there")] = False,
) -> None:
    """Write the whole database into a file while everything goes on; the encryption key is not in it."""
    from twizzit_pipeline.storage.dump import dump as write  # noqa: PLC0415
    from twizzit_pipeline.storage.places import is_there  # noqa: PLC0415

    settings = load_settings()
    with announced(settings) as database:
        noted = None
        if force or not is_there(file):  # else it is refused at once
            # Before the file is there: whatever happens then, the data is nowhere without a row.
            noted = record_beside(database.engine, this_user(), action="dump", target="database", details={})
        size = write(database, file, overwrite=force)
    out = console()
    say_if_not_noted("dump", noted)
    out.print(
        f"Dumped into {file}, {size / 1e6:,.1f} MB. It holds people's names: keep it where no other user reads it."
    )
    out.print(
        f"Keep the key as well, in another place: {settings.home / KEY_FILE}"
        if in_file(settings)
        else f"Keep {KEY} as well, in another place: without it the passwords in the dump are lost."
    )


@app.command()
def restore(file: Annotated[Path, typer.Argument(metavar="FILE", help="What `twizzit database dump` wrote")]) -> None:
    """Fill an empty database from a dump, of any version of PostgreSQL: all of it, or nothing."""
    from twizzit_pipeline.storage.dump import restore as read  # noqa: PLC0415

    settings = load_settings()
    with announced(settings) as database:
        read(database, file)
        noted = record_beside(database.engine, this_user(), action="restore", target="database", details={})
    out = console()
    say_if_not_noted("restore", noted)
    out.print(f"Restored {file}.")
    if in_file(settings) and not (settings.home / KEY_FILE).exists():
        out.print(f"Now put the key back: it belongs in {settings.home / KEY_FILE}, mode 0600.")
    out.print("Then see that all is well: twizzit migrate, twizzit doctor")


def migrate() -> None:
    """Bring the database to the newest migration; nothing of ShotSpot's is dropped, renamed or retyped.

    Where DAGSTER_POSTGRES_URL is set, the schema that it names is made as well.
    """
    from twizzit_pipeline.scheduling import heartbeat  # noqa: PLC0415
    from twizzit_pipeline.storage import migrate as migrations  # noqa: PLC0415

    notes = console(stderr=True)
    settings = load_settings()
    with announced(settings) as database, driver_errors():
        applied = migrations.migrate(database.engine, notes.print, actor=this_user())
        restored = migrations.restore(database.engine, notes.print, actor=this_user())
        if settings.dagster_postgres_url is not None:
            prepare_schema(database)
        with database.engine.connect() as connection:
            running = bool(applied) and heartbeat.is_alive(connection)
    out = console()
    if applied:
        out.print(f"Applied {plural(len(applied), 'migration')}: {', '.join(applied)}.")
        if running:
            out.print(
                "An orchestrator of the version before runs on this database: start it again with this version, its "
                "API and its workers too. No sync starts, and nothing is saved over the API, until then."
            )
    else:
        out.print("The database is at the newest migration already.")
    _say_what_is_back(out, restored)


def detach() -> None:
    """Take out of the way what hangs on ShotSpot's columns, before ShotSpot's own migrations; no row is lost."""
    from twizzit_pipeline.storage.hanging import detach as take_away  # noqa: PLC0415

    with announced(load_settings()) as database, driver_errors():
        dropped = take_away(database.engine, console(stderr=True).print, actor=this_user())
    out = console()
    out.print(f"Taken away: {', '.join(dropped)}." if dropped else "Nothing hangs on ShotSpot's columns.")
    out.print("Run ShotSpot's migrations now, then: twizzit attach. Sync nothing until then.")


def attach() -> None:
    """Put back what `twizzit detach`, or a migration of ShotSpot's, took away."""
    from twizzit_pipeline.storage import migrate as migrations  # noqa: PLC0415
    from twizzit_pipeline.storage.revisions import require_current  # noqa: PLC0415

    with announced(load_settings()) as database, driver_errors():
        require_current(database.engine)
        restored = migrations.restore(database.engine, console(stderr=True).print, actor=this_user())
    out = console()
    if not restored:
        out.print("Everything is in its place already.")
    _say_what_is_back(out, restored)


def _say_what_is_back(out: Console, restored: list[str]) -> None:
    if restored:
        out.print(f"Put back: {', '.join(restored)}.")


def check_migrations(as_json: Json = False) -> None:
    """Say whether the database is at the newest migration and whether the models match it; exit 1 if not."""
    from twizzit_pipeline.storage.migrate import check  # noqa: PLC0415

    with announced(load_settings()) as database, driver_errors():
        state = check(database.engine)
    fine = not state.pending and not state.differences
    if as_json:
        print_json({"up_to_date": fine, **{name: getattr(state, name) for name in state.__dataclass_fields__}})
    else:
        out = console()
        out.print(f"At {state.current or 'no migration'}; the newest is {state.head}.")
        if state.pending:
            out.print(f"{plural(len(state.pending), 'migration')} pending; run: twizzit migrate")
        for difference in () if state.pending else state.differences:
            put_back = "; put it back with: twizzit attach" if difference.startswith(_ATTACHED) else ""
            out.print(f"The models differ from the database: {difference}{put_back}")
        if fine:
            out.print("The models match the database.")
    if not fine:
        raise typer.Exit(ExitCode.FAILURE)
