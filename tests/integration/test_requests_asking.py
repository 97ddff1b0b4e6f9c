"""Asking for a sync, and looking what came of it."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, insert, select, text, update

from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import (
    InactiveCredential,
    NoOrchestrator,
    SyncInProgress,
    UnknownCredential,
    UnknownRequest,
    UnknownSeason,
)
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.storage.tables import credentials, leases, orchestrators, sync_history, sync_requests
from twizzit_pipeline.sync import claims, due, heartbeat, requests, seasons, turns
from twizzit_pipeline.sync.fulfilment import Fulfilment, fail_unstarted, settle
from twizzit_pipeline.sync.lease import INTERRUPTED, Lease, lease_key
from twizzit_pipeline.sync.requests import Request, RequestOptions
from twizzit_pipeline.twizzit.records import Season

COACH = Actor("token", "12", "coach")
Ask = Callable[..., Request]


@pytest.fixture
def engine(database: Database) -> Engine:
    """A database with an orchestrator that gave a sign of life."""
    heartbeat.beat(database.engine)
    return database.engine


@pytest.fixture
def add(engine: Engine, settings: Settings) -> Callable[..., int]:
    def add(name: str = "KC Duinen", endpoint: str = "https://app.twizzit.com/v2/api") -> int:
        assert settings.encryption_key is not None
        return store.add(
            engine,
            settings.encryption_key,
            organization_name=name,
            api_username="somebody",
            password=SecretStr("something"),
            api_endpoint=endpoint,
        )

    return add


@pytest.fixture
def club(add: Callable[..., int]) -> int:
    return add()


@pytest.fixture
def ask(engine: Engine, club: int) -> Ask:
    def ask(credential_id: int = club, **changes: object) -> Request:
        asked: dict[str, object] = {"sync_type": "all", "actor": COACH, **changes}
        return requests.ask(engine, credential_id, **asked)  # type: ignore[arg-type]

    return ask


def begin(engine: Engine, request: Request, run_id: str = "run-1") -> tuple[Lease, int]:
    """What a run does when it starts to carry out a request: the lease, and an open history row."""
    lease = Lease.take(
        engine,
        lease_key(store.get(engine, request.credential_id)),
        credential_id=request.credential_id,
        run_id=run_id,
    )
    with engine.begin() as connection:
        history_id = connection.execute(
            insert(sync_history)
            .values(
                credential_id=request.credential_id,
                sync_type="teams",
                sync_direction="import",
                status="in_progress",
                started_at=text("timezone('utc', now())"),
                dagster_run_id=run_id,
            )
            .returning(sync_history.c.id)
        ).scalar_one()
        lease.note(connection, history_id)
        Fulfilment(request.id, run_id).start(connection)
    return lease, history_id


def end(engine: Engine, request: Request, lease: Lease, *statuses: str, run_id: str = "run-1") -> None:
    """The end of that run, its history rows closed with these statuses."""
    lease.stop()
    with engine.begin() as connection:
        connection.execute(
            update(sync_history).where(sync_history.c.dagster_run_id == run_id).values(status=statuses[0])
        )
        for status in statuses[1:]:
            row = {"credential_id": request.credential_id, "sync_type": "players", "sync_direction": "import"}
            told = "it broke" if status == "failed" else None
            moment = text("timezone('utc', now())")
            connection.execute(
                insert(sync_history).values(
                    **row, status=status, started_at=moment, dagster_run_id=run_id, error_message=told
                )
            )
        Fulfilment(request.id, run_id).end(connection, None, None)
        lease.release(connection)


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


@pytest.mark.parametrize("request_id", [0, -1, 99, 2**63, 2**80])
def test_an_unknown_request_is_said_to_be_one(engine: Engine, request_id: int) -> None:
    with pytest.raises(UnknownRequest):
        requests.get(engine, request_id)


def test_nobody_is_asked_where_no_orchestrator_ever_was(database: Database, settings: Settings) -> None:
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
    heartbeat.beat(engine, "another")
    ask(queue=True)


def test_orchestrators_silent_for_a_day_are_forgotten(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(insert(orchestrators).values(name="old", heartbeat_at=text("now() - interval '25 hours'")))
    heartbeat.beat(engine, "new")
    with engine.connect() as connection:
        assert "old" not in set(connection.scalars(text("SELECT name FROM twizzit_orchestrators")))


def test_a_season_is_asked_for_by_label_or_by_twizzits_id(engine: Engine, club: int, ask: Ask) -> None:
    listed = [Season("501", "2025-2026", date(2025, 7, 1), date(2026, 6, 30)), Season("502", "2026-2027", None, None)]
    with engine.begin() as connection:
        seasons.refresh(connection, club, listed)
    assert ask(season=" 2025-2026 ").season == "2025-2026"
    assert ask(season="502", queue=True).season == "2026-2027"
    with pytest.raises(UnknownSeason, match="lists no such season"):
        ask(season="2031-2032", queue=True)


def test_any_season_may_be_asked_for_where_none_is_known(ask: Ask) -> None:
    assert ask(season="2026-2027").season == "2026-2027"
    for label in ("", " ", "x" * 51):
        with pytest.raises(UnknownSeason):
            ask(season=label, queue=True)


def test_a_second_one_is_told_who_is_in_the_way(engine: Engine, ask: Ask) -> None:
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


def test_a_sync_that_nobody_asked_for_is_in_the_way_too(engine: Engine, add: Callable[..., int], ask: Ask) -> None:
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


def test_a_request_ends_as_its_history_does(engine: Engine, ask: Ask) -> None:
    for place, (statuses, wanted) in enumerate(
        [
            (("success", "success"), ("success", None)),
            (("success", "partial_success"), ("partial_success", None)),
            (("partial_success", "failed"), ("failed", "it broke")),
        ]
    ):
        request = ask()
        lease, history_id = begin(engine, request, f"run-{place}")
        started = requests.get(engine, request.id)
        assert (started.status, started.run_id, started.history_ids) == ("started", f"run-{place}", (history_id,))
        end(engine, request, lease, *statuses, run_id=f"run-{place}")
        over = requests.get(engine, request.id)
        assert (over.status, over.error) == wanted
        assert over.over
        assert len(over.history_ids) == 2
        assert over.started_at is not None
        assert over.requested_at <= over.started_at <= over.completed_at


def test_one_whose_process_died_is_ended_by_whoever_looks(engine: Engine, ask: Ask) -> None:
    request = ask()
    lease, history_id = begin(engine, request)
    lease.stop()
    assert requests.get(engine, request.id).status == "started", "silent, but not yet for a minute"
    with engine.begin() as connection:
        connection.execute(update(leases).values(heartbeat_at=text("now() - interval '61 seconds'")))
    began = time.monotonic()
    over = requests.wait(engine, request.id, 20)
    assert (over.status, over.error, over.history_ids) == ("failed", INTERRUPTED, (history_id,))
    assert time.monotonic() - began < 5
    assert ask().status == "queued"


def test_waiting_ends_with_the_request_or_with_the_time(engine: Engine, ask: Ask) -> None:
    request = ask()
    began = time.monotonic()
    assert not requests.wait(engine, request.id, 0.3).over
    assert 0.25 < time.monotonic() - began < 2
    lease, _ = begin(engine, request)
    later = threading.Timer(0.5, end, (engine, request, lease, "success"))
    later.start()
    began = time.monotonic()
    assert requests.wait(engine, request.id, 30).status == "success"
    assert time.monotonic() - began < 5
    later.join()


def test_waiting_no_time_looks_once(engine: Engine, ask: Ask) -> None:
    request = ask()
    assert requests.wait(engine, request.id, 0) == request


def waiting(engine: Engine) -> list[int]:
    """The requests that are not over, in the order in which they were asked for."""
    wanted = select(sync_requests.c.id).where(sync_requests.c.completed_at.is_(None))
    with engine.connect() as connection:
        return list(connection.scalars(wanted.order_by(sync_requests.c.requested_at, sync_requests.c.id)))


def in_line(engine: Engine, *busy: int) -> list[int]:
    """The requests whose turn has come."""
    line = turns.next_in_line(due.look(engine), day=seasons.today(), season_start="07-01", busy=busy)
    return [turn.asked.id for turn in line if turn.asked is not None]


def claim(engine: Engine, *request_ids: int) -> frozenset[int]:
    return claims.take(engine, request_ids, []).requests


def test_turns_are_taken_in_order_and_by_organization(engine: Engine, add: Callable[..., int], ask: Ask) -> None:
    other = add("Korfbal Leie")
    first, second, elsewhere = ask(), ask(queue=True), ask(other)

    assert in_line(engine) == [first.id, elsewhere.id]
    assert in_line(engine, other) == [first.id]
    assert claim(engine, first.id, elsewhere.id) == {first.id, elsewhere.id}
    assert in_line(engine) == [], "a request that is claimed keeps its credential busy"
    lease, _ = begin(engine, first)
    assert in_line(engine) == []
    end(engine, first, lease, "success")
    assert in_line(engine) == [second.id]


def test_two_credentials_of_one_organization_take_turns(engine: Engine, add: Callable[..., int], ask: Ask) -> None:
    one, other = add("KC Duinen"), add("Duinen again")
    for credential_id in (one, other):
        store.remember_organization(engine, credential_id, "10", "KC Duinen")
    first = ask(one)
    ask(other, queue=True)
    assert in_line(engine) == [first.id]
    assert in_line(engine, other) == []


def test_a_claim_is_one_orchestrators_for_a_minute(engine: Engine, ask: Ask) -> None:
    request = ask()
    with ThreadPoolExecutor(4) as pool:
        claimed = list(pool.map(lambda _: claim(engine, request.id), range(4)))
    assert sorted(map(len, claimed)) == [0, 0, 0, 1]
    with engine.begin() as connection:
        connection.execute(update(sync_requests).values(claimed_at=text("now() - interval '61 seconds'")))
    assert claim(engine, request.id) == {request.id}


def test_a_run_that_comes_too_early_puts_its_request_back(engine: Engine, ask: Ask) -> None:
    request = ask()
    claim(engine, request.id)
    with engine.begin() as connection:
        Fulfilment(request.id, "run-1").end(connection, SyncInProgress(), "Sync already in progress")
    back = requests.get(engine, request.id)
    assert (back.status, back.attempt, back.run_id, back.error) == ("queued", 2, None, None)
    assert not fail_unstarted(engine, request.id, attempt=1), "the run of the first attempt says nothing any more"
    assert in_line(engine) == [], "not at once: every try costs calls"


def test_a_run_leaves_a_request_alone_that_is_not_its_own(engine: Engine, ask: Ask) -> None:
    request = ask()
    lease, _ = begin(engine, request)
    with engine.begin() as connection:
        other = Fulfilment(request.id, "run-of-a-copy")
        other.start(connection)
        other.end(connection, None, None)
        other.refuse(connection, "no")
        assert not other.move_to_season(connection, "2030-2031")
    assert (found := requests.get(engine, request.id)).status == "started"
    assert found.run_id == "run-1"
    end(engine, request, lease, "success")
    with engine.begin() as connection:
        Fulfilment(request.id, "run-1").end(connection, SyncInProgress(), "Sync already in progress")
    assert requests.get(engine, request.id).status == "success"


def test_a_request_that_never_began_fails_once(engine: Engine, ask: Ask) -> None:
    request = ask()
    assert fail_unstarted(engine, request.id, attempt=1)
    assert not fail_unstarted(engine, request.id, attempt=1, told="again")
    over = requests.get(engine, request.id)
    assert (over.status, over.error, over.started_at) == ("failed", "The run ended before the sync began", None)


def test_requests_go_with_their_credential(engine: Engine, club: int, ask: Ask) -> None:
    request = ask()
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM twizzit_credentials WHERE id = :id"), {"id": club})
    assert waiting(engine) == []
    with pytest.raises(UnknownRequest):
        requests.get(engine, request.id)
    settle(engine)
