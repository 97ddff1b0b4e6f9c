"""Endpoints: which dialect, and which addresses are refused."""

import contextlib
import socket
import threading
import time
from pathlib import Path

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from twizzit_pipeline.errors import ConnectionFailed, EndpointRefused, SettingsError
from twizzit_pipeline.twizzit.endpoint import Endpoint, check_addresses, parse_endpoint, refuse_private
from twizzit_pipeline.twizzit.reach import reach
from twizzit_pipeline.twizzit.transport import guarded_transport


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
        ("https://[2606:2800:0220:1::1946]/v1", "v1", "https://[2606:2800:220:1::1946]/v1"),
        ("https://app.twizzit.com./v1", "v1", "https://app.twizzit.com/v1"),
        ("HTTPS://APP.twizzit.com:0443/v1", "v1", "https://app.twizzit.com/v1"),
        ("http://localhost:80/v1", "v1", "http://localhost/v1"),
        ("https://café.example/v1", "v1", "https://xn--caf-dma.example/v1"),
        ("https://my_proxy.example:65535/v1", "v1", "https://my_proxy.example:65535/v1"),
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
        "https://app.twizzit.com/v99",
        "https://app.twizzit.com/v2",
        "https://app.twizzit.com/v2/api?token=x",
        "https://app.twizzit.com/v1#x",
        "https://user:geheim-woord@app.twizzit.com/v1",
        "https://app.twizzit.com\\@127.0.0.1/v1",
        "https://app.twizzit .com/v1",
        "https://app..twizzit.com/v1",
        "https://.app.twizzit.com/v1",
        "https://app.twizzit.com../v1",
        "https://./v1",
        "https://xn--/v1",
        "https://xn--a/v1",
        "https://xn--zzzzzzzzzzzzzzzz9999/v1",
        "https://-a.example/v1",
        "https://a-.example/v1",
        "https://" + "a" * 300 + ".example/v1",
        "https://" + "a" * 64 + ".example/v1",
        "https://" + "a." * 130 + "example/v1",
        "https://host:0/v1",
        "https://host:-1/v1",
        "https://host:65536/v1",
        "https://host:４４３x/v1",
        "https://host:" + "9" * 5000 + "/v1",
        "https://[fe80::1%25eth0]/v1",
        "https://[fe80::1%eth0]/v1",
        "https://[::1/v1",
        "https://::1/v1",
        "https://[v1.x]/v1",
        "https://[127.0.0.1]/v1",
        "https://app.twizzit.com\u202e/v1",
        "https://app\u200b.twizzit.com/v1",
        "https://app.twizzit.com/\u202e/v1",
        "https://app.twizzit.com/a b/v1",
        "https://app.twizzit.com/a\x00/v1",
        "https://app.twizzit.com/../v1",
        "https://app.twizzit.com//v1",
        "https://app,twizzit,com/v1",
        "https://app.twizzit.com%2f/v1",
        "https://\ud800.example/v1",
        "https://１２７.0.0.1\\v1",
        "https://ﷺ.example/v1",
        "https:app.twizzit.com/v1",
        "https//app.twizzit.com/v1",
    ],
)
def test_what_is_no_endpoint_is_refused_in_one_line_without_its_secret(url: str) -> None:
    with pytest.raises(EndpointRefused) as refused:
        parse_endpoint(url)
    assert "\n" not in str(refused.value)
    assert "geheim" not in str(refused.value)


@given(st.one_of(st.text(), st.text().map("https://{}/v1".format), st.from_regex(r"https?://[^/]{1,40}/v1")))
@example("https://app..twizzit.com/v1")
@example("https://xn--/v1")
def test_whatever_is_typed_is_an_endpoint_that_can_be_asked_for_or_refused(typed: str) -> None:
    """What is taken is plain ASCII, comes out the same a second time, and can be looked up without a crash."""
    try:
        endpoint = parse_endpoint(typed)
    except EndpointRefused as refused:
        assert str(refused).isprintable()
        return
    assert endpoint.base_url.isascii()
    assert endpoint.base_url.isprintable()
    assert parse_endpoint(endpoint.base_url) == endpoint
    assert httpx.URL(endpoint.base_url).host
    endpoint.host.encode("idna")  # as the lookup of the system does, which raises for labels that cannot be


# From IANA's registries of special addresses, both ends of each network; what Python calls them differs by version.
SPECIAL = [
    "0.255.255.255",
    "100.127.255.255",
    "192.0.0.0",
    "192.0.0.9",
    "192.0.0.10",
    "192.0.0.170",
    "192.0.0.192",
    "192.0.0.255",
    "192.0.2.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.175.48.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "239.255.255.255",
    "255.255.255.254",
    "::ffff:100.64.0.1",
    "::ffff:192.0.0.192",
    "::ffff:198.18.0.1",
    "64:ff9b::c000:c0",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "64:ff9b:1:ffff::5db8:d822",
    "100::1",
    "100:0:0:1::1",
    "2001::1",
    "2001:0:5db8:d822::1",
    "2001:1::1",
    "2001:20::1",
    "2001:30::1",
    "2001:1ff::1",
    "2001:db8::1",
    "2002:5db8:d822::1",
    "2620:4f:8000::1",
    "3fff::1",
    "3fff:fff::1",
    "4000::1",
    "5f00::1",
    "fdff::1",
]

PRIVATE = [
    *SPECIAL,
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


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_address_that_is_not_public_is_refused_unless_allowed(scheme: str) -> None:
    taken = []
    for address in PRIVATE:
        try:
            check_addresses("club.example", [address], scheme=scheme, allow_private=False)
        except EndpointRefused as error:
            assert "TWIZZIT_ALLOW_PRIVATE_ENDPOINTS=1" in str(error), address
        else:
            taken.append(address)
        check_addresses("club.example", [address], scheme=scheme, allow_private=True)
    assert taken == []


@pytest.mark.parametrize(
    "address",
    [
        "93.184.216.34",
        "2606:2800:220:1:248:1893:25c8:1946",
        "::ffff:93.184.216.34",
        "64:ff9b::5db8:d822",
        "192.0.1.1",
        "100.63.255.255",
        "100.128.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::1",
        "2003::1",
        "2a00:1450:400e::1",
        "2620:4f:8001::1",
    ],
)
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
    """The name was not checked before: the transport alone must refuse."""
    transport = guarded_transport(Endpoint("v2", "http://localhost:9/v2/api"), allow_private=False, connections=1)
    with httpx.Client(transport=transport) as client, pytest.raises(EndpointRefused):
        client.get("http://localhost:9/v2/api/groups")


def test_a_port_without_a_server_is_an_error_of_connecting() -> None:
    transport = guarded_transport(Endpoint("v2", "http://127.0.0.1:9/v2/api"), allow_private=True, connections=1)
    with httpx.Client(transport=transport) as client, pytest.raises(httpx.ConnectError):
        client.get("http://127.0.0.1:9/v2/api/groups")


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSLKEYLOGFILE"])
def test_a_file_for_tls_that_cannot_be_read_is_said_in_a_line(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = Endpoint("v2", "https://localhost:9/v2/api")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listening = Endpoint("v2", f"https://127.0.0.1:{listener.getsockname()[1]}/v2/api")
        monkeypatch.setenv(variable, str(tmp_path / "not" / "there"))
        for attempt in (
            lambda: guarded_transport(endpoint, allow_private=True, connections=1),
            lambda: reach(listening, allow_private=True, seconds=60),
        ):
            with pytest.raises(SettingsError, match=variable) as caught:
                attempt()
            assert "\n" not in str(caught.value)
    (tmp_path / "empty").write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "empty"))
    with pytest.raises(SettingsError, match="SSL_CERT_FILE"):
        guarded_transport(endpoint, allow_private=True, connections=1)


def test_an_answer_that_drips_is_cut_off_after_its_time() -> None:
    """A byte every now and then keeps a socket's own timeout from ever ending the wait."""

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            with contextlib.suppress(OSError):
                for _ in range(500):
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
        assert time.monotonic() - started < 10
        server.join()
