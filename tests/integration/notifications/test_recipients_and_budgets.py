"""Notifications about lateness, call budgets and recipients, and the sensor that sends them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tests.support.notifying import HOUR, Notifying, notifying_club
from tests.support.receivers import mail_server
from twizzit_pipeline.errors import ConfigurationRefused
from twizzit_pipeline.notifications.channels import configured
from twizzit_pipeline.notifications.rounds import notify
from twizzit_pipeline.orchestration.sensors.notifications import notifications_sensor
from twizzit_pipeline.scheduling import recipients
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import audit, tables
from twizzit_pipeline.storage.engine import Database


@pytest.fixture
def notifying(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> Iterator[Notifying]:
    with notifying_club(settings, database, simulate) as found:
        yield found


def test_a_club_is_notified_of_itself_besides_the_operator(notifying: Notifying) -> None:
    one, other = (notifying.world.add_credential(organization_name=f"Club {place}") for place in range(2))
    engine = notifying.world.database.engine
    recipients.change(engine, one, ["board@noord.example", " trainer@noord.example"], actor=audit.this_user())
    with mail_server() as mailbox:
        channels = configured(
            notifying.settings.model_copy(
                update={
                    "smtp_host": "localhost",
                    "smtp_port": mailbox.port,
                    "smtp_security": "none",
                    "notify_email_from": "twizzit@pipeline.example",
                    "notify_email_to": "operator@pipeline.example",
                }
            )
        )
        notify(engine, channels)
        notifying.writes(one, "failed", "Twizzit does not accept the login")
        notifying.writes(other, "failed", "Twizzit does not accept the login")
        results = notify(engine, channels)
        assert [(each.channel, each.messages) for each in results] == [("webhook", 2), ("email", 2), ("club_email", 1)]
        notify(engine, channels)
        letters = [(letter["To"], letter["Subject"]) for letter in mailbox.letters]
        own = f"Twizzit: sync failed: Club 0 (credential {one})"
        assert sorted(letters) == [
            ("board@noord.example, trainer@noord.example", own),
            ("operator@pipeline.example", own),
            ("operator@pipeline.example", f"Twizzit: sync failed: Club 1 (credential {other})"),
        ]
        recipients.change(engine, one, [], actor=audit.this_user())
        assert [each.channel for each in notify(engine, channels)] == ["webhook", "email"]
    with engine.connect() as connection:
        said = connection.scalars(text("SELECT details::text FROM twizzit_audit_log WHERE target = 'config'")).all()
    assert [entry for entry in said if "@" in entry] == []


@pytest.mark.parametrize(
    "wrong", ["nowhere", "a b@x.example", "Board <b@x.example>", "a@x\r\nBcc: c@y.example", "a@b@c"]
)
def test_what_is_no_address_is_refused(notifying: Notifying, wrong: str) -> None:
    credential_id = notifying.world.add_credential()
    with pytest.raises(ConfigurationRefused, match="number 2 of the list is no e-mail address"):
        recipients.change(
            notifying.world.database.engine, credential_id, ["a@x.example", wrong], actor=audit.this_user()
        )
    assert recipients.read(notifying.world.database.engine, credential_id) == ()


def test_lateness_is_notified_and_over_with_the_next_success(notifying: Notifying) -> None:
    world = notifying.world
    credential_id = world.add_credential()
    with world.connected() as connection:
        connection.execute(
            "INSERT INTO twizzit_sync_config (credential_id, auto_sync_enabled, sync_interval_minutes, created_at,"
            " updated_at) VALUES (%s, true, 5, now() - interval '1 day', now() - interval '1 day')",
            [credential_id],
        )
        connection.execute("UPDATE twizzit_credentials SET updated_at = now() - interval '1 day'")
    began = datetime.now(UTC) - timedelta(minutes=20)
    assert notifying.tick(began) == []  # the pipeline may have been down: it gets ten minutes to catch up
    (late,) = notifying.tick(began + timedelta(minutes=11))
    assert "sync is late" in late
    assert "is the orchestrator running?" in late
    assert notifying.tick(began + timedelta(minutes=12)) == []
    world.sync(credential_id)
    (back,) = notifying.tick()
    assert "after being late since" in back


def test_a_call_budget_is_notified_at_80_percent_and_at_its_end_once_a_month(notifying: Notifying) -> None:
    world = notifying.world
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
        assert notifying.tick(at) == []
        connection.execute("UPDATE twizzit_api_usage SET calls = 800")
        (nearly,) = notifying.tick(at)
        assert "800 of 1,000 calls to Twizzit were made in 2026-11" in nearly
        assert notifying.tick(at + HOUR) == []
        connection.execute(
            "UPDATE twizzit_sync_config SET paused_until = '2026-12-01', paused_because = 'Too little is left'"
        )
        (spent,) = notifying.tick(at + 2 * HOUR)
        assert "Too little is left. Automatic syncs pause until 2026-12-01 00:00 UTC." in spent
        assert notifying.tick(at + 3 * HOUR) == []
        connection.execute("UPDATE twizzit_credentials SET is_active = false")
        connection.execute(
            "INSERT INTO twizzit_api_usage SELECT credential_id, '2026-12-01', 900 FROM twizzit_api_usage"
        )
        december = datetime(2026, 12, 4, tzinfo=UTC)
        assert notifying.tick(december) == []
        connection.execute("UPDATE twizzit_credentials SET is_active = true")
        assert len(notifying.tick(december + HOUR)) == 1


def test_a_credential_that_is_deleted_takes_its_news_along(notifying: Notifying) -> None:
    credential_id = notifying.world.add_credential()
    notifying.receiver.status = 500
    notifying.writes(credential_id, "failed")
    now = datetime.now(UTC) + timedelta(seconds=5)
    notifying.tick(now)
    with notifying.world.connected() as connection:
        connection.execute("DELETE FROM twizzit_credentials")
    notifying.receiver.status = 200
    assert notifying.tick(now + HOUR) == []


def test_the_sensor_notifies_and_says_what_it_did(notifying: Notifying) -> None:
    notifying.writes(notifying.world.add_credential(), "failed")
    sensor = notifications_sensor(notifying.settings)
    with dg.DagsterInstance.ephemeral() as instance:
        said = [sensor(dg.build_sensor_context(instance=instance)) for _ in range(2)]
    messages = [one.skip_message for one in said if isinstance(one, dg.SkipReason)]
    assert messages == ["webhook: 1 message sent", "webhook: 0 messages sent"]
    assert len(notifying.receiver.taken) == 1


def test_without_a_channel_the_sensor_does_nothing(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"database_url": SecretStr("postgresql://127.0.0.1:1/nowhere")})
    with dg.DagsterInstance.ephemeral() as instance:
        said = notifications_sensor(nowhere)(dg.build_sensor_context(instance=instance))
    assert isinstance(said, dg.SkipReason)
    assert said.skip_message == (
        "No channel for notifications is configured: set TWIZZIT_NOTIFY_WEBHOOK_URL, TWIZZIT_NOTIFY_URLS, or "
        "TWIZZIT_SMTP_HOST and the addresses"
    )


def test_the_tables_are_left_alone_by_rounds_without_news(notifying: Notifying) -> None:
    notifying.world.add_credential()
    notifying.tick()
    before = notifying.world.dump([tables.sync_history, tables.sync_config, tables.leases, tables.credentials])
    notifying.tick()
    assert notifying.world.dump([tables.sync_history, tables.sync_config, tables.leases, tables.credentials]) == before
    assert notifying.rows() == []
