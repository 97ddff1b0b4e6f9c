"""Many who ask for the same sync wait for one: each sync costs calls."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from tests.support.carried_out import COACH, Ask, begin, end, waiting
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.scheduling import claims, requests
from twizzit_pipeline.scheduling.wishes import RequestOptions
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.twizzit.records import Season

OTHER = Actor("token", "13", "coach")


def test_of_120_at_once_from_two_processes_one_waits(
    engine: Engine, settings: Settings, database: Database, club: int
) -> None:
    """Each process has a pool of its own, as two APIs on one database have."""
    gate = threading.Barrier(8)
    second = settings.model_copy(update={"database_url": database.url})

    with open_database(second) as elsewhere, ThreadPoolExecutor(8) as pool:
        engines = (engine, elsewhere.engine)

        def asked(place: int) -> list[requests.Answer]:
            gate.wait()
            return [
                requests.ask(engines[place % 2], club, sync_type="teams", actor=COACH, queue=True) for _ in range(15)
            ]

        answers = [answer for found in pool.map(asked, range(8)) for answer in found]
    assert len(answers) == 120
    assert {answer.request.id for answer in answers} == set(waiting(engine))
    assert len(waiting(engine)) == 1
    assert sum(not answer.already_queued for answer in answers) == 1
    assert audit.count(engine) == 2, "the credential, and one question"


def test_what_is_narrower_joins_and_what_is_wider_waits_behind(engine: Engine, ask: Ask) -> None:
    with_players = RequestOptions(include_players=True)
    teams = ask(sync_type="teams", options=RequestOptions(group_id="77"))
    wider = ask(sync_type="teams", options=with_players, queue=True)
    assert waiting(engine) == [teams.id, wider.id]
    assert ask(sync_type="players", queue=True).id == wider.id
    assert ask(sync_type="players", options=RequestOptions(group_id="5"), queue=True).id == wider.id
    assert ask(sync_type="teams", options=RequestOptions(group_id="77"), queue=True).id == teams.id
    calendar = ask(sync_type="competitions", queue=True)
    assert waiting(engine) == [teams.id, wider.id, calendar.id]


def test_each_credential_and_each_season_waits_by_itself(engine: Engine, add: Callable[..., int], ask: Ask) -> None:
    other = add("Korfbal Leie")
    found = {ask(queue=True).id, ask(other, queue=True).id, ask(season="2025-2026", queue=True).id}
    assert len(found) == 3
    assert ask(season="2025/2026", queue=True).id in found


def test_the_running_season_waits_once_however_it_is_named(engine: Engine, club: int, ask: Ask) -> None:
    today = seasons.today()
    running = Season("501", "2026-2027", today - timedelta(days=30), today + timedelta(days=30))
    past = Season("500", "2025-2026", date(2025, 7, 1), date(2026, 6, 30))
    with engine.begin() as connection:
        seasons.refresh(connection, club, [running, past])
    assert {ask(queue=True).id, ask(season="501", queue=True).id, ask(season="26/27", queue=True).id} == {1}
    assert ask(season="500", queue=True).id == 2


def test_on_the_last_day_of_a_season_its_name_is_not_the_running_one(engine: Engine, club: int, ask: Ask) -> None:
    """The sync may begin after midnight, and the running season is another one then."""
    today = seasons.today()
    ending = Season("500", "2025-2026", today - timedelta(days=300), today)
    coming = Season("501", "2026-2027", today + timedelta(days=1), today + timedelta(days=300))
    with engine.begin() as connection:
        seasons.refresh(connection, club, [ending, coming])
    assert ask(queue=True).id != ask(season="500", queue=True).id


def test_behind_one_that_has_begun_one_more_waits_and_no_third(engine: Engine, ask: Ask) -> None:
    first = ask()
    lease, _ = begin(engine, first)
    second = ask(queue=True)
    assert second.id != first.id, "the first may have read already what changed since"
    assert {ask(queue=True).id for _ in range(20)} == {second.id}
    end(engine, first, lease, "success")
    assert ask(queue=True).id == second.id
    assert waiting(engine) == [second.id]


def test_one_that_a_run_was_made_for_but_that_has_not_begun_is_joined(engine: Engine, ask: Ask) -> None:
    first = ask()
    assert claims.take(engine, [first.id], []).requests == {first.id}
    assert ask(queue=True).id == first.id


def test_a_person_who_joins_is_remembered_once(engine: Engine, ask: Ask) -> None:
    first = ask()
    for actor in (OTHER, COACH, OTHER):
        assert ask(actor=actor, queue=True).id == first.id
    assert requests.get(engine, first.id).askers == ("token:12", "token:13")
    rows = [row for row in audit.recent(engine) if row.target == "sync"]
    assert [row.actor for row in rows] == [OTHER, COACH]
    assert rows[0].details["already_queued"] is True
    assert rows[0].target_id == str(first.id)


@pytest.mark.parametrize("trigger", ["request", "webhook"])
def test_it_does_not_matter_where_it_was_asked(engine: Engine, ask: Ask, trigger: str) -> None:
    first = ask()
    assert ask(trigger=trigger, queue=True).id == first.id
