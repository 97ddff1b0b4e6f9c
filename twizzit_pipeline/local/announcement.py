"""What `up` prints when everything runs: addresses, a token, the demo's clubs, where the logs are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from twizzit_pipeline.cli.issued import record_token
from twizzit_pipeline.cli.opened import Opened, say_if_not_noted
from twizzit_pipeline.cli.output.terminal import show_table, table
from twizzit_pipeline.http_api.pages.invitations import invite
from twizzit_pipeline.http_api.secret import jwt_secret
from twizzit_pipeline.http_api.tokens import Tokens
from twizzit_pipeline.local.children import Address
from twizzit_pipeline.local.demo import DemoClub
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.audit import this_user

TOKEN_HOURS = 12
LINK_MINUTES = 60
_USERNAME = "twizzit-up"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts listen; no simulator without the demo."""

    ui: Address
    api: Address
    simulator: Address | None


def announce(
    out: Console, here: Opened, addresses: Addresses, logs: Path, clubs: Sequence[DemoClub], seconds: float
) -> None:
    """Say that everything runs."""
    out.print(f"\n[bold]Everything is up[/bold] after {seconds:.1f} s\n", markup=True)
    lines = [
        ("Dagster's UI", addresses.ui.url),
        ("HTTP API", f"{addresses.api.url}/api/twizzit (its routes: {addresses.api.url}/docs)"),
    ]
    if addresses.simulator is not None:
        lines.append(("Simulator", f"{addresses.simulator.url} (clubs and people are invented)"))
    lines.append(("Pages", _link(here, addresses.api.url, clubs[0]) if clubs else _pages(here, addresses.api.url)))
    lines += [("Token", _token(out, here, is_demo=addresses.simulator is not None)), ("Logs", str(logs))]
    for name, value in lines:
        out.print(f"  {name:<12}  {value}", soft_wrap=True)  # they are there to be copied
    if clubs:
        _show(out, clubs)
    else:
        out.print()
    if addresses.ui.host not in _LOOPBACK:
        out.print("The UI has no login and listens beyond this machine: put a proxy with a login before it.")
    out.print("Each sync that ends is a line here; Ctrl-C stops everything.\n")


def _token(out: Console, here: Opened, *, is_demo: bool) -> str:
    """A token of an administrator; where the output is kept somewhere, and the people are real, only how to get one."""
    if not (is_demo or out.is_terminal):
        return "ask for one with: twizzit token --role admin"
    engine, seconds = here.database.engine, TOKEN_HOURS * 3600
    not_noted = record_token(engine, "admin", user_id=0, seconds=seconds, credentials=None)
    say_if_not_noted("token", not_noted)
    tokens = Tokens(jwt_secret(here.settings))
    made = tokens.issue("admin", user_id=0, username=_USERNAME, seconds=seconds)
    return f"{made} (admin, {TOKEN_HOURS} hours)"


def _link(here: Opened, base: str, club: DemoClub) -> str:
    """A link of an administrator to the pages of the demo's first club."""
    made = invite(
        here.database.engine,
        jwt_secret(here.settings),
        here.settings.pages_url or base,
        role="admin",
        credential_id=club.credential_id,
        minutes=LINK_MINUTES,
        actor=this_user(),
    )
    say_if_not_noted("link", made.not_noted)
    another = asking_for_a_link(here.settings, base, str(club.credential_id))
    return f"{made.url} (once, within the hour; another: {another})"


def _pages(here: Opened, base: str) -> str:
    where = (here.settings.pages_url or base).rstrip("/")
    return f"{where}/twizzit (a link to sign in with: {asking_for_a_link(here.settings, base, 'CLUB')})"


def asking_for_a_link(settings: Settings, base: str, club: str) -> str:
    """The command that prints a link; it finds the settings' address of the pages, and no other that `up` was given."""
    where = (settings.pages_url or base).rstrip("/")
    command = f"twizzit link {club} --role admin"
    return command if settings.pages_base == where else f"TWIZZIT_PAGES_URL={where} {command}"


def _show(out: Console, clubs: Sequence[DemoClub]) -> None:
    shown = table("Id", "Syncing by itself", "Every", right=("Id", "Every"))
    for club in clubs:
        shown.add_row(str(club.credential_id), club.organization, f"{club.interval_minutes} min")
    show_table(out, shown)
