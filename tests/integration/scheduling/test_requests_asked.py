"""Asking for a sync: what is written down, and who is refused."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, insert, text, update

from tests.support.carried_out import COACH, Ask, begin, end, waiting
from tests.support.signs_of_life import beat
from tests.support.sync_process import wait_until
from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.rows import locked
from twizzit_pipeline.errors import InactiveCredential, NoOrchestrator, SyncInProgress, UnknownCredential, UnknownSeason
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.runs.lease import Lease, lease_key
from twizzit_pipeline.scheduling import heartbeat, requests
from twizzit_pipeline.scheduling.wishes import RequestOptions
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.storage.tables import credentials, orchestrators
from twizzit_pipeline.twizzit.records import Season


def test_a_request_says_what_was_asked(engine: Engine, club: int, ask: Ask) -> None:
    options = RequestOptions(group_id="77", create_missing=False, include_players=True)
    asked = ask(sync_type="teams", options=options, trigger="webhook")
    found = requests.get(engine, asked.id)
    assert found == asked
    assert (found.credential_id, found.sync_type, found.season, found.options) == (club, "teams", None, options)
    assert (found.status, found.over, found.run_id, found.history_ids, found.error) == ("queued", False, None, (), None)
    assert (found.trigger, found.requested_by, found.attempt) == ("webhook", "token:12", 1)


def test_asking_leaves_a_row_in_the_audit_log(engine: Engine, club: int, ask: Ask) -> None:
    asked = ask(sync_type="players", options=RequestOptions(group_id="77"))
    (row,) = [row for row in audit.recent(engine) if row.target == "sync"]
    assert (row.actor, row.action, row.target_id) == (COACH, "ask", str(asked.id))
    assert row.details == {
        "credential_id": club,
        "sync_type": "players",
        "season": None,
        "trigger": "request",
        "group_id": "77",
        "create_missing": True,
        "include_players": False,
    }


def test_who_is_refused_leaves_nothing(engine: Engine, ask: Ask) -> None:
    ask()
    before = audit.count(engine)
    with pytest.raises(SyncInProgress):
        ask()
    assert (audit.count(engine), len(waiting(engine))) == (before, 1)


@pytest.mark.parametrize("credential_id", [99, 0, -1, 2**40])
def test_an_unknown_credential_cannot_sync(ask: Ask, credential_id: int) -> None:
    with pytest.raises(UnknownCredential):
        ask(credential_id)


def test_one_that_is_switched_off_cannot_sync(engine: Engine, club: int, ask: Ask) -> None:
    with engine.begin() as connection:
        connection.execute(update(credentials).values(is_active=False))
    with pytest.raises(InactiveCredential):
        ask()


def test_one_that_is_switched_off_meanwhile_cannot_sync(engine: Engine, club: int, ask: Ask) -> None:
    with ThreadPoolExecutor(1) as beside:
        with engine.begin() as connection:  # as `store.set_active` does it
            locked(connection, club, beside_syncs=True)
            asked = beside.submit(ask)
            wait_until(lambda: _waits(engine))
            connection.execute(update(credentials).values(is_active=False))
        with pytest.raises(InactiveCredential):
            asked.result()
    assert waiting(engine) == []


def _waits(engine: Engine) -> bool:
    """Whether a session waits for a lock."""
    waits = "EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database())"
    with engine.connect() as connection:
        return bool(connection.scalar(text(f"SELECT {waits}")))


def test_a_request_is_refused_where_no_orchestrator_ever_was(database: Database, settings: Settings) -> None:
    assert settings.encryption_key is not None
    credential_id = store.add(
        database.engine, settings.encryption_key, organization_name="A", api_username="b", password=SecretStr("c")
    )
    assert heartbeat.last(database.engine) is None
    with pytest.raises(NoOrchestrator, match="No orchestrator is running"):
        requests.ask(database.engine, credential_id, sync_type="all", actor=COACH, queue=True)


def test_an_orchestrator_is_dead_after_a_minute(engine: Engine, ask: Ask) -> None:
    def silent_for(seconds: int) -> None:
        with engine.begin() as connection:
            ago = text(f"now() - interval '{seconds} seconds'")
            connection.execute(update(orchestrators).values(heartbeat_at=ago))

    silent_for(61)
    with pytest.raises(NoOrchestrator):
        ask()
    silent_for(55)
    ask()
    silent_for(61)
    beat(engine, "another")
    ask(queue=True)


def test_orchestrators_silent_for_a_day_are_forgotten(engine: Engine) -> None:
    """And those whose last sign of life is of before the clock was put back: the living one's would not be the last."""
    ages = {"old": "25 hours", "lately": "23 hours", "a little ahead": "-50 seconds", "ahead": "-2 minutes"}
    with engine.begin() as connection:
        for name, age in ages.items():
            at = text(f"now() - interval '{age}'")
            connection.execute(insert(orchestrators).values(name=name, heartbeat_at=at))
    beat(engine, "new")
    with engine.connect() as connection:
        left = set(connection.scalars(text("SELECT name FROM twizzit_orchestrators")))
    assert left.intersection(ages) == {"lately", "a little ahead"}


def test_a_season_is_asked_for_by_label_or_by_twizzits_id(engine: Engine, club: int, ask: Ask) -> None:
    listed = [Season("501", "2025-2026", date(2025, 7, 1), date(2026, 6, 30)), Season("502", "2026-2027", None, None)]
    with engine.begin() as connection:
        seasons.refresh(connection, club, listed)
    assert ask(season=" 2025-2026 ").season == "2025-2026"
    assert ask(season="502", queue=True).season == "2026-2027"
    assert ask(season="2025/2026", queue=True).season == "2025-2026"
    with pytest.raises(
        UnknownSeason,
        match=r"^The account has no such season; it has 2026-2027, 2025-2026; where it is new in Twizzit, verify",
    ):
        ask(season="2031-2032", queue=True)


def test_any_season_may_be_asked_for_where_none_is_known(ask: Ask) -> None:
    assert ask(season="2026-2027").season == "2026-2027"
    for label in ("", " ", "\u200b"):
        with pytest.raises(UnknownSeason):
            ask(season=label, queue=True)


def test_a_second_one_gets_the_sync_that_is_in_the_way(engine: Engine, ask: Ask) -> None:
    first = ask()
    with pytest.raises(SyncInProgress) as refused:
        ask(sync_type="teams")
    assert (refused.value.request_id, refused.value.history_id) == (first.id, None)
    lease, history_id = begin(engine, first)
    with pytest.raises(SyncInProgress) as refused:
        ask(sync_type="teams")
    assert refused.value.history_id == history_id
    end(engine, first, lease, "success")
    assert ask(sync_type="teams").id != first.id


def test_a_sync_without_a_request_is_in_the_way_too(engine: Engine, add: Callable[..., int], ask: Ask) -> None:
    """From the command line, and even of another credential where both read the same organization."""
    one, other = (add(name, "https://api.twizzit.com/v1") for name in ("KC Duinen", "kc duinen"))
    key = lease_key(store.get(engine, one))
    lease = Lease.take(engine, key, credential_id=one, run_id="run-9")
    for credential_id in (one, other):
        with pytest.raises(SyncInProgress):
            ask(credential_id)
        assert ask(credential_id, queue=True).status == "queued"
    ask()
    lease.stop()
    with engine.begin() as connection:
        lease.release(connection)


def test_of_many_at_once_one_gets_in(engine: Engine, ask: Ask) -> None:
    gate = threading.Barrier(8)

    def asked(_: int) -> int | None:
        gate.wait()
        try:
            return ask().id
        except SyncInProgress:
            return None

    with ThreadPoolExecutor(8) as pool:
        answers = [answer for answer in pool.map(asked, range(8)) if answer is not None]
    assert len(answers) == 1
    assert waiting(engine) == answers
