"""The server itself: it starts, says nothing about people, and leaves nothing behind."""

import logging
import re
import signal
import socket
import subprocess
import sys
import threading

import httpx
import pytest

from tests.support.simulator_reader import scope, session
from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer, run_forever

_SERVE = """
from twizzit_pipeline.simulator import SimulatorOptions, run_forever
run_forever("127.0.0.1", 0, SimulatorOptions(clubs=1), lambda server: print(server.v2_endpoint, flush=True))
print("ended")
"""


def simulating() -> set[threading.Thread]:
    """The threads of simulators; one of an earlier test may be about to end."""
    return {thread for thread in threading.enumerate() if thread.name == "twizzit-simulator"}


def test_it_stops_with_its_thread_and_its_port() -> None:
    before = simulating()
    with SimulatorServer() as server, session(server) as client:
        assert server.url.startswith("http://127.0.0.1:")
        assert client.get("/organizations").status_code == 200
        assert simulating() - before
        port = server.port
    assert not simulating() - before
    with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
        probe.connect(("127.0.0.1", port))


def test_it_stops_while_an_answer_is_under_way() -> None:
    before = simulating()
    with SimulatorServer() as server, session(server) as client:
        server.faults.arm("slow", seconds=30)
        with pytest.raises(httpx.ReadTimeout):
            client.get("/organizations", timeout=0.2)
    assert not simulating() - before


def test_a_port_in_use_is_one_clear_line() -> None:
    with SimulatorServer() as server, pytest.raises(SettingsError, match=rf"127\.0\.0\.1:{server.port}.*another port"):
        run_forever("127.0.0.1", server.port, SimulatorOptions(), lambda _: None)


def test_it_logs_no_person(
    simulator: SimulatorServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, logger="httpx")  # it says what was asked for; this is about the server
    caplog.set_level(logging.WARNING, logger="httpcore")
    with session(simulator) as client:
        client.get("/contacts", params=scope(simulator))
        simulator.faults.arm("cut")
        with pytest.raises(httpx.RemoteProtocolError):
            client.get("/contacts", params=scope(simulator))
    shown = capfd.readouterr()
    assert shown.out + shown.err == ""
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []
    account = simulator.world.organizations[0].account
    assert account.password not in repr(account)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_in_the_foreground_until_a_signal_ends_it(stop: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", _SERVE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            endpoint = process.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v2/api", endpoint)
            assert httpx.get(endpoint + "/organizations", verify=False).status_code == 401
            process.send_signal(stop)
            rest, errors = process.communicate(timeout=10)
        finally:
            process.kill()
    assert errors == ""
    assert (process.returncode, rest) == ((0, "ended\n") if stop == signal.SIGINT else (-signal.SIGTERM, ""))
