"""docs/trust.md, played: every command of it does and prints what the page says. Written anew by: pytest --renew."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.support.api_server import JWT_SECRET
from tests.support.command_line import CommandLine, command_line_on
from tests.support.played_page import Step, change_of, page_of, play, renewed, settled
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.storage.engine import Database

PAGE = Path(__file__).parents[2] / "docs" / "trust.md"
WORLD = SimulatorOptions(clubs=1, teams=3, players_per_team=8, other_contacts=2, tidy=frozenset({1}))

pytestmark = [pytest.mark.dagster_tables, pytest.mark.timeout(600)]


@pytest.fixture
def simulator() -> Iterator[SimulatorServer]:
    with SimulatorServer(WORLD) as server:
        yield server


@pytest.fixture
def twizzit(tmp_path: Path, database_url: str, simulator: SimulatorServer) -> CommandLine:
    """The command line of a club's administrator, with the one credential that there is."""
    line = command_line_on(tmp_path, database_url, JWT_SECRET=JWT_SECRET, COLUMNS="100")
    [club] = simulator.world.organizations
    added = line(
        *("credentials", "add", "--organization", club.name, "--username", club.account.username),
        *("--endpoint", simulator.v2_endpoint, "--password-stdin"),
        stdin=club.account.password,
    )
    assert added.code == 0, added.err
    return line


def test_the_page_says_what_happens(
    twizzit: CommandLine, simulator: SimulatorServer, database: Database, request: pytest.FixtureRequest
) -> None:
    def run(command: str) -> str:
        ended = twizzit(*shlex.split(command)[1:])
        said = ended.out if ended.code in (0, 3) else ended.out + ended.err
        return "".join(f"{line.rstrip()}\n" for line in said.splitlines())

    def act(step: Step) -> None:
        if step.kind == "twizzit":
            change = change_of(step)
            simulator.changes.named()[change.pop("change")](**change)
        elif step.kind == "shotspot":
            with database.engine.begin() as connection:
                assert connection.execute(text(step.what)).rowcount == 1
        else:
            ended = twizzit(*shlex.split(step.what))
            assert ended.code in (0, 3), ended.err

    page = page_of(PAGE)
    said = play(page, run, act)
    assert said
    if request.config.getoption("--renew"):
        PAGE.write_text(renewed(page, said), encoding="utf-8")
    for block, now in said:
        assert settled(now) == settled(block.text)
