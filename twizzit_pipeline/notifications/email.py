"""E-mail by SMTP: one plain-text message to all recipients.

Texts of mail servers stay out of errors: they may hold addresses and logins; their numbers say enough.
"""

import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, formatdate
from hashlib import sha256
from typing import Literal

from pydantic import SecretStr

from twizzit_pipeline.errors import ReceiverFailed
from twizzit_pipeline.notifications.messages import Message

ANSWER_SECONDS = 4.0
MESSAGE_SECONDS = 6.0  # whatever the server does
Security = Literal["starttls", "ssl", "none"]


class Email:
    """The channel `email`.

    Args:
        login: username and password, where the server wants them.
    """

    name = "email"
    seconds = MESSAGE_SECONDS

    def __init__(
        self,
        *,
        host: str,
        port: int,
        security: Security,
        login: tuple[str, SecretStr] | None,
        sender: str,
        recipients: tuple[str, ...],
    ) -> None:
        self._host, self._port, self._security = host, port, security
        self._login = login
        self._sender = sender
        self._recipients = recipients

    def to(self, recipients: tuple[str, ...]) -> "Email":
        """A channel with this mail server and sender, and other recipients."""
        return Email(
            host=self._host,
            port=self._port,
            security=self._security,
            login=self._login,
            sender=self._sender,
            recipients=recipients,
        )

    def send(self, message: Message) -> str | None:
        """Sends it; says how many recipients the server refused, if it took the message for others.

        Raises:
            ReceiverFailed: the server cannot be reached or trusted, or refused every recipient.
        """
        try:
            server = self._connected()
            try:
                refused = server.send_message(self.letter(message), self._sender, self._recipients)
            finally:
                with suppress(OSError, smtplib.SMTPException):  # taken is taken, whatever follows
                    server.quit()
        except smtplib.SMTPException as error:
            raise ReceiverFailed(_said(error)) from None
        except ssl.SSLCertVerificationError:
            raise ReceiverFailed("The mail server's certificate is not trusted") from None
        except (OSError, UnicodeError) as error:
            raise ReceiverFailed(f"The mail server cannot be reached ({type(error).__name__})") from None
        return f"{len(refused)} of {len(self._recipients)} recipients were refused" if refused else None

    def letter(self, message: Message) -> EmailMessage:
        """The message as it is sent."""
        letter = EmailMessage(policy=SMTP)
        letter["Subject"] = message.subject
        letter["From"] = formataddr(("Twizzit pipeline", self._sender))
        letter["To"] = ", ".join(self._recipients)
        letter["Date"] = formatdate()
        # The same when it is sent again because its delivery could not be confirmed.
        reference = sha256(message.reference.encode()).hexdigest()[:32]
        letter["Message-ID"] = f"<{reference}@{self._sender.rpartition('@')[2]}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content("\n\n".join(message.lines) + "\n")
        return letter

    def _connected(self) -> smtplib.SMTP:
        """A server to talk to, encrypted and logged in as the settings say."""
        context = ssl.create_default_context()
        server: smtplib.SMTP
        if self._security == "ssl":
            server = smtplib.SMTP_SSL(self._host, self._port, timeout=ANSWER_SECONDS, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=ANSWER_SECONDS)
        try:
            if self._security == "starttls":
                server.starttls(context=context)
            if self._login is not None:
                username, password = self._login
                server.login(username, password.get_secret_value())
        except BaseException:
            server.close()
            raise
        return server


class ClubEmail:
    """The channel `club_email`: letters about one credential alone, to the addresses in its configuration.

    Args:
        letters: the channel whose mail server and sender are used.
        addresses: credential id → its recipients.
    """

    name = "club_email"
    seconds = MESSAGE_SECONDS

    def __init__(self, letters: Email, addresses: Mapping[int, tuple[str, ...]]) -> None:
        self._letters = letters
        self.addresses = addresses

    def send(self, message: Message) -> str | None:
        """Not sent: every message of this channel belongs to a credential, see `send_of`."""
        return f"not sent: {message.reference} belongs to no credential"

    def send_of(self, credential_id: int, message: Message) -> str | None:
        """Sends it to the credential's own recipients; returns a remark like `Channel.send`.

        Raises:
            ReceiverFailed: as `Email.send`.
        """
        recipients = self.addresses.get(credential_id, ())
        if not recipients:
            return "not sent: this credential has no recipients any more"
        return self._letters.to(recipients).send(message)


def _said(error: smtplib.SMTPException) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"The mail server does not accept the login ({error.smtp_code})"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "The mail server cannot do what TWIZZIT_SMTP_SECURITY or the login ask for"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = sorted({str(code) for code, _ in error.recipients.values()})
        return f"The mail server refused every recipient ({', '.join(codes)})"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"The mail server refused the message ({error.smtp_code})"
    return f"The mail server broke off, or did not answer in time ({type(error).__name__})"
