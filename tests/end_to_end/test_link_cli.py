"""`twizzit link` as a user types it: what it prints, what the audit log has of it, and what it refuses."""

import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.conftest import ENCRYPTION_KEY
from tests.support.command_line import CommandLine
from twizzit_pipeline.credentials import store
from twizzit_pipeline.http_api.pages.signing import Signer
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.engine import Database

SECRET = "the secret that ShotSpot signs its tokens with"


@pytest.fixture
def twizzit(tmp_path: Path, database_url: str, database: Database) -> CommandLine:
    """With one club, whose credential is 1."""
    store.add(
        database.engine,
        SecretStr(ENCRYPTION_KEY),
        organization_name="KC Scheldedal",
        api_username="u",
        password=SecretStr("p"),
    )
    return CommandLine(
        tmp_path,
        JWT_SECRET=SECRET,
        TWIZZIT_HOME=str(tmp_path / "home"),
        TWIZZIT_DATABASE_URL=database_url,
        TWIZZIT_PAGES_URL="https://shotspot.example/",
    )


def test_a_link_is_for_one_club_one_role_and_some_minutes(twizzit: CommandLine, database: Database) -> None:
    made = twizzit("link", "schelde", "--role", "Coach", "--minutes", "60")
    assert made.code == 2  # no name begins so
    made = twizzit("link", "kc sch", "--role", "Coach", "--minutes", "60")
    assert (made.code, made.err) == (0, "")
    place, _, key = made.out.strip().partition("?key=")
    assert place == "https://shotspot.example/twizzit/link"
    link = Signer(SecretStr(SECRET)).read_link(key)
    assert (link.role, link.credential_id) == ("coach", 1)
    assert abs(link.until - time.time() - 3600) < 60
    row = audit.recent(database.engine, limit=1)[0]
    assert (row.actor.kind, row.action, row.target) == ("os", "link", "pages")
    assert row.details == {"link": link.id, "role": "coach", "credential_id": 1, "minutes": 60}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["1"], 2),
        (["1", "--role", "user"], 2),
        (["1", "--role", "admin", "--minutes", "0"], 2),
        (["1", "--role", "admin", "--minutes", "1441"], 2),
        (["7", "--role", "admin"], 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_a_link_that_makes_no_sense_is_not_made(twizzit: CommandLine, arguments: list[str], code: int) -> None:
    refused = twizzit("link", *arguments)
    assert (refused.code, refused.out) == (code, "")
