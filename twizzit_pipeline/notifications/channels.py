"""Where messages can go, as the settings say.

What belongs here: what a channel is, and which ones are configured. A combination of settings that makes no channel is
an error here and not when settings are read: it must not keep a sync from running.
"""

from ipaddress import ip_address
from typing import Protocol

from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.notifications.email import Email
from twizzit_pipeline.notifications.messages import Message
from twizzit_pipeline.notifications.urls import Urls
from twizzit_pipeline.notifications.webhook import Webhook
from twizzit_pipeline.settings import Settings

NOT_CONFIGURED = (
    "No channel for notifications is configured: set TWIZZIT_NOTIFY_WEBHOOK_URL, TWIZZIT_NOTIFY_URLS, or "
    "TWIZZIT_SMTP_HOST and the addresses"
)
_PORTS = {"starttls": 587, "ssl": 465, "none": 25}


class Channel(Protocol):
    """One way to send a message to people."""

    @property
    def name(self) -> str:
        """``webhook``, ``urls`` or ``email``, as in `twizzit_notifications`."""

    @property
    def seconds(self) -> float:
        """How long a message may take, whatever the receiver does; longer than the time-outs of the channel."""

    def send(self, message: Message) -> str | None:
        """Sends it; returns a remark where something went wrong and the message was accepted all the same.

        Raises:
            ReceiverFailed: it was not accepted; the text is a safe message.
        """


def configured(settings: Settings) -> list[Channel]:
    """The channels of the settings; none where nothing is set.

    Raises:
        SettingsError: only a part of what e-mail takes is set, or a password would travel unencrypted.
    """
    found: list[Channel] = []
    if settings.notify_webhook_url is not None:
        found.append(Webhook(settings.notify_webhook_url))
    if settings.notify_url_list:
        found.append(Urls(settings.notify_url_list))
    email = _email(settings)
    return [*found, email] if email is not None else found


def _email(settings: Settings) -> Email | None:
    host, sender, login = settings.smtp_host or "", (settings.notify_email_from or "").strip(), None
    wanted = {
        "TWIZZIT_SMTP_HOST": host,
        "TWIZZIT_NOTIFY_EMAIL_FROM": sender,
        "TWIZZIT_NOTIFY_EMAIL_TO": settings.notify_email_recipients,
    }
    missing = [name for name, value in wanted.items() if not value]
    if len(missing) == len(wanted):
        return None
    if missing:
        raise SettingsError(f"Notifications by e-mail also need {' and '.join(missing)}")
    if (settings.smtp_username is None) != (settings.smtp_password is None):
        raise SettingsError("TWIZZIT_SMTP_USERNAME and TWIZZIT_SMTP_PASSWORD belong together: set both, or neither")
    if settings.smtp_username is not None and settings.smtp_password is not None:
        if settings.smtp_security == "none" and not _is_here(host):
            raise SettingsError(
                "TWIZZIT_SMTP_SECURITY: with none the password would cross the network readable by all; use starttls "
                "or ssl"
            )
        login = (settings.smtp_username, settings.smtp_password)
    return Email(
        host=host,
        port=settings.smtp_port or _PORTS[settings.smtp_security],
        security=settings.smtp_security,
        login=login,
        sender=sender,
        recipients=settings.notify_email_recipients,
    )


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
