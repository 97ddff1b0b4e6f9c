"""`twizzit notifications …`: try the channels, list what was sent, and make a round by hand."""

from datetime import UTC, datetime
from functools import partial

import typer

from twizzit_pipeline.cli.exit_codes import ExitCode
from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.cli.options import Json, Limit, Offset
from twizzit_pipeline.cli.output.terminal import console, moment, plural, print_json, table
from twizzit_pipeline.errors import ReceiverFailed, SettingsError
from twizzit_pipeline.settings import Settings, load_settings

app = typer.Typer(help="Notifications of syncs that fail, are late, or work again.", no_args_is_help=True)


@app.command("test")
def try_out() -> None:
    """Send a test message to each configured channel, and say how that went; needs no database."""
    from twizzit_pipeline.notifications import messages  # noqa: PLC0415  (frames)
    from twizzit_pipeline.notifications.channels import NOT_CONFIGURED, configured  # noqa: PLC0415
    from twizzit_pipeline.notifications.rounds import within  # noqa: PLC0415

    channels = configured(load_settings())
    if not channels:
        raise SettingsError(NOT_CONFIGURED)
    message = messages.trial(datetime.now(UTC))
    failed = False
    for channel in channels:
        try:
            remark = within(channel.seconds, partial(channel.send, message))
        except ReceiverFailed as error:
            failed = True
            console(stderr=True).print(f"{channel.name}: not delivered: {error}")
        else:
            console().print(f"{channel.name}: delivered{f', but {remark}' if remark else ''}")
    if failed:
        raise typer.Exit(ExitCode.FAILURE)


@app.command()
def send() -> None:
    """Look for what is new and send it, once; the orchestrator does so every 15 seconds."""
    from twizzit_pipeline.notifications.channels import NOT_CONFIGURED, configured  # noqa: PLC0415  (frames)
    from twizzit_pipeline.notifications.rounds import notify  # noqa: PLC0415

    settings = load_settings()
    channels = configured(settings)
    if not channels:
        raise SettingsError(NOT_CONFIGURED)
    with opened(settings) as here:
        results = notify(here.database.engine, channels)
    for result in results:
        console().print(f"{result.channel}: {plural(result.messages, 'message')} sent, {result.waiting} waiting")
        if result.trouble is not None:
            console(stderr=True).print(f"{result.channel}: {result.trouble}")
    if any(result.trouble is not None and result.waiting for result in results):
        raise typer.Exit(ExitCode.FAILURE)


@app.command("list")
def list_all(
    limit: Limit = 50,
    offset: Offset = 0,
    as_json: Json = False,
) -> None:
    """Show what was sent and what waits, newest first; times are local (with --json, ISO 8601 with zone)."""
    from twizzit_pipeline.notifications import outbox  # noqa: PLC0415  (frames)

    settings = load_settings()
    with opened(settings) as here:
        rows = outbox.recent(here.database.engine, limit=limit, offset=offset)
    if as_json:
        print_json(rows)
        return
    if not rows:
        console().print(_nothing(settings))
        return
    shown = table("Id", "When", "Channel", "What", "Credential", "State", "Tries", right=("Id", "Credential", "Tries"))
    for row in rows:
        credential = "–" if row.credential_id is None else str(row.credential_id)
        shown.add_row(
            str(row.id), moment(row.created_at), row.channel, row.kind, credential, row.state, str(row.attempts)
        )
    out = console()
    out.print(shown)
    for row in rows:
        if row.error:
            out.print(f"{row.id}: {row.error}")


def _nothing(settings: Settings) -> str:
    from twizzit_pipeline.notifications.channels import NOT_CONFIGURED, configured  # noqa: PLC0415  (frames)

    return "Nothing yet." if configured(settings) else f"Nothing yet. {NOT_CONFIGURED}."
