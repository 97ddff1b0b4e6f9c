"""`twizzit migrate` and `twizzit check-migrations`."""

from typing import Annotated

import typer

from twizzit_pipeline.cli.exit_codes import ExitCode
from twizzit_pipeline.cli.terminal import console, plural, print_json
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage.engine import driver_errors, open_database


def migrate() -> None:
    """Bring the database to the newest migration; nothing of ShotSpot's is dropped, renamed or retyped."""
    from twizzit_pipeline.storage import migrate as migrations  # noqa: PLC0415

    with open_database(load_settings()) as database, driver_errors():
        applied = migrations.migrate(database.engine)
        restored = migrations.restore_views(database.engine)
    out = console()
    if applied:
        out.print(f"Applied {plural(len(applied), 'migration')}: {', '.join(applied)}.")
    else:
        out.print("The database is at the newest migration already.")
    if restored:
        out.print(f"Put back {plural(len(restored), 'view')} that somebody had dropped: {', '.join(restored)}.")


def check_migrations(as_json: Annotated[bool, typer.Option("--json", help="As one JSON document")] = False) -> None:
    """Say whether the database is at the newest migration and whether the models match it; exit 1 if not."""
    from twizzit_pipeline.storage.migrate import check  # noqa: PLC0415

    with open_database(load_settings()) as database, driver_errors():
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
            out.print(f"The models differ from the database: {difference}")
        if fine:
            out.print("The models match the database.")
    if not fine:
        raise typer.Exit(ExitCode.FAILURE)
