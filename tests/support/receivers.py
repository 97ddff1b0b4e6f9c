"""Receivers of notifications in tests: a webhook and a mail server that really listen, on loopback."""

import asyncio
import datetime
import ipaddress
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PATH = "/services/T0/B0/a-secret-of-its-own"


@dataclass
class WebhookReceiver:
    """A webhook: what it took, and how it answers from now on.

    `drips`: seconds between the bytes of an answer that never ends.
    """

    port: int
    taken: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    status: int = 200
    seconds: float = 0.0
    drips: float | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"

    @property
    def texts(self) -> list[str]:
        return [str(one["text"]) for one in self.taken]


@contextmanager
def webhook(port: int = 0) -> Iterator[WebhookReceiver]:
    """A webhook that listens until the context ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.asked += 1
            time.sleep(receiver.seconds)
            while receiver.drips is not None and not over.wait(receiver.drips):
                try:
                    self.wfile.write(b"H")
                except OSError:
                    return
            if self.path != PATH or self.headers["Content-Type"] != "application/json; charset=utf-8":
                self.send_error(404)
                return
            if 200 <= receiver.status < 300:
                receiver.taken.append(json.loads(body))
            self.send_response(receiver.status)
            if receiver.status == 302:
                self.send_header("Location", receiver.url)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            """Tests read what was taken."""

    over = threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        server.daemon_threads = True
        receiver = WebhookReceiver(server.server_address[1])
        listening = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        listening.start()
        try:
            yield receiver
        finally:
            over.set()
            server.shutdown()
            listening.join()


@dataclass
class Mailbox:
    """What a mail server took: envelopes, and how it answers them."""

    envelopes: list[Envelope] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    port: int = 0

    @property
    def letters(self) -> list[EmailMessage]:
        contents = [one.content for one in self.envelopes if isinstance(one.content, bytes)]
        return [
            letter for one in contents if isinstance(letter := message_from_bytes(one, policy=default), EmailMessage)
        ]

    async def handle_RCPT(  # noqa: N802 - as aiosmtpd calls it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        return "250 OK"


class _Server(Controller):
    """On a free port; aiosmtpd's own controller must know its port beforehand, to see that it listens."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # of aiosmtpd


@contextmanager
def mail_server(
    *, tls: ssl.SSLContext | None = None, wrapped: bool = False, login: tuple[str, str] | None = None
) -> Iterator[Mailbox]:
    """A mail server that listens until the context ends.

    Args:
        tls: offered by STARTTLS, and required; or spoken from the first byte where `wrapped`.
        login: the only one that is accepted; without `wrapped` it is required, too.
    """

    def authenticate(_server: object, _session: object, _envelope: object, _mechanism: str, data: Any) -> AuthResult:
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == login, handled=False)

    options: dict[str, Any] = {}
    if login is not None:
        # Of a connection that is encrypted from its first byte aiosmtpd does not know that it is.
        options |= {"authenticator": authenticate, "auth_required": not wrapped, "auth_require_tls": not wrapped}
    if tls is not None and not wrapped:
        options |= {"tls_context": tls, "require_starttls": True}
    mailbox = Mailbox()
    controller = _Server(
        mailbox,
        hostname="127.0.0.1",
        port=0,
        ssl_context=tls if wrapped else None,
        **options,
    )
    controller.start()
    mailbox.port = controller.port
    try:
        yield mailbox
    finally:
        controller.stop()


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A context for a server on 127.0.0.1, and the file of the certificate that its clients must trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, both = folder / "trusted.pem", folder / "server.pem"
    trusted.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both.write_bytes(private + trusted.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context, trusted
