"""No password, no token and no key is anywhere that a sync, good or bad, leaves something behind."""

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.support.command_line import CommandLine, Ended
from tests.support.left_behind import ANY_TOKEN, leaks, spellings
from twizzit_pipeline.credentials.key import encryption_keys
from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.simulator.faults import FaultKind
from twizzit_pipeline.storage.engine import open_database
from twizzit_pipeline.sync.entities.teams import scan_teams
from twizzit_pipeline.sync.session import SyncSession

WRONG_PASSWORD = "never-the-right-one-4711"
PASSPHRASE = "correct horse battery staple"


@pytest.fixture
def twizzit(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path, TWIZZIT_ALLOW_PRIVATE_ENDPOINTS="1", TWIZZIT_RETRY_ATTEMPTS="2")


@pytest.fixture
def simulator(simulate: Callable[..., SimulatorServer]) -> SimulatorServer:
    """A small club: as many kinds of rows and answers as in a large one."""
    return simulate(clubs=1, teams=2, players_per_team=3, other_contacts=4)


@pytest.mark.timeout(600)
def test_syncs_leave_no_secret_behind(twizzit: CommandLine, simulator: SimulatorServer, tmp_path: Path) -> None:
    club = simulator.world.organizations[0]
    said: list[Ended] = []

    home = tmp_path / ".twizzit"
    # One server for all commands, each of which would start and stop it.
    with open_database(load_settings(_env_file=None, home=home)):
        tokens = _syncs(twizzit, simulator, said)
    key = encryption_keys(load_settings(_env_file=None, home=home)).current.get_secret_value()
    assert len(tokens) >= 3
    secrets = {"any token": ANY_TOKEN, "password": club.account.password, "wrong password": WRONG_PASSWORD}
    secrets |= {"passphrase": PASSPHRASE, "key": key}
    # Where one of the tokens stands, stands how each begins, however it is spelled.
    assert all(form.startswith(tuple(spellings(ANY_TOKEN))) for token in tokens for form in spellings(token))
    found = leaks(home, {**secrets, "name": club.name}, said)
    assert {one for one in found if one[0] in secrets} == {("key", "encryption.key")}
    assert not any(
        form in (tmp_path / "backup.json").read_bytes() for one in secrets.values() for form in spellings(one)
    )
    # The search does find what is there.
    assert {where for name, where in found if name == "name"} >= {
        "standard output",
        "table public.twizzit_credentials",
    }


def _syncs(twizzit: CommandLine, simulator: SimulatorServer, said: list[Ended]) -> set[str]:
    """All that a vault and its syncs do, good and bad; the tokens that it took. What the commands say is kept."""
    club = simulator.world.organizations[0]

    def run(*arguments: object, stdin: str = "") -> Ended:
        said.append(twizzit(*arguments, stdin=stdin))
        return said[-1]

    def add(endpoint: str, password: str) -> str:
        names = ("--organization", club.name, "--username", club.account.username, "--endpoint", endpoint)
        return run("credentials", "add", *names, "--password-stdin", stdin=password).out.strip()

    credential, wrong = add(simulator.v2_endpoint, club.account.password), add(simulator.v1_endpoint, WRONG_PASSWORD)
    assert run("credentials", "verify", credential).code == 0
    assert run("sync", credential).code == 3
    tokens = set(simulator.accounts._sessions)
    assert run("sync", wrong, "--only", "teams").code == 1
    for fault in ("html", "error_500"):
        simulator.faults.arm(fault, path="/groups", times=None)
        assert run("sync", credential, "--only", "teams").code == 1
        simulator.faults.clear()
    tokens |= set(simulator.accounts._sessions)
    assert run("credentials", "export", "backup.json", "--passphrase-stdin", stdin=PASSPHRASE).code == 0
    assert run("credentials", "rotate-key").code == 0
    assert run("credentials", "import", "backup.json", "--passphrase-stdin", stdin=PASSPHRASE).code == 0
    assert run("audit", "--json").code == 0
    return tokens


def test_no_error_of_a_sync_shows_one(settings: Settings, simulator: SimulatorServer) -> None:
    """Errors, with all that hangs on them, as a careless log would show them: reprs and frames' variables included."""
    from tests.support.sync_world import SyncWorld, quick

    with open_database(settings) as database:
        world = SyncWorld(quick(settings, retry_attempts=2), database, simulator)
        right, wrong = world.add_credential(), world.add_credential(password=SecretStr(WRONG_PASSWORD))
        shown = [repr(settings), repr(database), repr(vars(settings))]
        faults: tuple[tuple[int, FaultKind | None], ...] = (
            (right, "error_500"),
            (right, "html"),
            (right, "cut"),
            (wrong, None),
        )
        for credential_id, fault in faults:
            if fault is not None:
                simulator.faults.arm(fault, path="/groups", times=None)
            session = world.session(credential_id)
            shown += [repr(session), repr(vars(session))]
            shown.append(_error_of(session))
            assert session._client is not None
            shown += [repr(session._client), repr(vars(session._client)), str(session.credential)]
            simulator.faults.clear()
    secrets = [world.club().account.password, WRONG_PASSWORD, *simulator.accounts._sessions]
    secrets.append(settings.encryption_key.get_secret_value() if settings.encryption_key else "")
    assert len(secrets) >= 4
    for text in shown:
        assert not any(secret in text for secret in secrets)
        assert ANY_TOKEN not in text


def _error_of(session: SyncSession) -> str:
    try:
        with session:
            scan_teams(session)
    except TwizzitPipelineError:
        kind, error, trace = sys.exc_info()
        assert kind is not None
        assert error is not None
        captured = traceback.TracebackException(kind, error, trace, capture_locals=True)
        return "".join(captured.format()) + os.linesep + repr(error)
    raise AssertionError("it was to fail")
