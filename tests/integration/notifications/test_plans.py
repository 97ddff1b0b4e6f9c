"""A plan that an automatic sync stopped at: one notification for the same content, with the command that helps."""

from typing import Any

from sqlalchemy import Engine, insert, update

from twizzit_pipeline.notifications import messages, outbox, rounds
from twizzit_pipeline.queries import overview
from twizzit_pipeline.runs import plans
from twizzit_pipeline.runs.plans import NewPlan, StoredPlan
from twizzit_pipeline.scheduling import discarding
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.storage.engine import Database


def credential(engine: Engine) -> int:
    row: dict[str, Any] = {
        "organization_name": "KC Duinen",
        "api_username": "kc",
        "encrypted_password": "00",
        "encryption_iv": "00",
        "api_endpoint": "https://app.twizzit.com/v2/api",
    }
    with engine.begin() as connection:
        made = connection.execute(insert(tables.credentials).values(row).returning(tables.credentials.c.id))
        return int(made.scalar_one())


def stopped(engine: Engine, credential_id: int, digest: str, reason: plans.Reason = "review") -> StoredPlan:
    plan = NewPlan(credential_id, "2026-2027", reason, 12, {"changes": 3}, {"entities": []}, digest, None, "run-1")
    with engine.begin() as connection:
        return plans.store(connection, plan)


def waiting(engine: Engine) -> list[str]:
    rounds.look(engine, "webhook")
    facts = outbox.claim(engine, "webhook")
    outbox.delivered(engine, facts, None)
    return list(messages.compose(facts).lines) if facts else []


def test_a_plan_that_waits_is_notified_once_for_the_same_content(database: Database) -> None:
    engine = database.engine
    credential_id = credential(engine)
    first = stopped(engine, credential_id, "a")
    (subject, line) = waiting(engine)
    assert subject == f"Twizzit: a plan waits: KC Duinen (credential {credential_id})"
    assert "3 changes wait for a person" in line
    assert f"twizzit sync {credential_id} --apply {first.id}" in line
    assert stopped(engine, credential_id, "a").id == first.id
    assert waiting(engine) == []
    second = stopped(engine, credential_id, "b")
    assert f"--apply {second.id}" in waiting(engine)[1]
    discarding.discard(engine, second.id, actor=this_user())
    assert waiting(engine) == []


def test_the_status_says_that_it_waits_and_what_to_do(database: Database) -> None:
    engine = database.engine
    credential_id = credential(engine)
    plan = stopped(engine, credential_id, "a")
    (one,) = overview.read(engine, season_start="07-01").credentials
    assert one.plan == plan
    assert one.needs_attention
    assert one.why.startswith("a plan waits: 3 changes")
    assert f"twizzit sync {credential_id} --apply {plan.id}" in one.what_to_do
    with engine.begin() as connection:
        connection.execute(update(tables.plans).values(status="applied"))
    (one,) = overview.read(engine, season_start="07-01").credentials
    assert (one.plan, one.needs_attention) == (None, False)
