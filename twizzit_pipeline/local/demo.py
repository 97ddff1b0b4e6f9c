"""What `up --demo` adds: three clubs of the simulator that is running, each syncing by itself in its own interval."""

from dataclasses import dataclass

import httpx
from sqlalchemy import Engine, func, update

from twizzit_pipeline.cli.opened import Opened
from twizzit_pipeline.local import stage
from twizzit_pipeline.local.stage import QUIRKS
from twizzit_pipeline.scheduling import config
from twizzit_pipeline.simulator.clubs import CLUB_NAMES
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.storage.tables import sync_config

INTERVALS_MINUTES = (5, 10, 15)
ORGANIZATIONS = CLUB_NAMES[: len(INTERVALS_MINUTES)]
# The second club has nothing that must be rejected, the others have; something happens at a club each minute.
SIMULATOR_OPTIONS = (
    *("--clubs", "3", "--tidy", "2", "--change-every", "60"),
    *(part for quirk in sorted(QUIRKS) for part in ("--quirk", quirk)),
)

_PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class DemoClub:
    """A credential of the demo."""

    credential_id: int
    organization: str
    interval_minutes: int


def clubs_of(simulator_url: str) -> list[stage.Login]:
    """The logins of the clubs that the simulator at this address has."""
    answer = httpx.get(f"{simulator_url}/simulator/organizations", timeout=_PATIENCE_SECONDS, trust_env=False)
    return [
        stage.Login(club["name"], club["username"], club["password"], f"{simulator_url}/v2/api")
        for club in answer.raise_for_status().json()["organizations"]
    ]


def prepare(here: Opened, logins: list[stage.Login]) -> list[DemoClub]:
    """Stores the clubs' credentials, or points those of an earlier demo at this simulator, and has them sync by
    themselves: now, and then in their intervals. An interval that a person has set since is left as it is."""
    engine = here.database.engine
    clubs: list[DemoClub] = []
    for login, minutes in zip(logins, INTERVALS_MINUTES, strict=True):
        credential, is_new = stage.credential_of(here, login)
        known = config.read(engine, credential.id)
        if not known.auto_sync_enabled:
            known = config.change(
                engine, credential.id, actor=this_user(), auto_sync_enabled=True, sync_interval_minutes=minutes
            )
        if is_new and not clubs:  # people of the first change names on both sides
            config.change(engine, credential.id, actor=this_user(), conflict_policy="ask")
        _is_due_now(engine, credential.id)
        clubs.append(DemoClub(credential.id, credential.organization_name, known.sync_interval_minutes))
    return clubs


def _is_due_now(engine: Engine, credential_id: int) -> None:
    """Plans a sync of each club at once, also where an earlier demo had planned otherwise."""
    now = func.timezone("utc", func.clock_timestamp())
    with engine.begin() as connection:
        connection.execute(
            update(sync_config).where(sync_config.c.credential_id == credential_id).values(next_sync_at=now)
        )
