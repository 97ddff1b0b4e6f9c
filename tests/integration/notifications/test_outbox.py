"""People are told what became of real syncs: from the history to a webhook and a mail server that listen."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tests.support.receivers import WebhookReceiver, mail_server, webhook
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.errors import ConfigurationRefused, TwizzitPipelineError
from twizzit_pipeline.notifications import choice, outbox
from twizzit_pipeline.notifications.channels import configured
from twizzit_pipeline.notifications.telling import Told, tell
from twizzit_pipeline.orchestration.sensors.notifications import notifications_sensor
from twizzit_pipeline.runs import history
from twizzit_pipeline.runs.history import Account
from twizzit_pipeline.scheduling import recipients
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.simulator.faults import FaultKind
from twizzit_pipeline.storage import audit, tables
from twizzit_pipeline.storage.engine import Database

HOUR = timedelta(hours=1)
_numbers = itertools.count(1)


@dataclass
class Telling:
    """A pipeline, and somebody who is told."""

    world: SyncWorld
    settings: Settings
    receiver: WebhookReceiver

    def tick(self, at: datetime | None = None) -> list[str]:
        """One round; the texts that the webhook got."""
        before = len(self.receiver.taken)
        self.round(at)
        return self.receiver.texts[before:]

    def round(self, at: datetime | None = None) -> Told:
        (told,) = tell(self.world.database.engine, configured(self.settings), at)
        return told

    def fails(self, credential_id: int, kind: FaultKind = "error_503", **changes: Any) -> None:
        """A sync that fails."""
        armed = self.world.simulator.faults.arm(kind, times=None)
        with pytest.raises(TwizzitPipelineError):
            self.world.sync(credential_id, **changes)
        assert armed.met
        self.world.simulator.faults.clear()

    def writes(self, credential_id: int, status: str, error: str | None = None, *, minutes_ago: float = 0) -> None:
        """A run of the teams that ended so, as its history has it."""
        engine = self.world.database.engine
        account = Account(failed={"doubtful_link": ("7",)} if status == "partial_success" else {})
        with engine.begin() as connection:
            run_id = f"written-{next(_numbers)}"
            row = history.start(
                connection, credential_id=credential_id, entity="teams", run_id=run_id, season=self.world.season
            )
            if status == "failed":
                history.fail(connection, row, account, error or "Twizzit answered 503")
            else:
                history.finish(connection, row, account)
            connection.execute(
                text("UPDATE twizzit_sync_history SET completed_at = completed_at - :ago WHERE id = :id"),
                {"ago": timedelta(minutes=minutes_ago), "id": row},
            )

    def rows(self) -> list[outbox.Notification]:
        return outbox.recent(self.world.database.engine)


@pytest.fixture
def telling(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> Iterator[Telling]:
    world = SyncWorld(
        quick(settings, retry_attempts=1), database, simulate(clubs=1, teams=2, players_per_team=3, other_contacts=0)
    )
    with webhook() as receiver:
        told = settings.model_copy(update={"notify_webhook_url": SecretStr(receiver.url)})
        yield Telling(world, told, receiver)


def test_a_failure_and_its_recovery_are_told_once_each(telling: Telling) -> None:
    credential_id = telling.world.add_credential()
    telling.fails(credential_id)
    (failed,) = telling.tick()
    first = history.recent(telling.world.database.engine, credential_id)[-1]
    assert f"sync failed: {telling.world.club().name} (credential {credential_id})" in failed
    assert first.error_message is not None
    assert f"{telling.world.season}, teams: {first.error_message}" in failed
    assert failed.endswith(f"What helps: twizzit credentials verify {credential_id} (row {first.id} of its history)")
    telling.fails(credential_id)
    assert telling.tick() == []
    telling.world.sync(credential_id)
    (back,) = telling.tick()
    assert "successfully at" in back or "with a partial success at" in back
    assert ", after failing since " in back
    assert "Failed at" not in back
    telling.world.sync(credential_id)
    assert telling.tick() == []
    assert [row.state for row in telling.rows()] == ["delivered"] * len(telling.rows())


def test_a_partial_success_is_told_once_for_a_streak_and_names_nobody(
    settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]
) -> None:
    simulator = simulate(clubs=1, teams=3, players_per_team=9)
    world = SyncWorld(quick(settings), database, simulator)
    credential_id = world.add_credential()
    with webhook() as receiver:
        telling = Telling(world, settings.model_copy(update={"notify_webhook_url": SecretStr(receiver.url)}), receiver)
        synced = world.sync(credential_id)
        assert {row.status for row in synced.history.values()} >= {"partial_success"}
        (partial,) = telling.tick()
        world.sync(credential_id)
        assert telling.tick() == []
    assert "partial success" in partial
    assert f"twizzit history {credential_id}" in partial
    with database.engine.connect() as connection:
        names = set(connection.scalars(text("SELECT last_name FROM players")))
        stored = connection.scalar(text("SELECT string_agg(body::text, '') FROM twizzit_notifications"))
    assert len(names) > 5
    assert [name for name in names if name in f"{partial}{stored}"] == []


def test_a_sync_that_was_killed_is_told_and_one_that_was_stopped_is_not(telling: Telling) -> None:
    world = telling.world
    credential_id = world.add_credential()
    with suppress(KeyboardInterrupt), world.session(credential_id) as session, session.recording("teams"):
        raise KeyboardInterrupt
    assert telling.tick() == []
    session = world.session(credential_id)
    with session.recording("teams"):
        pass
    assert session._lease is not None
    session._lease.stop()  # as a process that hangs, or one of another machine that ended
    assert telling.tick() == []  # it may go on yet
    with world.connected() as connection:
        connection.execute("UPDATE twizzit_leases SET heartbeat_at = now() - interval '2 minutes'")
        (told,) = telling.tick()
    assert "interrupted: the process ended before the sync did" in told


def test_a_run_that_is_not_over_is_waited_for(telling: Telling) -> None:
    world = telling.world
    credential_id = world.add_credential()
    with suppress(TwizzitPipelineError), world.session(credential_id) as session:
        world.simulator.faults.arm("not_found", times=None)
        with suppress(TwizzitPipelineError), session.recording("teams"):
            session.listed_season()
        assert history.for_run(world.database.engine, session.run_id)[0].status == "failed"
        assert telling.tick() == []
    assert len(telling.tick()) == 1


def test_an_old_history_is_not_told_but_for_its_last_hour(telling: Telling) -> None:
    old, recent = telling.world.add_credential(), telling.world.add_credential(organization_name="Another")
    for minutes in range(60, 6000, 600):
        telling.writes(old, "failed", minutes_ago=minutes + 5)
    telling.writes(recent, "failed", minutes_ago=30)
    (told,) = telling.tick()
    assert "Another" in told
    assert [row.credential_id for row in telling.rows()] == [recent]
    telling.writes(old, "failed")
    assert len(telling.tick()) == 1


def test_a_channel_that_comes_later_is_told_what_is_new(telling: Telling) -> None:
    credential_id = telling.world.add_credential()
    telling.writes(credential_id, "failed", minutes_ago=90)
    telling.tick(datetime.now(UTC) - timedelta(minutes=80))
    assert len(telling.receiver.taken) == 1
    with mail_server() as mailbox:
        both = telling.settings.model_copy(
            update={
                "smtp_host": "127.0.0.1",
                "smtp_port": mailbox.port,
                "smtp_security": "none",
                "notify_email_from": "twizzit@club.example",
                "notify_email_to": "admin@club.example",
            }
        )
        tell(telling.world.database.engine, configured(both))
        assert mailbox.letters == []
        telling.writes(credential_id, "failed", "Twizzit does not accept the login")
        rounds = tell(telling.world.database.engine, configured(both))
    assert [(one.channel, one.messages) for one in rounds] == [("webhook", 1), ("email", 1)]
    (letter,) = mailbox.letters
    assert "does not accept the login" in letter.get_content()
    assert len(telling.receiver.taken) == 2


def test_a_dead_receiver_delays_and_loses_nothing(telling: Telling) -> None:
    credential_id = telling.world.add_credential()
    telling.receiver.status = 503
    now = datetime.now(UTC)
    telling.writes(credential_id, "failed")
    assert telling.round(now + timedelta(seconds=5)) == Told("webhook", 1, 0, 1, 0, "The webhook answered 503")
    telling.writes(credential_id, "success")
    assert telling.round(now + timedelta(seconds=20)) == Told("webhook", 1, 0, 2, 0, None)  # not before its turn
    assert telling.receiver.asked == 1
    assert telling.round(now + timedelta(seconds=70)).trouble is not None
    telling.receiver.status = 200
    assert telling.round(now + timedelta(seconds=80)).messages == 0
    (told,) = telling.tick(now + timedelta(seconds=200))
    assert told.index("• Failed at") < told.index("• Synced")
    assert [(row.state, row.attempts, row.error) for row in telling.rows()] == [
        ("delivered", 2, None),
        ("delivered", 3, None),
    ]
    assert telling.tick(now + HOUR) == []


def test_what_nobody_takes_for_a_day_is_given_up_and_said_so(telling: Telling) -> None:
    credential_id = telling.world.add_credential()
    telling.receiver.status = 500
    then = datetime.now(UTC) - timedelta(hours=25)
    telling.writes(credential_id, "failed", minutes_ago=25 * 60 + 1)
    telling.tick(then)
    assert telling.round().given_up == 1
    assert telling.round().given_up == 0
    (row,) = telling.rows()
    assert row.state == "given up"
    assert row.error == "given up after a day and 1 tries: The webhook answered 500"
    telling.receiver.status = 200
    assert telling.tick() == []


def test_a_process_that_dies_while_it_sends_leaves_the_message_to_another(telling: Telling) -> None:
    engine = telling.world.database.engine
    telling.writes(telling.world.add_credential(), "failed")
    now = datetime.now(UTC) + timedelta(seconds=5)
    telling.receiver.status = 503
    telling.tick(now)
    telling.receiver.status = 200
    assert len(outbox.claim(engine, "webhook", now + HOUR)) == 1  # and dies
    assert telling.tick(now + HOUR) == []
    assert len(telling.tick(now + HOUR + timedelta(minutes=5))) == 1


def test_many_rounds_at_once_send_each_message_once(telling: Telling) -> None:
    for place in range(4):
        telling.writes(telling.world.add_credential(organization_name=f"Club {place}"), "failed")
    telling.receiver.seconds = 0.1
    barrier = threading.Barrier(4)

    def together() -> None:
        barrier.wait()
        telling.round()

    rounds = [threading.Thread(target=together) for _ in range(4)]
    for one in rounds:
        one.start()
    for one in rounds:
        one.join()
    telling.round()
    assert sorted(said.split("\n")[0] for said in telling.receiver.texts) == [
        f"Twizzit: sync failed: Club {place} (credential {place + 1})" for place in range(4)
    ]


def test_many_credentials_at_once_are_one_message(telling: Telling) -> None:
    for place in range(12):
        telling.writes(telling.world.add_credential(organization_name=f"Club {place}"), "failed")
    (told,) = telling.tick()
    assert told.startswith("Twizzit: news of 12 credentials: 12 × sync failed\n")
    assert told.endswith("… and 2 more: twizzit notifications list")
    assert telling.tick() == []


def test_a_flood_is_told_together(telling: Telling) -> None:
    ids = [telling.world.add_credential(organization_name=f"Club {place}") for place in range(4)]
    at = datetime.now(UTC)
    for number in range(16):
        telling.writes(ids[number % 4], "failed", f"error {'x' * number}")
        telling.round(at + timedelta(seconds=number + 1))
    assert len(telling.receiver.taken) == choice.MOST_MESSAGES
    assert telling.round(at + timedelta(minutes=5)).waiting == 6
    later = telling.tick(at + timedelta(minutes=11))
    assert len(later) == 4  # one for each credential
    assert sum(said.count("• Failed at") for said in telling.receiver.texts) == 16


def test_a_failure_among_forty_clubs_never_waits_behind_partial_successes(telling: Telling) -> None:
    """Forty first syncs, one after the other; most leave something out, and one login is refused in the middle."""
    ids = [telling.world.add_credential(organization_name=f"Club {place}") for place in range(40)]
    refused = "Twizzit does not accept the username and password (401): check the credential"
    begun = datetime.now(UTC)
    with telling.world.connected() as connection:  # somebody syncs all the while
        connection.execute(
            "INSERT INTO twizzit_leases (organization, token, credential_id, dagster_run_id, holder, acquired_at,"
            " heartbeat_at) VALUES ('x', gen_random_uuid(), %s, 'under way', 'elsewhere|1', now() + interval '1 hour',"
            " now() + interval '1 hour')",
            [ids[-1]],
        )
    for place, credential_id in enumerate(ids):
        failed = place == 17
        telling.writes(credential_id, *(("failed", refused) if failed else ("partial_success",)))
        told = telling.tick(begun + timedelta(seconds=15 * (place + 1)))
        assert len(told) == failed, place
        if failed:
            assert f"sync failed: Club 17 (credential {credential_id})" in told[0]
            assert f"twizzit credentials change-password {credential_id}" in told[0]
            assert "artial" not in told[0]
    with telling.world.connected() as connection:
        connection.execute("DELETE FROM twizzit_leases")
    (digest,) = telling.tick(begun + timedelta(minutes=10, seconds=1))
    assert digest.startswith("Twizzit: news of 39 credentials: 39 × partial success\n")
    assert all(f"(credential {one}): " in digest for one in ids if one != ids[17])
    # Another hour's are told in another hour.
    late_comer = telling.world.add_credential(organization_name="Club 40")
    telling.writes(late_comer, "partial_success")
    assert telling.tick(begun + timedelta(minutes=30)) == []
    (next_one,) = telling.tick(begun + timedelta(minutes=71))
    assert f"Club 40 (credential {late_comer})" in next_one


def test_a_club_is_told_of_itself_besides_the_operator(telling: Telling) -> None:
    one, other = (telling.world.add_credential(organization_name=f"Club {place}") for place in range(2))
    engine = telling.world.database.engine
    recipients.change(engine, one, ["board@noord.example", " trainer@noord.example"], actor=audit.this_user())
    with mail_server() as mailbox:
        channels = configured(
            telling.settings.model_copy(
                update={
                    "smtp_host": "localhost",
                    "smtp_port": mailbox.port,
                    "smtp_security": "none",
                    "notify_email_from": "twizzit@pipeline.example",
                    "notify_email_to": "operator@pipeline.example",
                }
            )
        )
        tell(engine, channels)
        telling.writes(one, "failed", "Twizzit does not accept the login")
        telling.writes(other, "failed", "Twizzit does not accept the login")
        told = tell(engine, channels)
        assert [(each.channel, each.messages) for each in told] == [("webhook", 2), ("email", 2), ("club_email", 1)]
        tell(engine, channels)
        letters = [(letter["To"], letter["Subject"]) for letter in mailbox.letters]
        own = f"Twizzit: sync failed: Club 0 (credential {one})"
        assert sorted(letters) == [
            ("board@noord.example, trainer@noord.example", own),
            ("operator@pipeline.example", own),
            ("operator@pipeline.example", f"Twizzit: sync failed: Club 1 (credential {other})"),
        ]
        recipients.change(engine, one, [], actor=audit.this_user())
        assert [each.channel for each in tell(engine, channels)] == ["webhook", "email"]
    with engine.connect() as connection:
        said = connection.scalars(text("SELECT details::text FROM twizzit_audit_log WHERE target = 'config'")).all()
    assert [entry for entry in said if "@" in entry] == []


@pytest.mark.parametrize(
    "wrong", ["nobody", "a b@x.example", "Board <b@x.example>", "a@x\r\nBcc: c@y.example", "a@b@c"]
)
def test_what_is_no_address_is_refused(telling: Telling, wrong: str) -> None:
    credential_id = telling.world.add_credential()
    with pytest.raises(ConfigurationRefused, match="number 2 of the list is no e-mail address"):
        recipients.change(telling.world.database.engine, credential_id, ["a@x.example", wrong], actor=audit.this_user())
    assert recipients.read(telling.world.database.engine, credential_id) == ()


def test_lateness_is_told_and_over_with_the_next_success(telling: Telling) -> None:
    world = telling.world
    credential_id = world.add_credential()
    with world.connected() as connection:
        connection.execute(
            "INSERT INTO twizzit_sync_config (credential_id, auto_sync_enabled, sync_interval_minutes, created_at,"
            " updated_at) VALUES (%s, true, 5, now() - interval '1 day', now() - interval '1 day')",
            [credential_id],
        )
        connection.execute("UPDATE twizzit_credentials SET updated_at = now() - interval '1 day'")
    began = datetime.now(UTC) - timedelta(minutes=20)
    assert telling.tick(began) == []  # the pipeline may have been down: it gets ten minutes to catch up
    (late,) = telling.tick(began + timedelta(minutes=11))
    assert "sync is late" in late
    assert "does the orchestrator run?" in late
    assert telling.tick(began + timedelta(minutes=12)) == []
    world.sync(credential_id)
    (back,) = telling.tick()
    assert "after being late since" in back


def test_a_budget_is_told_at_80_percent_and_at_its_end_once_a_month(telling: Telling) -> None:
    world = telling.world
    credential_id = world.add_credential()
    at = datetime(2026, 11, 3, 12, tzinfo=UTC)
    with world.connected() as connection:
        connection.execute(
            "INSERT INTO twizzit_sync_config (credential_id, monthly_call_limit) VALUES (%s, 1000)", [credential_id]
        )
        connection.execute(
            "INSERT INTO twizzit_api_usage (credential_id, month, calls) VALUES (%s, '2026-11-01', 799)",
            [credential_id],
        )
        assert telling.tick(at) == []
        connection.execute("UPDATE twizzit_api_usage SET calls = 800")
        (nearly,) = telling.tick(at)
        assert "800 of 1,000 calls to Twizzit were made in 2026-11" in nearly
        assert telling.tick(at + HOUR) == []
        connection.execute(
            "UPDATE twizzit_sync_config SET paused_until = '2026-12-01', paused_because = 'Too little is left'"
        )
        (spent,) = telling.tick(at + 2 * HOUR)
        assert "Too little is left. Automatic syncs pause until 2026-12-01 00:00 UTC." in spent
        assert telling.tick(at + 3 * HOUR) == []
        connection.execute("UPDATE twizzit_credentials SET is_active = false")
        connection.execute(
            "INSERT INTO twizzit_api_usage SELECT credential_id, '2026-12-01', 900 FROM twizzit_api_usage"
        )
        december = datetime(2026, 12, 4, tzinfo=UTC)
        assert telling.tick(december) == []
        connection.execute("UPDATE twizzit_credentials SET is_active = true")
        assert len(telling.tick(december + HOUR)) == 1


def test_a_credential_that_is_deleted_takes_its_news_along(telling: Telling) -> None:
    credential_id = telling.world.add_credential()
    telling.receiver.status = 500
    telling.writes(credential_id, "failed")
    now = datetime.now(UTC) + timedelta(seconds=5)
    telling.tick(now)
    with telling.world.connected() as connection:
        connection.execute("DELETE FROM twizzit_credentials")
    telling.receiver.status = 200
    assert telling.tick(now + HOUR) == []


def test_the_sensor_tells_and_says_what_it_did(telling: Telling) -> None:
    telling.writes(telling.world.add_credential(), "failed")
    sensor = notifications_sensor(telling.settings)
    with dg.DagsterInstance.ephemeral() as instance:
        said = [sensor(dg.build_sensor_context(instance=instance)) for _ in range(2)]
    messages = [one.skip_message for one in said if isinstance(one, dg.SkipReason)]
    assert messages == ["webhook: 1 message sent", "webhook: 0 messages sent"]
    assert len(telling.receiver.taken) == 1


def test_without_a_channel_the_sensor_does_nothing(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"database_url": SecretStr("postgresql://127.0.0.1:1/nowhere")})
    with dg.DagsterInstance.ephemeral() as instance:
        said = notifications_sensor(nowhere)(dg.build_sensor_context(instance=instance))
    assert isinstance(said, dg.SkipReason)
    assert said.skip_message == (
        "Nobody is to be told: set TWIZZIT_NOTIFY_WEBHOOK_URL, or TWIZZIT_SMTP_HOST and the addresses"
    )


def test_the_tables_are_left_alone_by_rounds_without_news(telling: Telling) -> None:
    telling.world.add_credential()
    telling.tick()
    before = telling.world.dump([tables.sync_history, tables.sync_config, tables.leases, tables.credentials])
    telling.tick()
    assert telling.world.dump([tables.sync_history, tables.sync_config, tables.leases, tables.credentials]) == before
    assert telling.rows() == []
