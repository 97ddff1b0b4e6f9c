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
from tests.support.monitored import add_credential, add_run
from tests.support.page_visitor import PageVisitor, visitor
from twizzit_pipeline.http_api.pages.moments import moment
from twizzit_pipeline.http_api.pages.texts import texts_of
from twizzit_pipeline.runs import history
from twizzit_pipeline.runs.lease import Lease
from twizzit_pipeline.runs.seasons import season_of, today
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


def test_the_next_sync(views: Views) -> None:
    for case, (configured, is_active, wanted, said) in NEXT.items():
        now = datetime.now(UTC)
        id_ = add_credential(views.database, f"KC {case}", **configured)
        if not is_active:
            table = tables.credentials
            with views.database.engine.begin() as connection:
                connection.execute(update(table).where(table.c.id == id_).values(is_active=False))
        next_ = _agreed(views, id_, case)
        assert (next_ is None) == (wanted is None), case
        shown = views.fact(id_, "Next automatic sync")
        if next_ is not None and wanted is not None:
            assert abs(next_ - now - wanted) < HOUR / 6, case
            at = moment(next_, texts_of("en"))
            assert shown == (said.format(when=at) or at), case
        else:
            assert shown.startswith(said), case


def _agreed(views: Views, id_: int, case: str) -> datetime | None:
    """When the next sync is, as the commands, the API and the metrics say alike, with the reasons of it."""
    status, api = views.status(id_), views.api.get(f"/sync/config/{id_}").json()
    command = views.command("config", "show", id_, "--json").json()
    times = {status["next_sync_at"], command["next_sync_at"], _spelled(api["nextSyncAt"])}
    assert len(times) == 1, (case, times)
    assert {status["paused_until"], command["paused_until"], _spelled(api["pausedUntil"])} == {status["paused_until"]}
    assert status["paused_because"] == command["paused_because"] == api["pausedBecause"], case
    assert status["next_sync_because"] == command["next_sync_because"] == api["nextSyncBecause"], case
    next_ = None if status["next_sync_at"] is None else datetime.fromisoformat(status["next_sync_at"])
    metric = views.metric("twizzit_sync_next_timestamp_seconds", id_)
    assert metric == (None if next_ is None else pytest.approx(next_.timestamp())), case
    return next_


def test_a_failed_sync_is_tried_again_where_syncs_start_by_themselves(views: Views) -> None:
    by_itself = add_credential(views.database, "KC Oost", auto_sync_enabled=True, next_sync_at=HOUR)
    by_hand = add_credential(views.database, "KC Zuid")
    for id_ in (by_itself, by_hand):
        add_run(views.database, id_, HOUR, _row("teams", status="failed", error_message="Twizzit answered 503"))
        assert views.status(id_)["state"] == "failing"
    views.pages.get(f"/twizzit/clubs/{by_itself}")
    assert "The last sync failed. It is tried again by itself" in views.pages.text
    views.pages.get(f"/twizzit/clubs/{by_hand}")
    assert "tried again by itself" not in views.pages.text
    assert "The last sync failed. Syncs do not start by themselves" in views.pages.text


def test_a_sync_that_failed_is_the_last_one_and_no_good_one(views: Views) -> None:
    id_ = add_credential(views.database, "KC Oost", last_sync_at=-3 * HOUR)
    add_run(views.database, id_, HOUR, _row("teams", status="failed", error_message="Twizzit answered 503"))
    good = datetime.fromisoformat(views.status(id_)["last_success_at"])
    assert good == datetime.fromisoformat(views.api.get(f"/sync/config/{id_}").json()["lastSyncAt"])
    assert views.fact(id_, "Last good sync") == moment(good, texts_of("en"))
    assert re.search(r"^Last sync: +60 min ago, failed$|^Last sync: +1 h ago, failed$", _status_of(views, id_), re.M)
    configured = views.command("config", "show", id_).out
    assert f"Last good: {good.astimezone():%Y-%m-%d %H:%M:%S}" in configured
    assert "Last sync:" not in configured


def _status_of(views: Views, credential_id: int) -> str:
    return views.command("status", credential_id).out


def test_the_colour_of_a_state_while_a_sync_is_under_way(views: Views) -> None:
    id_ = add_credential(views.database, "KC Oost")
    add_credential(views.database, "KC Zuid")
    add_run(views.database, id_, HOUR, _row("teams", status="failed", error_message="Twizzit answered 503"))
    lease = Lease.take(views.database.engine, "an organization", credential_id=id_, run_id="under way")
    try:
        found = views.status(id_)
        assert (found["state"], found["lasting_state"], found["signal"]) == ("running", "failing", "red")
        for page in ("/twizzit", f"/twizzit/clubs/{id_}"):
            assert '<span class="badge red">syncing</span>' in views.pages.get(page).text, page
    finally:
        lease.give_back()


def test_what_shotspot_left_in_progress_is_not_under_way(views: Views) -> None:
    id_ = add_credential(views.database, "KC Noord")
    add_run(views.database, id_, 3 * HOUR, _row("teams", dagster_run_id=None))
    add_run(views.database, id_, 2 * HOUR, _row("players", dagster_run_id=None))
    add_run(views.database, id_, HOUR, _row("teams", status="in_progress", completed_at=None, dagster_run_id=None))
    status = views.status(id_)
    assert (status["is_running"], status["state"]) == (False, "off")
    assert "; 0 syncs under way" in views.command("status").out
    page = views.pages.get(f"/twizzit/clubs/{id_}").text
    assert "hx-trigger" not in page.partition('id="progress"')[2].partition(">")[0]  # it asks for nothing more
    assert f"Last sync: {moment(_ended(views, id_), texts_of('en'))}. done" in views.pages.text


def _ended(views: Views, credential_id: int) -> datetime:
    rows = views.api.get(f"/sync/history/{credential_id}").json()["history"]
    return datetime.fromisoformat(max(row["completedAt"] for row in rows if row["completedAt"]))


def test_the_last_sync_is_no_decision(views: Views) -> None:
    id_ = add_credential(views.database, "KC Noord")
    add_run(views.database, id_, HOUR, _row("teams"))
    with views.database.engine.begin() as connection:
        for conflict in range(20):
            history.record_decision(connection, credential_id=id_, entity="players", of=conflict)
    last = views.status(id_)["last_sync_completed_at"]
    views.pages.get(f"/twizzit/clubs/{id_}")
    assert f"Last sync: {moment(datetime.fromisoformat(last), texts_of('en'))}. done" in views.pages.text


def test_a_sync_of_a_season_that_the_account_has_not_did_nothing(views: Views) -> None:
    id_ = add_credential(views.database, "KC Noord")
    none = _row("teams", details={"season": "2031-2032", "season_exists": False}, items_processed=0, items_succeeded=0)
    add_run(views.database, id_, HOUR, none)
    (row,) = views.api.get(f"/sync/history/{id_}").json()["history"]
    assert row["seasonExists"] is False
    assert "skipped: the account has no season 2031-2032" in views.command("history", id_).out
    for page in ("", "/syncs", f"/syncs/{row['id']}"):
        assert '<span class="badge skipped">nothing to do</span>' in views.pages.get(f"/twizzit/clubs/{id_}{page}").text
    assert "The account has no season 2031-2032: nothing was read or written." in views.pages.text


def test_the_pages_of_syncs_turn_back_as_they_turned(views: Views) -> None:
    id_ = add_credential(views.database, "KC Noord")
    failed = {"status": "failed", "items_processed": 0, "items_succeeded": 0}
    for ago in range(80):  # the last row of each run says how it ended, and runs have two to four rows
        rows = [_row("teams"), _row("players"), _row("competitions"), _row("competitions", **failed)][ago % 3 :]
        add_run(views.database, id_, HOUR * (1 + ago), *rows)
    wanted = [(str(run[0]), run[1]) for run in _runs(views, id_)]
    forth, place = _turned(views, id_, "Older", "")
    assert forth == wanted
    back, _ = _turned(views, id_, "Newer", place)
    assert set(back) == set(wanted)


@pytest.mark.parametrize(
    ("configured", "state", "page"),
    [
        ({"sync_interval_minutes": 3}, "broken", "settings"),
        ({"next_sync_at": 5 * HOUR, "paused_until": 5 * HOUR, "paused_because": "used up"}, "paused", "settings"),
        ({"next_sync_at": 5 * HOUR, "consecutive_failures": 3}, "failing", "syncs"),
    ],
)
def test_what_needs_attention_is_where_its_line_leads(
    views: Views, configured: dict[str, Any], state: str, page: str
) -> None:
    id_ = add_credential(views.database, "KC Noord", auto_sync_enabled=True, **configured)
    status = views.status(id_)
    assert (status["state"], status["needs_attention"]) == (state, True)
    shown = views.pages.get(f"/twizzit/clubs/{id_}").text
    assert f'<a href="/twizzit/clubs/{id_}/{page}">The syncs of this club need attention</a>' in shown


def test_what_was_left_out_is_on_the_page_that_says_so(views: Views) -> None:
    id_ = add_credential(views.database, "KC Noord")
    season = season_of(today(), "07-01").label

    def left_out(entity: str, count: int, of: str = season) -> dict[str, Any]:
        failed = {"twin": {"count": count, "twizzit_ids": [str(number) for number in range(count)]}}
        details = {"season": of, "failed": failed}
        return _row(entity, status="partial_success", items_failed=count, details=details)

    add_run(views.database, id_, 3 * HOUR, left_out("teams", 2), left_out("players", 4))
    add_run(views.database, id_, 2 * HOUR, left_out("teams", 1))
    add_run(views.database, id_, HOUR, left_out("teams", 7, "2001-2002"), left_out("players", 8, "2001-2002"))
    assert views.status(id_)["items_failed"] == 1 + 4
    found = re.findall(
        r'href="([^"]+)#left-out">The sync of ([^<]+) left (\d+) things? out',
        views.pages.get(f"/twizzit/clubs/{id_}").text,
    )
    assert [int(count) for _, _, count in found] == [1, 4]
    for place, _, count in found:
        page = views.pages.get(place).text
        assert 'id="left-out"' in page
        assert f"<strong>{count} " in page


def _row(entity: str, **changes: Any) -> dict[str, Any]:
    season = season_of(today(), "07-01").label
    return {"sync_type": entity, "details": {"season": season}, **changes}


def _runs(views: Views, credential_id: int) -> list[tuple[int, str]]:
    """The first row of each run, and how the run ended, the newest first."""
    asked = (views.api.get(f"/sync/history/{credential_id}?limit=100&offset={offset}") for offset in range(0, 500, 100))
    found: dict[str, list[tuple[int, str]]] = {}
    for row in (row for answer in asked for row in answer.json()["history"]):
        found.setdefault(row["startedAt"], []).append((row["id"], row["status"]))
    return [
        (min(id_ for id_, _ in run), "failed" if "failed" in {status for _, status in run} else "success")
        for run in found.values()
    ]


def _turned(views: Views, credential_id: int, way: str, place: str) -> tuple[list[tuple[str, str]], str]:
    """The syncs of the list from one page to the last in that direction: id and badge; and the last page."""
    found: list[tuple[str, str]] = []
    path = f"/twizzit/clubs/{credential_id}/syncs"
    while True:
        page = views.pages.get(path + place).text
        found += re.findall(r'/syncs/(\d+)">[^<]*</a> <span class="badge (\w+)">', page)
        further = re.search(rf'href="(\?offset=\d+)">{way}<', page)
        if further is None:
            return found, place
        place = further[1]


def _spelled(when: str | None) -> str | None:
    """A time of the API as the command line spells it."""
    return None if when is None else datetime.fromisoformat(when).isoformat()
