"""The vault from a terminal: keys rotated, logins backed up, switched off and deleted."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from twizzit_pipeline.cli import asking
from twizzit_pipeline.cli.clubs import Club, credential_of
from twizzit_pipeline.cli.commands import moving
from twizzit_pipeline.cli.exit_codes import ExitCode
from twizzit_pipeline.cli.opened import opened, say_if_not_noted
from twizzit_pipeline.cli.output.terminal import console, plural
from twizzit_pipeline.credentials import acceptance, clubs, store
from twizzit_pipeline.credentials.key import KEY, PREVIOUS_KEY, encryption_keys
from twizzit_pipeline.credentials.key_file import KEY_FILE
from twizzit_pipeline.credentials.rotation import Rotation, rotate
from twizzit_pipeline.settings import Settings

_PassphraseStdin = Annotated[
    bool, typer.Option("--passphrase-stdin", help="Read the passphrase from standard input instead of asking")
]
_WHY: dict[acceptance.Unbound, str] = {
    "changed": "Its password was stored for another row, user name or endpoint: it was changed past this program",
    "without_mac": "Its password was stored by ShotSpot, and is not bound to them yet",
    "not_renewed": "Its password was stored by an older version, or under the key before this one",
}


def register(group: typer.Typer) -> None:
    """Put the commands into the group `twizzit credentials`."""
    group.command()(change_password)
    group.command()(moving.update)
    group.command()(moving.clubs)
    group.command()(accept)
    group.command()(activate)
    group.command()(deactivate)
    group.command()(delete)
    group.command("set-club")(set_club)
    group.command("rotate-key")(rotate_key)
    group.command("export")(export)
    group.command("import")(import_backup)


def change_password(
    club: Club,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking")
    ] = False,
) -> None:
    """Store another password for a login; its history, configuration and mappings stay.

    Where automatic syncs had backed off after failures, the next one is due at once.
    """
    from twizzit_pipeline.scheduling import automatic  # noqa: PLC0415  (the client)

    with opened() as here:
        engine = here.database.engine
        credential_id = credential_of(here, club)
        credential = store.get(engine, credential_id)
        keys = encryption_keys(here.settings)
        # They may have been changed past this program, and the password will be theirs.
        console(stderr=True).print(
            f"For the user name {credential.api_username} at {credential.api_endpoint}", soft_wrap=True
        )
        store.change_login(
            engine,
            keys,
            credential_id,
            api_username=credential.api_username,
            password=asking.secret("password", from_stdin=password_stdin),
            api_endpoint=credential.api_endpoint,
            shown=credential,
        )
        automatic.login_changed(engine, credential_id)
    console().print(f"Stored. See whether it works: twizzit credentials verify {credential_id}")


def accept(club: Club, yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether to go on")] = False) -> None:
    """Take a credential as it is now, after its user name or endpoint was changed past this program.

    Shows both first: the password goes to that endpoint from then on.
    """
    from twizzit_pipeline.accounts.verify import check_endpoint  # noqa: PLC0415  (frames)
    from twizzit_pipeline.scheduling import automatic  # noqa: PLC0415  (the client)

    with opened() as here:
        engine, keys = here.database.engine, encryption_keys(here.settings)
        credential_id = credential_of(here, club)
        shown = store.get(engine, credential_id)
        why = acceptance.unbound(engine, keys, credential_id)
        out = console(stderr=True)
        out.print(f"Credential {credential_id} ({shown.organization_name}) says now:")
        out.print(f"  user name  {shown.api_username}\n  endpoint   {shown.api_endpoint}", soft_wrap=True)
        if why is None:
            console().print("There is nothing to accept: its password was stored for these.")
            return
        check_endpoint(here.settings, shown.api_endpoint)
        out.print(f"{_WHY[why]}.")
        if not yes:
            asking.whether("Keep its password for this user name and endpoint?")
        acceptance.accept(engine, keys, credential_id, api_username=shown.api_username, api_endpoint=shown.api_endpoint)
        automatic.login_changed(engine, credential_id)
    console().print(f"Accepted. See whether it works: twizzit credentials verify {credential_id}")


def activate(club: Club) -> None:
    """Switch a credential on again."""
    _switch(club, True)


def deactivate(club: Club) -> None:
    """Switch a credential off without deleting it: nothing is synced with it until it is activated."""
    _switch(club, False)


def delete(club: Club, yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether to go on")] = False) -> None:
    """Delete a credential with its configuration and history; teams, players and mappings stay."""
    with opened() as here:
        credential_id = credential_of(here, club)
        credential = store.get(here.database.engine, credential_id)
        if not yes:
            asking.whether(f"Delete credential {credential_id} ({credential.organization_name}) with its history?")
        gone = store.delete(here.database.engine, credential_id)
    out = console()
    out.print(
        f"Deleted credential {credential_id} ({gone.organization_name}) with {plural(gone.history, 'row')} of history."
    )
    if gone.mappings:
        out.print(
            f"{plural(gone.mappings, 'mapping')} stayed, and with them all registrations; the next credential of the "
            "same organization takes them over."
        )


def set_club(
    credential: Club,
    club: Annotated[
        str | None,
        typer.Argument(metavar="SHOTSPOT_CLUB", help="Id or exact name of a club of ShotSpot", show_default=False),
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Remove it: the organization's name decides again")] = False,
) -> None:
    """Say which club of ShotSpot a credential's organization is, where its name does not decide it.

    New teams go into that club; teams that are in ShotSpot already stay where they are.
    """
    if (club is None) != clear:
        raise typer.BadParameter("either a club or --clear", param_hint="SHOTSPOT_CLUB")
    with opened() as here:
        credential_id = credential_of(here, credential)
        found = clubs.set_club(here.database.engine, credential_id, club)
    said = "No club is named any more: the organization's name decides"
    if found is not None:
        said = f"Credential {credential_id} is the club {found.name} (id {found.id}): its new teams go there"
    console().print(f"{said}. Next: twizzit sync {credential_id}")


def rotate_key() -> None:
    """Encrypt every password under a new key: all of them, or none.

    Beside ShotSpot, or with a key of your own: set TWIZZIT_ENCRYPTION_KEY to the new key and
    TWIZZIT_ENCRYPTION_KEY_PREVIOUS to the old one first. With the key that the embedded database keeps: nothing to set.
    """
    with opened() as here:
        done = rotate(here.database.engine, here.settings)
        settings = here.settings
    out = console()
    if done.resumed:
        out.print("Another rotation had not come to its end; it is finished now, with the key that it had made.")
    new = plural(len(done.reencrypted), "password")
    out.print(f"Re-encrypted {new} under key {done.key_id}; {done.already} had been before.")
    for line in _what_next(done, settings):
        out.print(line)


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to, readable for you alone")],
    passphrase_stdin: _PassphraseStdin = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there")] = False,
) -> None:
    """Back every login up into an encrypted file, with a passphrase of 12 characters or more of its own."""
    from twizzit_pipeline.credentials.backup import export_to  # noqa: PLC0415  (pydantic's models)

    with opened() as here:
        keys = encryption_keys(here.settings)
        passphrase = asking.secret("passphrase", from_stdin=passphrase_stdin, twice=True)
        count = export_to(
            here.database.engine,
            keys,
            file,
            passphrase,
            overwrite=force,
            not_noted=partial(say_if_not_noted, "export"),
        )
    console().print(
        f"Exported {plural(count, 'credential')} to {file}. Keep the passphrase elsewhere: without it the file is lost."
    )


def import_backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `twizzit credentials export` wrote")],
    passphrase_stdin: _PassphraseStdin = False,
) -> None:
    """Bring the logins of a backup into this database; nothing is deleted, and what is the same stays untouched."""
    from twizzit_pipeline.accounts.verify import check_endpoint  # noqa: PLC0415  (frames)
    from twizzit_pipeline.credentials.backup import import_from  # noqa: PLC0415  (pydantic's models)

    with opened() as here:
        settings = here.settings
        keys = encryption_keys(settings)
        passphrase = asking.secret("passphrase", from_stdin=passphrase_stdin)
        done = import_from(
            here.database.engine,
            keys,
            file,
            passphrase,
            check_endpoint=lambda url: check_endpoint(settings, url),
        )
    out = console()
    for ids, word in ((done.added, "added"), (done.updated, "updated"), (done.unchanged, "unchanged")):
        named = f" (id {', '.join(map(str, ids))})" if ids else ""
        out.print(f"{plural(len(ids), 'credential')} {word}{named}")
    if done.updated:
        out.print("Updated ones were there already, with another password or one that could not be read.")
    for organization, reason in done.refused:
        console(stderr=True).print(f"Not imported: {organization}: {reason}")
    if done.refused:
        raise typer.Exit(ExitCode.PARTIAL_SUCCESS)


def _switch(club: str, active: bool) -> None:
    with opened() as here:
        credential_id = credential_of(here, club)
        changed = store.set_active(here.database.engine, credential_id, active)
    state = "on" if active else "off"
    console().print(f"Credential {credential_id} is {'' if changed else 'already '}switched {state}.")


def _what_next(done: Rotation, settings: Settings) -> list[str]:
    if done.in_file and settings.encryption_key_previous is None:
        return [
            f"The new key is in {settings.home / KEY_FILE}; nothing has to change in the environment.",
            "A copy of that file made before no longer opens this database: make a new one.",
        ]
    if done.in_file:
        return [f"The key is in {settings.home / KEY_FILE} now: unset {PREVIOUS_KEY}."]
    if not done.reencrypted:
        return [f"As soon as ShotSpot and every process of the pipeline use that key: unset {PREVIOUS_KEY}."]
    return [
        "Change now:",
        f"  1. ShotSpot: set its {KEY} to the new key and restart it.",
        "     Until then it cannot read the passwords that are stored here.",
        "  2. Every other process of the pipeline: set both keys as they are here and restart it.",
        "  3. Then once more, for what was stored in between: twizzit credentials rotate-key",
        f"  4. Then unset {PREVIOUS_KEY} everywhere.",
    ]
