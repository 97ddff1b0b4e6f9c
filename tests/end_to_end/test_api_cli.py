"""`twizzit api` and `twizzit token` as a user types them: what they refuse, in one line, and what a token holds."""

import socket
import time
from pathlib import Path

import jwt
import pytest

from tests.support.command_line import CommandLine

SECRET = "the secret that ShotSpot signs its tokens with"
ELSEWHERE = "postgresql://none@127.0.0.1:9/nothing"


@pytest.fixture
def twizzit(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path, JWT_SECRET=SECRET)


def test_a_token_has_shotspots_claims(twizzit: CommandLine) -> None:
    made = twizzit(
        "token", "--role", "Coach", "--user-id", "12", "--hours", "2", "--organization", "3", "--organization", "1"
    )
    assert made.code == 0, made.err
    claims = jwt.decode(made.out.strip(), SECRET, algorithms=["HS256"])
    assert (claims["userId"], claims["username"], claims["role"]) == (12, "twizzit-cli", "coach")
    assert claims["organizations"] == [1, 3]
    assert abs(claims["exp"] - time.time() - 7200) < 60
    assert "organizations" not in jwt.decode(
        twizzit("token", "--role", "admin").out.strip(), SECRET, algorithms=["HS256"]
    )


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["--role", "boss"],
        ["--role", "admin", "--organization", "1"],
        ["--role", "coach", "--hours", "0"],
    ],
    ids=" ".join,
)
def test_a_token_that_makes_no_sense_is_not_made(twizzit: CommandLine, wrong: list[str]) -> None:
    refused = twizzit("token", *wrong)
    assert (refused.code, refused.out) == (2, "")


def test_the_embedded_mode_signs_with_a_secret_of_its_own(tmp_path: Path) -> None:
    twizzit = CommandLine(tmp_path)
    made = twizzit("token", "--role", "admin").out.strip()
    kept = tmp_path / ".twizzit" / "jwt.secret"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert jwt.decode(made, kept.read_text().strip(), algorithms=["HS256"])["role"] == "admin"


@pytest.mark.parametrize("command", [["api"], ["token", "--role", "admin"]], ids=" ".join)
@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"JWT_SECRET": "too short"}, "JWT_SECRET is too short"),
        ({"JWT_SECRET": "", "TWIZZIT_DATABASE_URL": ELSEWHERE}, "JWT_SECRET is not set"),
    ],
    ids=["short", "none"],
)
def test_without_a_good_secret_there_is_no_api_and_no_token(
    twizzit: CommandLine, command: list[str], environment: dict[str, str], said: str
) -> None:
    refused = twizzit(*command, **environment)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith(f"Error: {said}")
    assert len(refused.err.splitlines()) == 1


def test_a_port_in_use_and_an_unknown_host_are_one_line(twizzit: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = twizzit("api", "--port", port)
    assert refused.code == 1
    assert refused.err.splitlines() == [
        f"Error: The API cannot listen on 127.0.0.1:{port} (Address already in use): choose another port with --port"
    ]
    for host in ("192.0.2.1", "nowhere.invalid"):
        foreign = twizzit("api", "--host", host, "--port", "0")
        assert foreign.code == 1
        assert foreign.err.splitlines() == [f"Error: TWIZZIT_API_HOST: {host} is no address of this machine"]
