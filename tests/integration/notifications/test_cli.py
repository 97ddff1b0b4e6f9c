"""`twizzit notifications` from a terminal."""

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from tests.support.receivers import Mailbox, WebhookReceiver, mail_server, webhook
from twizzit_pipeline.cli.commands.notifications import app
from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.runs import history
from twizzit_pipeline.runs.entity_counts import EntityCounts
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database

terminal = CliRunner()


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebhookReceiver]:
    """A webhook that the environment names."""
    with webhook() as listening:
        monkeypatch.setenv("TWIZZIT_NOTIFY_WEBHOOK_URL", listening.url)
        yield listening


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """A mail server that the environment names."""
    with mail_server() as listening:
        monkeypatch.setenv("TWIZZIT_SMTP_HOST", "localhost")
        monkeypatch.setenv("TWIZZIT_SMTP_PORT", str(listening.port))
        monkeypatch.setenv("TWIZZIT_SMTP_SECURITY", "none")
        monkeypatch.setenv("TWIZZIT_NOTIFY_EMAIL_FROM", "twizzit@club.example")
        monkeypatch.setenv("TWIZZIT_NOTIFY_EMAIL_TO", "admin@club.example")
        yield listening


@pytest.fixture
def engine(database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The database that the commands find in the environment, with a sync that failed."""
    monkeypatch.setenv("TWIZZIT_DATABASE_URL", database.url.get_secret_value())
    monkeypatch.setenv("TWIZZIT_HOME", str(settings.home))
    assert settings.encryption_key is not None
    credential_id = store.add(
        database.engine,
        settings.encryption_key,
        organization_name="KC Ons Huis",
        api_username="x",
        password=settings.encryption_key,
        api_endpoint="https://app.twizzit.com/v2/api",
    )
    with database.engine.begin() as connection:
        row = history.start(connection, credential_id=credential_id, entity="teams", run_id="run-1", season="2026-2027")
        history.fail(connection, row, EntityCounts(), "Twizzit does not accept the login")
    return database.engine


def test_each_channel_gets_a_test_message(receiver: WebhookReceiver, mailbox: Mailbox) -> None:
    done = terminal.invoke(app, ["test"])
    assert (done.exit_code, done.stdout) == (0, "webhook: delivered\nemail: delivered\n")
    assert receiver.texts[0].startswith("Twizzit: this is a test\n")
    assert [letter["Subject"] for letter in mailbox.letters] == ["Twizzit: this is a test"]


def test_a_test_that_does_not_arrive_says_why_and_the_others_arrive(
    receiver: WebhookReceiver, mailbox: Mailbox
) -> None:
    receiver.status = 404
    done = terminal.invoke(app, ["test"])
    assert done.exit_code == 1
    assert done.stdout == "email: delivered\n"
    assert done.stderr == (
        "webhook: not delivered: The webhook answered 404: is TWIZZIT_NOTIFY_WEBHOOK_URL still valid?\n"
    )
    assert len(mailbox.letters) == 1


@pytest.mark.parametrize("command", ["test", "send"])
def test_without_a_channel_it_says_what_to_set(command: str) -> None:
    done = terminal.invoke(app, [command])
    assert isinstance(done.exception, SettingsError)
    assert "TWIZZIT_NOTIFY_WEBHOOK_URL" in str(done.exception)


def test_a_round_by_hand_and_the_list(engine: Engine, receiver: WebhookReceiver) -> None:
    receiver.status = 500
    failed = terminal.invoke(app, ["send"])
    assert (failed.exit_code, failed.stdout) == (1, "webhook: 0 messages sent, 1 waiting\n")
    assert failed.stderr == "webhook: The webhook answered 500\n"
    listed = terminal.invoke(app, ["list"])
    assert "waiting" in listed.stdout
    assert "1: " not in listed.stdout.splitlines()[0]
    assert listed.stdout.splitlines()[-1].endswith(": The webhook answered 500")
    (row,) = json.loads(terminal.invoke(app, ["list", "--json"]).stdout)
    assert (row["kind"], row["state"], row["attempts"], row["credential_id"]) == ("failed", "waiting", 1, 1)
    assert row["body"]["error"] == "Twizzit does not accept the login"
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE twizzit_notifications SET next_attempt_at = now() WHERE kind = 'failed'")
    receiver.status = 200
    sent = terminal.invoke(app, ["send"])
    assert (sent.exit_code, sent.stdout) == (0, "webhook: 1 message sent, 0 waiting\n")
    assert "KC Ons Huis (credential 1)" in receiver.texts[0]
    assert "delivered" in terminal.invoke(app, ["list"]).stdout


def test_an_empty_list_says_whether_a_channel_is_configured(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Nothing yet. No channel for notifications is configured: set" in terminal.invoke(
        app, ["list"]
    ).stdout.replace("\n", " ")
    monkeypatch.setenv("TWIZZIT_NOTIFY_WEBHOOK_URL", "http://127.0.0.1:9/")
    assert terminal.invoke(app, ["list"]).stdout == "Nothing yet.\n"
    assert json.loads(terminal.invoke(app, ["list", "--json"]).stdout) == []
