"""What the configuration says of an account's words reaches every client, and errors name the credential."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.simulation import Simulation
from tests.support.sync_world import quick
from twizzit_pipeline.accounts.clients import open_client
from twizzit_pipeline.accounts.live import LiveTwizzit
from twizzit_pipeline.accounts.naming import naming
from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import AccessDenied, MatchTypeNotFound, NotATwizzit
from twizzit_pipeline.scheduling import config
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import Database

ME = Actor("os", "me")


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> Iterator[Simulation]:
    yield Simulation(quick(settings), database, simulate(clubs=1, teams=2, players_per_team=3, other_contacts=0))


def test_live_answers_follow_the_configuration_at_once(world: Simulation) -> None:
    credential_id = world.credential()
    live = LiveTwizzit(world.settings, world.database)

    def calls_of_asking() -> int:
        before = config.read(world.engine, credential_id).calls_this_month
        live.groups(credential_id)
        return config.read(world.engine, credential_id).calls_this_month - before

    assert calls_of_asking() > 0
    assert calls_of_asking() == 0, "the answer is kept"
    config.change(world.engine, credential_id, actor=ME, functions={"Guest": "other"})
    assert calls_of_asking() > 0, "what a word means has changed"
    assert calls_of_asking() == 0
    config.change(world.engine, credential_id, actor=ME, functions={"Guest": None})
    assert calls_of_asking() > 0
    live.close()


def test_what_is_said_of_a_word_is_what_the_client_goes_by(world: Simulation) -> None:
    credential_id = world.credential()
    season = world.simulator.world.running_season
    config.change(world.engine, credential_id, actor=ME, functions={"SPELER": "other"})
    with open_client(world.settings, world.engine, store.get(world.engine, credential_id)) as client:
        listed = next(one for one in client.source.seasons() if one.label == season.label)
        rosters = client.source.rosters(client.source.teams(listed).teams, listed)
    assert rosters.players == ()
    assert {row.reason for row in rosters.set_aside} == {"not_a_player"}


@pytest.mark.parametrize("error", [NotATwizzit, MatchTypeNotFound, AccessDenied])
def test_an_error_that_names_a_command_names_the_credential(error: type[Exception]) -> None:
    said = "none is a match: twizzit config set ID --event-type NAME=match, or twizzit credentials set-club ID CLUB"
    with pytest.raises(error) as raised, naming(7):
        raise error(said)
    now = "none is a match: twizzit config set 7 --event-type NAME=match, or twizzit credentials set-club 7 CLUB"
    assert str(raised.value) == now
