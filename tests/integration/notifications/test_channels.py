"""The two channels against receivers that really listen: what arrives, and what is reported when nothing does."""

import logging
import socket
import ssl
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.support.receivers import PATH, certificate, mail_server, webhook
from twizzit_pipeline.errors import ReceiverFailed, SettingsError
from twizzit_pipeline.notifications.channels import Channel, configured
from twizzit_pipeline.notifications.messages import Message
from twizzit_pipeline.notifications.rounds import within
from twizzit_pipeline.settings import load_settings

MESSAGE = Message(
    "Twizzit: sync failed: Kørfbal (credential 3)", ("The first line — ü", "• The second"), "failed:3:7.1"
)


def channel(**settings: Any) -> Channel:
    """The one channel of these settings."""
    (made,) = configured(load_settings(_env_file=None, **settings))
    return made


def email(port: int, **changes: Any) -> Channel:
    settings = {
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_security": "none",
        "notify_email_from": "twizzit@club.example",
        "notify_email_to": "admin@club.example, board@club.example",
    }
    return channel(**{**settings, **changes})


def test_a_webhook_gets_slacks_json() -> None:
    with webhook() as receiver:
        assert channel(notify_webhook_url=SecretStr(receiver.url)).send(MESSAGE) is None
    assert receiver.taken == [{"text": "The first line — ü\n• The second"}]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (302, "The webhook answered 302: it is somewhere else now"),
        (404, "The webhook answered 404: is TWIZZIT_NOTIFY_WEBHOOK_URL still valid?"),
        (429, "The webhook answered 429"),
        (500, "The webhook answered 500"),
    ],
)
def test_any_other_answer_of_a_webhook_is_a_failure_and_no_redirect_is_followed(status: int, said: str) -> None:
    with webhook() as receiver:
        receiver.status = status
        with pytest.raises(ReceiverFailed) as caught:
            channel(notify_webhook_url=SecretStr(receiver.url)).send(MESSAGE)
    assert str(caught.value) == said
    assert receiver.asked == 1


def test_the_webhooks_url_is_in_no_log_and_no_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with webhook() as receiver:
        alive = channel(notify_webhook_url=SecretStr(receiver.url))
        alive.send(MESSAGE)
    with pytest.raises(ReceiverFailed) as caught:
        alive.send(MESSAGE)
    with pytest.raises(ReceiverFailed, match="cannot be reached") as malformed:
        channel(notify_webhook_url=SecretStr(f"http://127.0.0.1:99999{PATH}")).send(MESSAGE)
    assert caplog.records
    shown = f"{caplog.text}{caught.value!r}{malformed.value!r}{vars(alive)}{alive!r}"
    assert "a-secret-of-its-own" not in shown
    assert str(caught.value) == "The webhook cannot be reached (ConnectError)"


def test_a_receiver_that_answers_bit_by_bit_times_out() -> None:
    with webhook() as receiver:
        receiver.drips = 0.05
        slow = channel(notify_webhook_url=SecretStr(receiver.url))
        began = time.monotonic()
        with pytest.raises(ReceiverFailed, match=r"did not finish within 0\.5 seconds"):
            within(0.5, lambda: slow.send(MESSAGE))
        assert time.monotonic() - began < 10


def test_a_defect_in_a_message_is_a_failure_of_that_message() -> None:
    def mistaken() -> None:
        raise ValueError("holds anything at all")

    with pytest.raises(ReceiverFailed, match=r"^unexpected error: ValueError$"):
        within(1, mistaken)


def test_an_email_arrives_with_all_that_a_mail_program_wants() -> None:
    with mail_server() as mailbox:
        assert email(mailbox.port).send(MESSAGE) is None
        assert email(mailbox.port).send(MESSAGE) is None
    first, again = mailbox.letters
    assert first["Subject"] == MESSAGE.subject
    assert first["From"] == "Twizzit pipeline <twizzit@club.example>"
    assert first["To"] == "admin@club.example, board@club.example"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Date"].datetime is not None
    assert first.get_content().split() == ["The", "first", "line", "—", "ü", "•", "The", "second"]
    assert (mailbox.envelopes[0].mail_from, mailbox.envelopes[0].rcpt_tos) == (
        "twizzit@club.example",
        ["admin@club.example", "board@club.example"],
    )
    assert first["Message-ID"] == again["Message-ID"]  # a mail program shows what was sent twice once


def test_a_refused_recipient_does_not_keep_the_message_from_the_others() -> None:
    with mail_server() as mailbox:
        mailbox.refuses = {"board@club.example"}
        assert email(mailbox.port).send(MESSAGE) == "1 of 2 recipients were refused"
        assert mailbox.envelopes[0].rcpt_tos == ["admin@club.example"]
        mailbox.refuses.add("admin@club.example")
        with pytest.raises(ReceiverFailed, match=r"^The mail server refused every recipient \(550\)$"):
            email(mailbox.port).send(MESSAGE)


@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_email_is_encrypted_and_logged_in(security: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, trusted = certificate(tmp_path)
    login = {"smtp_username": "twizzit", "smtp_password": SecretStr("hush")}
    with mail_server(tls=context, wrapped=security == "ssl", login=("twizzit", "hush")) as mailbox:
        with pytest.raises(ReceiverFailed, match="certificate is not trusted"):
            email(mailbox.port, smtp_security=security, **login).send(MESSAGE)
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        email(mailbox.port, smtp_security=security, **login).send(MESSAGE)
        with pytest.raises(ReceiverFailed) as caught:
            wrong = {**login, "smtp_password": SecretStr("guessed")}
            email(mailbox.port, smtp_security=security, **wrong).send(MESSAGE)
    assert [letter["Subject"] for letter in mailbox.letters] == [MESSAGE.subject]
    assert str(caught.value) == "The mail server does not accept the login (535)"


def test_a_mail_server_without_encryption_gets_nothing_where_it_is_wanted() -> None:
    with mail_server() as mailbox:
        with pytest.raises(ReceiverFailed, match="cannot do what TWIZZIT_SMTP_SECURITY"):
            email(mailbox.port, smtp_security="starttls").send(MESSAGE)
        assert mailbox.envelopes == []


def test_a_mail_server_that_is_not_there_or_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twizzit_pipeline.notifications.email.ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(ReceiverFailed, match="broke off, or did not answer in time"):
            email(port).send(MESSAGE)
    with pytest.raises(ReceiverFailed, match=r"cannot be reached \(ConnectionRefusedError\)"):
        email(port).send(MESSAGE)


def test_nothing_set_is_no_channel() -> None:
    assert configured(load_settings(_env_file=None)) == []


def test_both_channels() -> None:
    both = load_settings(
        _env_file=None,
        notify_webhook_url="https://hooks.example/x",
        smtp_host="mail.example",
        notify_email_from="a@b.example",
        notify_email_to="c@d.example",
    )
    assert [one.name for one in configured(both)] == ["webhook", "email"]


EMAIL = {"smtp_host": "mail.example", "notify_email_from": "a@b.example", "notify_email_to": "c@d.example"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"smtp_host": "mail.example"}, "also need TWIZZIT_NOTIFY_EMAIL_FROM and TWIZZIT_NOTIFY_EMAIL_TO"),
        ({"notify_email_to": "a@b.example"}, "also need TWIZZIT_SMTP_HOST and TWIZZIT_NOTIFY_EMAIL_FROM"),
        ({**EMAIL, "smtp_username": "x"}, "belong together"),
        ({**EMAIL, "smtp_password": "x"}, "belong together"),
        ({**EMAIL, "smtp_username": "x", "smtp_password": "y", "smtp_security": "none"}, "readable by all"),
    ],
)
def test_an_incomplete_channel_is_an_error(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        configured(load_settings(_env_file=None, **settings))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TWIZZIT_NOTIFY_WEBHOOK_URL", "hooks.example/T0/secret"),
        ("TWIZZIT_NOTIFY_WEBHOOK_URL", "https://user:secret@hooks.example/"),
        ("TWIZZIT_NOTIFY_WEBHOOK_URL", "https://hooks.example/secret\r\nX-Injected: 1"),
        ("TWIZZIT_NOTIFY_EMAIL_FROM", "a@secret.example, b@secret.example"),
        ("TWIZZIT_NOTIFY_EMAIL_FROM", "a@secret.example\r\nBcc: all@secret.example"),
        ("TWIZZIT_NOTIFY_EMAIL_TO", "person secret <a@b.example>"),
        ("TWIZZIT_SMTP_PORT", "70000"),
        ("TWIZZIT_SMTP_SECURITY", "secret"),
    ],
)
def test_a_malformed_setting_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name}: ") as caught:
        load_settings(_env_file=None)
    assert "secret" not in str(caught.value).replace("B0/secret", "")
    assert "\n" not in str(caught.value)


def test_the_certificate_of_these_tests_is_not_trusted_by_itself(tmp_path: Path) -> None:
    context, trusted = certificate(tmp_path)
    assert context.verify_mode is ssl.CERT_NONE
    assert "PRIVATE" not in trusted.read_text()
