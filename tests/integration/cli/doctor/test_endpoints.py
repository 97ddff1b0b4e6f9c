"""Endpoints that no sync could ask are found."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.support.examined import closed_port, look
from twizzit_pipeline.cli.doctor.finding import Severity


def test_endpoints_that_are_not_allowed_or_not_there_are_found(
    credential: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = f"http://127.0.0.1:{closed_port()}/v2/api"
    ids = [credential(organization_name=f"Club {place}", api_endpoint=dead) for place in range(2)]
    refused = look().of("endpoint")
    assert "TWIZZIT_ALLOW_PRIVATE_ENDPOINTS" in refused.message
    monkeypatch.setenv("TWIZZIT_ALLOW_PRIVATE_ENDPOINTS", "1")
    away = look().of("endpoint")
    assert away.severity is Severity.PROBLEM
    assert "cannot be reached" in away.message
    assert f"(credentials {ids[0]}, {ids[1]})" in away.message


def test_a_host_without_tls_is_no_twizzit(credential: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIZZIT_ALLOW_PRIVATE_ENDPOINTS", "1")
    with plain_server() as port:
        credential(api_endpoint=f"https://127.0.0.1:{port}/v2/api")
        assert look().of("endpoint").severity is Severity.PROBLEM


@contextmanager
def plain_server() -> Iterator[int]:
    """A port with a listener that speaks no TLS: it hangs up at once."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            listener.accept()[0].close()

        hanging_up = threading.Thread(target=hang_up)
        hanging_up.start()
        yield int(listener.getsockname()[1])
        hanging_up.join()
