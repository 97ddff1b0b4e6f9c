"""A server that means ill: every call ends in time, within memory, and with an error of that server."""

import gzip
import json
import socket
import threading
import time
import tracemalloc
import zlib

import httpx
import pytest
from pydantic import SecretStr

from tests.support.hostile_server import HostileServer, Play, answer, dripping, hanging_endpoints
from twizzit_pipeline import errors
from twizzit_pipeline.twizzit import json_body, lookup, transport
from twizzit_pipeline.twizzit.client import TwizzitClient
from twizzit_pipeline.twizzit.endpoint import parse_endpoint
from twizzit_pipeline.twizzit.session import ClientOptions

TIMEOUT = 1.0  # seconds for one call
LATEST = 10.0  # by when it must be over on a machine that is busy with other work too
ORGANIZATION = json.dumps([{"id": 1, "name": "KC Test"}]).encode()


def client_of(
    server: HostileServer, *, attempts: int = 1, retry_seconds: float = 120.0, timeout: float = TIMEOUT
) -> TwizzitClient:
    options = ClientOptions(
        request_timeout=timeout,
        retry_attempts=attempts,
        retry_seconds=retry_seconds,
        requests_per_second=1000,
        allow_private_endpoints=True,
    )
    return TwizzitClient(
        endpoint=server.url, username="u", password=SecretStr("p"), organization_name="KC Test", options=options
    )


def flood(start: bytes, part: bytes) -> Play:
    def play(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(part)

    return play


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDLESS: dict[str, Play] = {
    "no answer at all": lambda _connection: time.sleep(30),
    "the status line drips": dripping(b"HTTP/1.1 2", b"0"),
    "one header drips": dripping(b"HTTP/1.1 200 OK\r\nX: ", b"a"),
    "header after header": dripping(b"HTTP/1.1 200 OK\r\n", b"X: a\r\n"),
    "100 Continue, slowly": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "100 Continue, fast": flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
    "103 Early Hints": dripping(b"", b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"),
    "the body drips": dripping(OK, b" "),
    "the body stops": dripping(OK + b"[", b""),
    "chunks drip": dripping(CHUNKED, b"1\r\n \r\n"),
    "the size of a chunk drips": dripping(CHUNKED, b"0"),
    "the trailers drip": dripping(CHUNKED + b"2\r\n[]\r\n0\r\n", b"X: a\r\n"),
    "an error's body drips": dripping(b"HTTP/1.1 404 No\r\nContent-Length: 4000\r\n\r\n", b"a"),
    "a refusal drips": dripping(b"HTTP/1.1 403 No\r\nContent-Length: 4000\r\n\r\n", b"a"),
    "packed and nothing in it": dripping(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10], b"\x00\x00\x00\xff\xff"
    ),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_every_call_ends_in_its_time(name: str) -> None:
    with HostileServer(ENDLESS[name]) as server, client_of(server) as client:
        started = time.monotonic()
        with pytest.raises(errors.ConnectionFailed):
            client.source.organizations()
        assert time.monotonic() - started < LATEST
    assert len(server.requests) == 2  # the login, and the call


def test_a_login_ends_in_its_time_as_well() -> None:
    play = dripping(b"HTTP/1.1 200 OK\r\nX: ", b"a")
    with HostileServer(play, login=play) as server, client_of(server) as client:
        started = time.monotonic()
        with pytest.raises(errors.ConnectionFailed):
            client.source.organizations()
        assert time.monotonic() - started < LATEST


def test_a_handshake_that_never_ends_is_no_connection() -> None:
    """TLS is part of connecting: a server that accepts and stays silent is not reached."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = parse_endpoint(f"https://127.0.0.1:{listener.getsockname()[1]}/v1")
        guarded = transport.guarded_transport(endpoint, allow_private=True, connections=1)
        started = time.monotonic()
        with httpx.Client(transport=guarded, timeout=TIMEOUT) as http, pytest.raises(httpx.ConnectError):
            http.get(endpoint.base_url)
        assert time.monotonic() - started < LATEST


def test_the_deadline_counts_for_several_addresses_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with fifty silent addresses takes no longer than one."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setattr(transport, "addresses_of", lambda *_a, **_k: ["127.0.0.1"] * 50)
        endpoint = parse_endpoint(f"https://localhost:{port}/v1")
        guarded = transport.guarded_transport(endpoint, allow_private=True, connections=1)
        started = time.monotonic()
        with httpx.Client(transport=guarded, timeout=TIMEOUT) as http, pytest.raises(httpx.ConnectError):
            http.get(endpoint.base_url)
        assert time.monotonic() - started < LATEST


def test_a_name_server_that_stays_silent_holds_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: over.wait(30) and [])
    started = time.monotonic()
    with pytest.raises(OSError, match="in time"):
        lookup.addresses_of("club.example", 443, seconds=0.2)
    assert time.monotonic() - started < LATEST
    over.set()


def peak_of(server: HostileServer, expected: type[Exception]) -> tuple[int, Exception]:
    """The most memory that a call took, in bytes, and its error."""
    with server, client_of(server, timeout=30.0) as client:
        tracemalloc.start()
        try:
            with pytest.raises(expected) as raised:
                client.source.organizations()
            return tracemalloc.get_traced_memory()[1], raised.value
        finally:
            tracemalloc.stop()


def bomb(coding: str) -> bytes:
    """Sixty megabytes in sixty thousand bytes."""
    zeros = b"x" * 60_000_000
    return gzip.compress(zeros, 9) if coding == "gzip" else zlib.compress(zeros, 9)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_body_is_capped_by_its_size_unpacked(monkeypatch: pytest.MonkeyPatch, coding: str) -> None:
    monkeypatch.setattr(transport, "LARGEST_ANSWER", 1_000_000)
    header = f"Content-Encoding: {coding}".encode()
    peak, error = peak_of(HostileServer(answer(bomb(coding), header)), errors.NotATwizzit)
    assert peak < 6_000_000
    assert str(error).startswith("/organizations answered with more than any list of a Twizzit holds")


@pytest.mark.parametrize("coding", [b"br", b"zstd", b"gzip, gzip", b"compress", b"zlib_codec"])
def test_other_packings_are_refused_unread(coding: bytes) -> None:
    server = HostileServer(answer(gzip.compress(ORGANIZATION), b"Content-Encoding: " + coding))
    with server, client_of(server) as client, pytest.raises(errors.MalformedAnswer, match="cannot be unpacked"):
        client.source.organizations()


def test_nothing_packed_is_asked_for_and_an_honest_packed_answer_is_read() -> None:
    play = answer(gzip.compress(ORGANIZATION), b"Content-Encoding: gzip")
    with HostileServer(play) as server, client_of(server) as client:
        assert client.source.organization().name == "KC Test"
    assert all(b"accept-encoding: identity\r\n" in request.lower() for request in server.requests[1:])


@pytest.mark.parametrize("packed", [False, True])
def test_a_plain_body_is_capped(monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    """Also what follows a packed body and belongs to nothing."""
    monkeypatch.setattr(transport, "LARGEST_ANSWER", 1_000_000)
    head = b"HTTP/1.1 200 OK\r\n"
    start = head + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"[]") if packed else head + b"\r\n"
    peak, _ = peak_of(HostileServer(flood(start, b" " * 65536)), errors.NotATwizzit)
    assert peak < 6_000_000


def test_a_page_of_rich_rows_is_far_below_the_cap() -> None:
    rich = {f"field-{number}": "x" * 200 for number in range(60)}
    page = json.dumps([rich] * 250).encode()
    assert len(page) * 8 < transport.LARGEST_ANSWER
    rows = json_body.read_json(page)
    assert isinstance(rows, list)
    assert len(rows) == 250


def test_a_body_of_millions_of_tiny_values_is_not_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_body, "MOST_VALUES", 10_000)
    body = b"[" + b"[]," * 500_000 + b"[]]"
    peak, _ = peak_of(HostileServer(answer(body)), errors.NotATwizzit)
    assert peak < 10_000_000


@pytest.mark.parametrize("start", [b"", b"Content-Encoding: gzip\r\n"])
def test_of_an_error_four_kilobytes_are_read(start: bytes) -> None:
    body = bomb("gzip") if start else b"x" * 60_000_000
    lines = b"HTTP/1.1 400 No\r\n" + start + b"Content-Length: %d\r\n\r\n" % len(body)
    peak, error = peak_of(HostileServer(lambda connection: connection.sendall(lines + body)), errors.NotATwizzit)
    assert peak < 3_000_000 + (len(body) if not start else 0) * 2  # the server's own copies are in the count
    assert "a text that is no JSON" in str(error)


@pytest.mark.parametrize("charset", ["zlib_codec", "rot13", "utf-7", "idna", "undefined", "punycode", "x" * 500])
@pytest.mark.parametrize("status", [b"403 No", b"429 No", b"500 No"])
def test_an_error_is_utf_8_whatever_its_header_says(charset: str, status: bytes) -> None:
    header = f"Content-Type: text/plain; charset={charset}".encode()
    server = HostileServer(answer(b"\xff\xfe\x00access denied", header, b"Retry-After: 9999", status=status))
    expected = {b"4": (errors.AccessDenied, errors.RateLimited), b"5": (errors.ServiceUnavailable,)}[status[:1]]
    with server, client_of(server) as client, pytest.raises(expected):
        client.source.organizations()


@pytest.mark.parametrize(
    "asked",
    [
        "9" * 400,
        "99999999",
        "1e400",
        "inf",
        "nan",
        "-5",
        "\xb2",
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Mon, 01 Jan 0001 00:00:00 +2359",
        "Mon, 01 Jan 2035 00:00:00 +99999999",
    ],
)
def test_a_pause_beyond_reason_is_bounded(asked: str) -> None:
    header = b"Retry-After: " + asked.encode("latin-1")
    server = HostileServer(answer(b"slow down", header, status=b"429 Too Many Requests"))
    started = time.monotonic()
    with server, client_of(server, attempts=2, retry_seconds=2.0) as client, pytest.raises(errors.RateLimited) as error:
        client.source.organizations()
    assert time.monotonic() - started < LATEST
    assert error.value.retry_after is None or 0 <= error.value.retry_after <= 3600


LIVES = [
    '{"token": "a", "valid-till": Infinity, "created-on": 0}',
    '{"token": "a", "valid-till": "inf", "created-on": 0}',
    '{"token": "a", "valid-till": "nan"}',
    '{"token": "a", "valid-till": -5}',
    '{"token": "a", "valid-till": 1e999}',
    '{"token": "a", "valid-till": ' + "9" * 400 + "}",
    '{"token": "a", "expires_in": -1e308}',
    '{"token": "a", "expires_in": NaN}',
    '{"token": "a", "expires_in": 0.0000001}',
    '{"token": "a", "valid-till": {"a": 1}}',
]


@pytest.mark.parametrize("login", LIVES)
def test_a_token_lives_whatever_the_server_says_of_it(login: str) -> None:
    with HostileServer(answer(ORGANIZATION), login=answer(login.encode())) as server, client_of(server) as client:
        assert client.source.organization().name == "KC Test"


REFUSED: list[tuple[Play, type[Exception]]] = [
    (answer(b"", b"Location: http://169.254.169.254/latest", status=b"302 Found"), errors.NotATwizzit),
    (answer(b"", b"Location: \xff\xfe://[", status=b"301 Moved"), errors.NotATwizzit),
    (answer(b"", b"Location: /v2/api/organizations", status=b"307 Again"), errors.NotATwizzit),
    (answer(b"", b"Upgrade: x", b"Connection: upgrade", status=b"101 Switching"), errors.ConnectionFailed),
    (answer(b"", status=b"999 What"), errors.ServiceUnavailable),
    (answer(b"[" * 100_000), errors.MalformedAnswer),
    (answer(b'[{"id": ' + b"9" * 5000 + b"}]"), errors.MalformedAnswer),
    (answer(b'{"' + b"9" * 5000 + b'": []}'), errors.NotATwizzit),
    (lambda connection: connection.sendall(b"SSH-2.0-OpenSSH\r\n"), errors.ConnectionFailed),
    (lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000), errors.ConnectionFailed),
    (
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
        errors.ConnectionFailed,
    ),
    (lambda connection: connection.sendall(CHUNKED + b"f" * 40 + b"\r\n"), errors.ConnectionFailed),
    (lambda connection: connection.close(), errors.ConnectionFailed),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_no_twizzit_answers_is_an_error_of_that_server(number: int) -> None:
    play, expected = REFUSED[number]
    with HostileServer(play) as server, client_of(server) as client, pytest.raises(expected) as error:
        client.source.organizations()
    assert "\n" not in str(error.value)
    assert len(server.requests) == 2  # nothing was followed


@pytest.mark.parametrize("where", ["connect", "tls", "headers", "drip", "lookup"])
def test_another_thread_ends_a_call_wherever_it_hangs(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once: a run that ends and an API that stops wait for no server."""
    over = threading.Event()
    options = ClientOptions(request_timeout=120.0, retry_seconds=600.0, allow_private_endpoints=True)
    with hanging_endpoints() as endpoints:
        endpoint = endpoints.get(where) or "http://club.example/v2/api"
        if where == "lookup":
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: over.wait(30) and [])
        client = TwizzitClient(
            endpoint=endpoint, username="u", password=SecretStr("p"), organization_name="KC Test", options=options
        )
        ending = threading.Timer(0.5, client.end_calls)
        ending.start()
        began = time.monotonic()
        with pytest.raises(errors.ConnectionFailed):
            client.source.organizations()
        assert 0.4 < time.monotonic() - began < LATEST
        with pytest.raises(errors.ConnectionFailed):
            client.source.organizations()
        client.close()
        assert time.monotonic() - began < LATEST
    over.set()


def test_what_hangs_is_distinguished_from_what_is_away() -> None:
    options = ClientOptions(request_timeout=0.3, retry_attempts=1, allow_private_endpoints=True)
    with hanging_endpoints() as endpoints, socket.create_server(("127.0.0.1", 0)) as gone:
        away = f"http://127.0.0.1:{gone.getsockname()[1]}/v2/api"
        gone.close()
        silent = {}
        for where, endpoint in {**endpoints, "away": away}.items():
            client = TwizzitClient(
                endpoint=endpoint, username="u", password=SecretStr("p"), organization_name="KC Test", options=options
            )
            with client, pytest.raises(errors.ConnectionFailed) as failed:
                client.source.organizations()
            silent[where] = failed.value.silent
    assert silent == {"connect": True, "tls": True, "headers": True, "drip": True, "away": False}


def test_rosters_that_hang_cost_the_time_of_a_few_calls() -> None:
    """Not of as many as there are: the others of the scan are given up."""
    options = ClientOptions(
        request_timeout=TIMEOUT, retry_attempts=1, concurrent_requests=2, allow_private_endpoints=True
    )
    with HostileServer(lambda _connection: time.sleep(30)) as server:
        client = TwizzitClient(
            endpoint=server.url, username="u", password=SecretStr("p"), organization_name="KC Test", options=options
        )
        session = client._session
        began = time.monotonic()
        with client, pytest.raises(errors.ConnectionFailed) as failed:
            session.gather([lambda: session.get("/contacts")] * 200)
        assert failed.value.silent
        assert 4 * TIMEOUT / 2 <= time.monotonic() - began < 20 * TIMEOUT
