"""`twizzit up` whose runs take place elsewhere: what the tests of workers and of Kubernetes ask it, and look at."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import Row, text

from tests.conftest import ENCRYPTION_KEY, settings_with
from tests.support.api_server import JWT_SECRET, token
from tests.support.running_up import RunningUp, running_up
from twizzit_pipeline.credentials import store
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.storage.engine import Database, open_database

CLUBS = 5
OVER = ("SUCCESS", "FAILURE", "CANCELED")

_OPEN = """
    SELECT 'history' FROM twizzit_sync_history WHERE status = 'in_progress'
    UNION ALL SELECT 'lease' FROM twizzit_leases
    UNION ALL SELECT 'request' FROM twizzit_sync_requests WHERE completed_at IS NULL
    UNION ALL SELECT 'run' FROM dagster.runs WHERE status NOT IN ('SUCCESS', 'FAILURE', 'CANCELED')
"""


@dataclass
class RunsElsewhere:
    """`up` over one database and one simulated Twizzit.

    Attributes:
        environment: of every process that takes part, besides what is its own.
    """

    folder: Path
    database: Database
    simulator: SimulatorServer
    environment: dict[str, str]
    up: RunningUp = field(init=False)

    def up_to(self, holds: Callable[[], object], what: str, seconds: float) -> Any:
        """What `holds` returns as soon as that is true."""
        deadline = time.monotonic() + seconds
        while not (found := holds()):
            assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s\n{self.account()}"
            time.sleep(0.5)
        return found

    def account(self) -> str:
        """What all of them said."""
        logs = [f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in self.folder.rglob("*.log")]
        return "\n".join([*logs, self.up.account() if hasattr(self, "up") else ""])

    def rows(self, statement: str, **values: object) -> Sequence[Row[Any]]:
        """What the database answers now."""
        with self.database.engine.connect() as connection:
            return connection.execute(text(statement), values).all()

    def ask(self, kind: str, credential_id: int) -> int:
        """Asks for a sync; the request's id."""
        answer = self.up.ask("POST", f"/sync/{kind}/{credential_id}?queue=true&wait=0")
        assert answer.status_code == 202, answer.text
        return int(answer.json()["requestId"])

    def in_order(self, seconds: float = 300) -> None:
        """Nothing is half done any more."""
        self.up_to(lambda: not self.rows(_OPEN), "everything closed", seconds)

    def silent_sync(self, credential_id: int, seconds: float = 240) -> int:
        """A sync is under way, whose Twizzit is silent: its process, as its own machine numbers it."""
        self.simulator.faults.arm("slow", path="/groups", seconds=seconds)
        self.ask("teams", credential_id)
        wanted = "SELECT holder FROM twizzit_leases WHERE credential_id = :id AND history_id IS NOT NULL"
        found = self.up_to(lambda: self.rows(wanted, id=credential_id), "a sync under way", 90)
        return int(found[0].holder.rpartition("|")[2])

    def run_of(self, credential_id: int) -> str:
        """The run that is under way for a credential."""
        wanted = "SELECT dagster_run_id FROM twizzit_leases WHERE credential_id = :id"
        return str(self.rows(wanted, id=credential_id)[0].dagster_run_id)

    def terminate(self, run_id: str) -> None:
        """Ends a run as the UI does."""
        mutation = """mutation ($id: String!) { terminateRun(runId: $id) { __typename } }"""
        body = {"query": mutation, "variables": {"id": run_id}}
        answer = httpx.post(f"{self.up.urls['ui']}/graphql", json=body, timeout=30, trust_env=False, verify=False)
        assert answer.json()["data"]["terminateRun"]["__typename"] == "TerminateRunSuccess", answer.text

    def end_of(self, credential_id: int, after: int, seconds: float = 300) -> tuple[str, str, str]:
        """Status, error and status of the run of a credential's sync after that row of the history, waited for."""

        def found() -> list[tuple[str, str, str]]:
            ended = [each[1:] for each in self.ended_after(after) if each[0] == credential_id]
            held = self.rows("SELECT 1 FROM twizzit_leases WHERE credential_id = :id", id=credential_id)
            return [each for each in ended if not held and each[0] != "in_progress" and each[2] in OVER]

        [ended] = self.up_to(found, f"the end of the sync of {credential_id}", seconds)
        return tuple(ended)

    def cancel(self, request_id: int) -> None:
        """Takes back a request that waits."""
        answer = self.up.ask("DELETE", f"/sync/requests/{request_id}")
        assert answer.status_code == 200, answer.text
        [request] = self.rows("SELECT status FROM twizzit_sync_requests WHERE id = :id", id=request_id)
        assert request.status == "cancelled"

    def last(self) -> int:
        """The newest row of the history."""
        return int(self.rows("SELECT coalesce(max(id), 0) FROM twizzit_sync_history")[0][0])

    def ended_after(self, history_id: int) -> list[tuple[int, str, str, str]]:
        """Credential, status, error and the status of the run, of the history after that row."""
        found = self.rows(
            "SELECT credential_id, history.status AS ended, coalesce(error_message, '') AS said, runs.status AS run"
            " FROM twizzit_sync_history history LEFT JOIN dagster.runs ON runs.run_id = dagster_run_id"
            " WHERE history.id > :id ORDER BY history.id",
            id=history_id,
        )
        return [(row.credential_id, row.ended, row.said, row.run) for row in found]

    def syncs_again(self, credential_id: int) -> None:
        """The next sync of a credential succeeds; what others do meanwhile, or an attempt before, does not count."""
        self.simulator.faults.clear()
        after = self.last()
        self.ask("teams", credential_id)
        self.in_order()
        ended = [each for each in self.ended_after(after) if each[0] == credential_id]
        assert ended and ended[-1][1] in ("success", "partial_success"), ended
        assert ended[-1][3] == "SUCCESS", ended


@contextmanager
def synced_clubs(folder: Path, url: str) -> Iterator[tuple[Database, SimulatorServer]]:
    """The database, and the Twizzit of the clubs whose credentials it holds."""
    with ExitStack() as stack:
        options = SimulatorOptions(clubs=CLUBS, teams=3, players_per_team=4)
        simulator = stack.enter_context(SimulatorServer(options))
        database = stack.enter_context(open_database(settings_with(url, folder / "up" / "home")))
        for club in simulator.world.organizations[:CLUBS]:
            store.add(
                database.engine,
                SecretStr(ENCRYPTION_KEY),
                organization_name=club.name,
                api_username=club.account.username,
                password=SecretStr(club.account.password),
                api_endpoint=simulator.v2_endpoint,
            )
        yield database, simulator


@contextmanager
def up_elsewhere(machines: RunsElsewhere) -> Iterator[None]:
    """Starts `up` for these; at the end it is gone."""
    home = machines.folder / "up" / "home"
    home.parent.mkdir(exist_ok=True)
    with running_up(home, demo=False, environment=machines.environment) as machines.up:
        machines.up.token = token("admin")
        yield


def environment_of(url: str, launcher: str) -> dict[str, str]:
    """What all parts need."""
    return {
        "TWIZZIT_DATABASE_URL": url,
        "TWIZZIT_ENCRYPTION_KEY": ENCRYPTION_KEY,
        "TWIZZIT_ALLOW_PRIVATE_ENDPOINTS": "1",
        "JWT_SECRET": JWT_SECRET,
        "TWIZZIT_RUN_LAUNCHER": launcher,
        "TWIZZIT_CONCURRENT_RUNS": "4",
        "TWIZZIT_STEP_RETRY_SECONDS": "2",
    }
