"""One fact, every view: what the command line, the API, the pages and the metrics say of the same database agrees."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from tests.support.api_server import ApiServer, token
from tests.support.command_line import CommandLine, command_line_on
from tests.support.monitored import add_credential
from tests.support.page_visitor import PageVisitor, visitor
from twizzit_pipeline.http_api.pages.moments import moment
from twizzit_pipeline.http_api.pages.texts import texts_of
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database

HOUR = timedelta(hours=1)


@dataclass
class Views:
    """Everything that an administrator may ask."""

    database: Database
    api: httpx.Client
    pages: PageVisitor
    command: CommandLine

    def status(self, credential_id: int) -> dict[str, Any]:
        document: dict[str, Any] = self.command("status", credential_id, "--json").json()
        found: dict[str, Any] = document["credentials"][0]
        return found

    def metric(self, name: str, credential_id: int) -> float | None:
        found = re.search(rf'^{name}{{credential_id="{credential_id}"}} (\S+)$', self.api.get("/metrics").text, re.M)
        return None if found is None else float(found[1])

    def fact(self, credential_id: int, term: str) -> str:
        """What the page "My club" says beside a word."""
        page = self.pages.get(f"/twizzit/clubs/{credential_id}").text
        found = re.search(rf"<dt>{term}</dt>\s*<dd>([^<]*)", page)
        assert found is not None, page
        return found[1].strip()


@pytest.fixture
def views(settings: Settings, database: Database, tmp_path: Path) -> Iterator[Views]:
    with ExitStack() as opened:
        server = opened.enter_context(ApiServer(settings, database))
        browser = opened.enter_context(visitor(server))
        browser.get("/twizzit/sign-in")
        browser.post("/twizzit/sign-in", shotspot_token=token("admin"))
        url = settings.database_url
        assert url is not None
        command = command_line_on(tmp_path, url.get_secret_value())
        yield Views(database, opened.enter_context(server.client(token("admin"))), browser, command)


# What the configuration holds (times from now on), whether the credential is switched on, when the next sync is; None:
# there will be none, or it starts at once; and what the page says where it is no time to come.
NEXT: dict[str, tuple[dict[str, Any], bool, timedelta | None, str]] = {
    "planned": ({"auto_sync_enabled": True, "next_sync_at": HOUR / 2}, True, HOUR / 2, ""),
    "at once": ({"auto_sync_enabled": True}, True, None, "within a minute"),
    "due": ({"auto_sync_enabled": True, "next_sync_at": -HOUR / 6}, True, -HOUR / 6, "due since {when}"),
    "switched off by another program": ({"auto_sync_enabled": False, "next_sync_at": HOUR}, True, None, "switched off"),
    "of a credential out of use": ({"auto_sync_enabled": True, "next_sync_at": HOUR}, False, None, "–"),
    "of nothing": (
        {
            "auto_sync_enabled": True,
            "next_sync_at": HOUR,
            **dict.fromkeys(("sync_teams", "sync_players", "sync_competitions"), False),
        },
        True,
        None,
        "–",
    ),
    "paused": (
        {
            "auto_sync_enabled": True,
            "next_sync_at": HOUR,
            "paused_until": 5 * HOUR,
            "paused_because": "the month's calls are used up",
        },
        True,
        5 * HOUR,
        "",
    ),
    "after a pause": (
        {"auto_sync_enabled": True, "next_sync_at": HOUR / 2, "paused_until": -HOUR, "paused_because": "used up"},
        True,
        HOUR / 2,
        "",
    ),
}


@pytest.mark.parametrize("case", NEXT)
def test_the_next_sync(views: Views, case: str) -> None:
    configured, is_active, wanted, said = NEXT[case]
    now = datetime.now(UTC)
    id_ = add_credential(views.database, "KC Noord", **configured)
    if not is_active:
        table = tables.credentials
        with views.database.engine.begin() as connection:
            connection.execute(update(table).where(table.c.id == id_).values(is_active=False))
    status, api = views.status(id_), views.api.get(f"/sync/config/{id_}").json()
    command = views.command("config", "show", id_, "--json").json()
    times = {status["next_sync_at"], command["next_sync_at"], _spelled(api["nextSyncAt"])}
    assert len(times) == 1, times
    assert {status["paused_until"], command["paused_until"], _spelled(api["pausedUntil"])} == {status["paused_until"]}
    assert status["paused_because"] == command["paused_because"] == api["pausedBecause"]
    assert status["next_sync_because"] == command["next_sync_because"] == api["nextSyncBecause"]
    next_ = None if status["next_sync_at"] is None else datetime.fromisoformat(status["next_sync_at"])
    metric = views.metric("twizzit_sync_next_timestamp_seconds", id_)
    assert (metric is None) == (next_ is None) == (wanted is None)
    if next_ is not None and wanted is not None:
        assert abs(next_ - now - wanted) < HOUR / 6
        assert metric == pytest.approx(next_.timestamp())
        shown = moment(next_, texts_of("en"))
        assert views.fact(id_, "Next automatic sync") == (said.format(when=shown) or shown)
    else:
        assert views.fact(id_, "Next automatic sync").startswith(said)


def _spelled(when: str | None) -> str | None:
    """A time of the API as the command line spells it."""
    return None if when is None else datetime.fromisoformat(when).isoformat()
