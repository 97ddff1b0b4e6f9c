"""What goes wrong is one line on standard error and an exit code: no traceback, no secret, and what to do about it."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import insert

from tests.conftest import ENCRYPTION_KEY
from tests.support.command_line import CommandLine, logging_as_it_was
from twizzit_pipeline.cli import main
from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.local import stage
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.simulator.clubs import OPPONENTS
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.storage.tables import clubs

Run = Callable[..., tuple[int, str, str]]

ADD = ["credentials", "add", "--organization", "KC Ter Linden", "--username", "u", "--password-stdin", "--endpoint"]
PUBLIC = "https://203.0.113.7/v2/api"  # an address for documentation: Python does not count it among the public ones
NO_ONE = "postgresql://user:s3cret@127.0.0.1:9/database"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """`main` in this process, on these arguments and this environment; exit code, standard output, standard error."""

    def run(*arguments: str, stdin: str = "", **environment: str) -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["twizzit", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        with logging_as_it_was(), pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return int(left.value.code or 0), out, err

    return run


def assert_one_line(ended: tuple[int, str, str], *words: str) -> None:
    code, out, err = ended
    assert code == 1
    assert out == ""
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    for word in words:
        assert word in err


@pytest.mark.parametrize("command", [["credentials", "verify"], ["history"], ["mappings", "teams"]])
def test_an_id_that_does_not_exist(run: Run, database_url: str, command: list[str]) -> None:
    ended = run(*command, "77", TWIZZIT_DATABASE_URL=database_url, TWIZZIT_ENCRYPTION_KEY=ENCRYPTION_KEY)
    assert_one_line(ended, "No credential has the id 77", "twizzit credentials list")


@pytest.mark.parametrize("command", [["sync"], ["history"], ["credentials", "verify"]])
def test_an_id_that_none_can_be(run: Run, database_url: str, command: list[str]) -> None:
    ended = run(*command, "9" * 23, TWIZZIT_DATABASE_URL=database_url, TWIZZIT_ENCRYPTION_KEY=ENCRYPTION_KEY)
    assert_one_line(ended, f"No credential has the id {'9' * 23}", "twizzit credentials list")


@pytest.mark.parametrize(
    ("key", "words"),
    [(None, "TWIZZIT_ENCRYPTION_KEY is not set"), ("   ", "TWIZZIT_ENCRYPTION_KEY is empty")],
)
def test_a_key_that_is_missing_or_empty(run: Run, database_url: str, key: str | None, words: str) -> None:
    environment = {} if key is None else {"TWIZZIT_ENCRYPTION_KEY": key}
    ended = run(
        *ADD,
        "http://127.0.0.1:9/v1",
        stdin="geheim\n",
        TWIZZIT_DATABASE_URL=database_url,
        TWIZZIT_ALLOW_PRIVATE_ENDPOINTS="1",
        **environment,
    )
    assert_one_line(ended, words, "openssl rand -hex 32")
    assert key is None or key not in ended[2]


def test_a_key_that_is_not_the_one_of_the_row(run: Run, database_url: str) -> None:
    environment = {"TWIZZIT_DATABASE_URL": database_url, "TWIZZIT_ALLOW_PRIVATE_ENDPOINTS": "1"}
    code, out, _ = run(
        *ADD, "http://127.0.0.1:9/v1", stdin="geheim", TWIZZIT_ENCRYPTION_KEY=ENCRYPTION_KEY, **environment
    )
    assert code == 0
    ended = run("credentials", "verify", out.strip(), TWIZZIT_ENCRYPTION_KEY="00" * 32)
    assert_one_line(ended, "Password decryption failed", "TWIZZIT_ENCRYPTION_KEY")


@pytest.mark.parametrize(
    "url", [NO_ONE, "postgresql://user:s3cret@/database?host=/nowhere", "mysql://user:s3cret@host/x", "x"]
)
def test_a_database_that_cannot_be_reached(run: Run, url: str) -> None:
    ended = run("credentials", "list", "--json", TWIZZIT_DATABASE_URL=url)
    assert_one_line(ended, "TWIZZIT_DATABASE_URL")
    assert "s3cret" not in ended[2]


def test_a_malformed_setting(run: Run) -> None:
    assert_one_line(run("history", "1", TWIZZIT_REQUEST_TIMEOUT="soon"), "TWIZZIT_REQUEST_TIMEOUT")


def test_an_endpoint_that_does_not_answer(run: Run, database_url: str) -> None:
    environment = {
        "TWIZZIT_DATABASE_URL": database_url,
        "TWIZZIT_ENCRYPTION_KEY": ENCRYPTION_KEY,
        "TWIZZIT_ALLOW_PRIVATE_ENDPOINTS": "1",
        "TWIZZIT_RETRY_ATTEMPTS": "1",
    }
    code, out, _ = run(*ADD, "http://127.0.0.1:9/v2/api", stdin="geheim\n", **environment)
    assert code == 0
    assert_one_line(run("credentials", "verify", out.strip()), "127.0.0.1")


TYPED_WRONG = [
    "https://app..twizzit.com/v1",
    "https://xn--/v1",
    "https://app.twizzit.com:0/v1",
    "https://app.twizzit.com:65536/v1",
    "https://app.twizzit.com: 443/v1",
    "https://[fe80::1%eth0]/v1",
    "https://\u202eapp.twizzit.com/v1",
    "https://" + "a" * 300 + ".com/v1",
    "app.twizzit.com",
]


@pytest.mark.parametrize("endpoint", TYPED_WRONG)
def test_an_endpoint_that_was_typed_wrong(run: Run, endpoint: str) -> None:
    ended = run(*ADD, endpoint, stdin="geheim\n")
    assert_one_line(ended, "The endpoint")
    assert ended[2].strip().isprintable()


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:9/v1",
        "https://10.0.0.7/v2/api",
        "https://[::1]/v1",
        "https://169.254.169.254/v1",
        "http://localhost:9/v1",
        PUBLIC,
    ],
)
def test_private_endpoints_are_refused_before_the_password_is_asked_for(run: Run, endpoint: str) -> None:
    assert_one_line(run(*ADD, endpoint, stdin="geheim\n"), "TWIZZIT_ALLOW_PRIVATE_ENDPOINTS=1")


def test_a_password_that_twizzit_does_not_take(run: Run, database_url: str, simulator: SimulatorServer) -> None:
    environment = {
        "TWIZZIT_DATABASE_URL": database_url,
        "TWIZZIT_ENCRYPTION_KEY": ENCRYPTION_KEY,
        "TWIZZIT_ALLOW_PRIVATE_ENDPOINTS": "1",
    }
    _, out, _ = run(*ADD, simulator.v2_endpoint, stdin="not-the-one\n", **environment)
    ended = run("credentials", "verify", out.strip())
    assert_one_line(ended, "401")
    assert "not-the-one" not in ended[2]


def test_your_own_database_is_migrated_by_you_alone(run: Run, empty_database_url: str) -> None:
    environment = {"TWIZZIT_DATABASE_URL": empty_database_url, "TWIZZIT_ENCRYPTION_KEY": ENCRYPTION_KEY}
    assert_one_line(run("credentials", "list", **environment), "twizzit migrate")
    code, out, err = run("check-migrations")
    assert (code, err) == (1, "")
    assert "twizzit migrate" in out
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("SELECT to_regclass('twizzit_credentials')").fetchone() == (None,)
    code, out, _ = run("migrate")
    assert code == 0
    assert "Applied" in out
    code, out, _ = run("check-migrations")
    assert code == 0, out
    assert run("credentials", "list", "--json")[:2] == (0, "[]\n")
    code, out, _ = run("migrate")
    assert code == 0
    assert "already" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["sync"],
        ["config", "set"],
        ["config", "set", "1", "--all"],
        ["registered"],
        ["sync", "1", "--only", "coaches"],
        ["history", "1", "--limit", "0"],
        ["credentials", "add", "--organization", "x"],
        ["credentials", "add", "--organization", "x", "--username", "u", "--endpoint", PUBLIC, "--password", "p"],
        ["credentials", "add", "--organization", " ", "--username", "u", "--endpoint", PUBLIC],
        ["credentials", "add", "--organization", "x" * 256, "--username", "u", "--endpoint", PUBLIC],
    ],
)
def test_usage_errors(run: Run, arguments: list[str]) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "Usage" in err


@pytest.mark.parametrize("password", ["", "\n", "two\nlines\n", "nul\0"])
def test_what_is_no_password(run: Run, password: str) -> None:
    code, _, err = run(*ADD, "http://127.0.0.1:9/v1", stdin=password, TWIZZIT_ALLOW_PRIVATE_ENDPOINTS="1")
    assert code == 2
    assert "--password-stdin" in err


def test_the_demo_stays_away_from_a_database_in_use(tmp_path: Path, database_url: str) -> None:
    twizzit = CommandLine(tmp_path, TWIZZIT_DATABASE_URL=database_url, TWIZZIT_ENCRYPTION_KEY=ENCRYPTION_KEY)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO clubs (name) VALUES ('KC van een ander')")
        ended = twizzit("demo")
        assert ended.code == 1
        assert ended.err.count("\n") == 1
        assert "TWIZZIT_DATABASE_URL is in use" in ended.err
        assert connection.execute("SELECT count(*) FROM twizzit_credentials").fetchone() == (0,)


def test_opponents_of_the_demo_are_no_use_of_the_database(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(insert(clubs), [{"name": name} for name in ("KC Scheldedal", *OPPONENTS)])
    stage.refuse_a_database_in_use(database, ["KC Scheldedal"])
    with pytest.raises(SettingsError, match="in use"):
        stage.refuse_a_database_in_use(database, ["KC Hoboken"])
