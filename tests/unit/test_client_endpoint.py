"""Endpoints: which dialect, and which addresses are refused."""

import contextlib
import socket
import threading
import time

import httpx
import pytest

from twizzit_pipeline.errors import ConnectionFailed, EndpointRefused
from twizzit_pipeline.twizzit.endpoint import (
    Endpoint,
    check_addresses,
    guarded_transport,
    parse_endpoint,
    refuse_private,
)


@pytest.mark.parametrize(
    ("url", "dialect", "base_url"),
    [
        ("https://api.twizzit.com/v1", "v1", "https://api.twizzit.com/v1"),
        (" https://api.twizzit.com/v1/ ", "v1", "https://api.twizzit.com/v1"),
        ("https://proxy.example/twizzit/v1", "v1", "https://proxy.example/twizzit/v1"),
        ("https://app.twizzit.com/v2/api", "v2", "https://app.twizzit.com/v2/api"),
        ("https://App.Twizzit.com", "v2", "https://app.twizzit.com/v2/api"),
        ("https://app.twizzit.com/", "v2", "https://app.twizzit.com/v2/api"),
        ("http://127.0.0.1:8080/v2/api/", "v2", "http://127.0.0.1:8080/v2/api"),
        ("http://[::1]:8080", "v2", "http://[::1]:8080/v2/api"),
    ],
)
def test_the_path_decides_the_dialect(url: str, dialect: str, base_url: str) -> None:
    endpoint = parse_endpoint(url)
    assert (endpoint.dialect, endpoint.base_url) == (dialect, base_url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "app.twizzit.com",
        "ftp://app.twizzit.com/v1",
        "file:///etc/passwd",
        "https://",
        "https:///v1",
        "https://host:port/v1",
        "https://host:99999/v1",
        "https://app.twizzit.com/v3",
        "https://app.twizzit.com/v2",
        "https://app.twizzit.com/v2/api?token=x",
        "https://app.twizzit.com/v1#x",
        "https://user:geheim-woord@app.twizzit.com/v1",
        "https://app.twizzit.com\\@127.0.0.1/v1",
        "https://app.twizzit .com/v1",
    ],
)
def test_what_is_no_endpoint_is_refused_in_one_line_without_its_secret(url: str) -> None:
    with pytest.raises(EndpointRefused) as refused:
        parse_endpoint(url)
    assert "\n" not in str(refused.value)
    assert "geheim" not in str(refused.value)


PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1%eth0",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "fd00:ec2::254",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]


@pytest.mark.parametrize("address", PRIVATE)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_address_that_is_not_public_is_refused_unless_allowed(address: str, scheme: str) -> None:
    with pytest.raises(EndpointRefused, match="TWIZZIT_ALLOW_PRIVATE_ENDPOINTS=1"):
        check_addresses("club.example", [address], scheme=scheme, allow_private=False)
    check_addresses("club.example", [address], scheme=scheme, allow_private=True)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_a_public_address_needs_https_whatever_is_allowed(address: str) -> None:
    check_addresses("club.example", [address], scheme="https", allow_private=False)
    for allowed in (False, True):
        with pytest.raises(EndpointRefused, match="https"):
            check_addresses("club.example", [address], scheme="http", allow_private=allowed)


def test_one_private_address_among_public_ones_is_enough() -> None:
    with pytest.raises(EndpointRefused):
        check_addresses("club.example", ["93.184.216.34", "10.0.0.1"], scheme="https", allow_private=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"])
def test_every_spelling_of_loopback_is_resolved_before_it_is_judged(host: str) -> None:
    url = f"https://{host}/v2/api"
    with pytest.raises(EndpointRefused):
        refuse_private(url)
    refuse_private(url, allow_private=True)


def test_a_name_that_does_not_resolve_says_so() -> None:
    with pytest.raises(ConnectionFailed, match=r"nowhere\.invalid"):
        refuse_private("https://nowhere.invalid/v1")


def test_the_address_is_judged_again_when_a_connection_opens() -> None:
    """Nobody judged the name before: the transport alone must refuse."""
    transport = guarded_transport(Endpoint("v2", "http://localhost:9/v2/api"), allow_private=False, connections=1)
    with httpx.Client(transport=transport) as client, pytest.raises(EndpointRefused):
        client.get("http://localhost:9/v2/api/groups")


def test_nobody_listening_is_an_error_of_connecting() -> None:
    transport = guarded_transport(Endpoint("v2", "http://127.0.0.1:9/v2/api"), allow_private=True, connections=1)
    with httpx.Client(transport=transport) as client, pytest.raises(httpx.ConnectError):
        client.get("http://127.0.0.1:9/v2/api/groups")


def test_an_answer_that_drips_is_cut_off_after_its_time() -> None:
    """A byte every now and then keeps a socket's own timeout from ever ending the wait."""

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            with contextlib.suppress(OSError):
                for _ in range(100):
                    connection.sendall(b" ")
                    time.sleep(0.05)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v2/api"
        server = threading.Thread(target=drip, args=(listener,))
        server.start()
        transport = guarded_transport(Endpoint("v2", url), allow_private=True, connections=1)
        started = time.monotonic()
        with httpx.Client(transport=transport, timeout=0.3) as client, pytest.raises(httpx.ReadTimeout):
            client.get(url)
        assert time.monotonic() - started < 3
        server.join()
