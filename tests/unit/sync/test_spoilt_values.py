"""Odd values anywhere in an answer: a scan ends with rows that add up and can be stored, or one line of error."""

import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache

import pytest
from starlette.exceptions import HTTPException

from tests.support.examples import examples
from tests.support.spoilt import SpoiltSession
from twizzit_pipeline.contracts.checked import Checked
from twizzit_pipeline.contracts.competitions import check_competitions
from twizzit_pipeline.contracts.matches import check_matches
from twizzit_pipeline.contracts.players import check_players
from twizzit_pipeline.contracts.teams import check_teams
from twizzit_pipeline.errors import NotATwizzit, TwizzitPipelineError
from twizzit_pipeline.simulator import SimulatorOptions
from twizzit_pipeline.simulator.generate import make_world
from twizzit_pipeline.simulator.quirks import QUIRKS
from twizzit_pipeline.simulator.world import World
from twizzit_pipeline.transform.competitions import competitions_frame
from twizzit_pipeline.transform.matches import matches_frame
from twizzit_pipeline.transform.players import players_frame
from twizzit_pipeline.transform.teams import teams_frame
from twizzit_pipeline.twizzit.memory import KeptList
from twizzit_pipeline.twizzit.records import Season, SetAside
from twizzit_pipeline.twizzit.v2.dialect import V2

SCANS = 25  # of each path, and of all of them
PATHS = (
    *("/organizations", "/seasons", "/group-types", "/groups", "/contact-functions", "/group-contacts", "/contacts"),
    *("/event-types", "/events"),
)


class InMemory(SpoiltSession):
    """What the simulator refuses (an id that is none) is an error of the client's, as over HTTP."""

    def get(
        self,
        path: str,
        query: Iterable[tuple[str, object]] = (),
        *,
        route: str | None = None,
        kept: KeptList | None = None,
    ) -> object:
        try:
            return super().get(path, list(query), route=route)
        except HTTPException as error:
            raise NotATwizzit("refused", endpoint=path, status=error.status_code) from None


@cache
def world_of(number: int) -> World:
    quirks = frozenset(random.Random(number).sample(QUIRKS, number * 7))
    return make_world(SimulatorOptions(clubs=1, teams=2, players_per_team=3, other_contacts=4, quirks=quirks))


def assert_storable(checked: Checked, aside: Iterable[SetAside] = ()) -> None:
    counts = checked.rows
    assert counts.read == counts.kept + counts.rejected + counts.set_aside
    words = [one for row in aside for one in (row.id, row.team_id, row.word) if one is not None]
    words += [one for found in (*checked.rejected, *checked.set_aside) for one in found if one is not None]
    words += [one for name in checked.valid for one in checked.valid[name].tolist() if isinstance(one, str)]
    assert not [word for word in words if "\x00" in word or word.encode("utf-8", "replace").decode() != word]


def scan(session: SpoiltSession) -> None:
    """Everything that a sync asks of v2, judged."""
    running = session.world.running_season
    season = Season(str(running.id), running.label, running.start, running.end)
    source = V2(session, session.organization.name)  # type: ignore[arg-type]
    source.seasons()
    listed = source.teams(season)
    assert_storable(check_teams(teams_frame(listed.teams)), listed.set_aside)
    rosters = source.rosters(listed.teams, season)
    assert_storable(check_players(players_frame(rosters.players)), (*rosters.set_aside, *rosters.unclear))
    calendar = source.calendar(season, {team.id for team in listed.teams if team.id is not None})
    frame = matches_frame(calendar.matches, now=datetime.now(UTC))
    assert_storable(check_matches(frame, season_start=running.start, season_end=running.end), calendar.set_aside)
    assert_storable(check_competitions(competitions_frame(calendar.competitions)), calendar.competitions_set_aside)
    source.refusals(calendar=True)


def try_to(do: Callable[[SpoiltSession], None], session: SpoiltSession) -> None:
    try:
        do(session)
    except TwizzitPipelineError as error:
        assert "\n" not in str(error)
        assert len(str(error)) < 700
    except Exception as error:
        raise AssertionError(f"{error!r} after {session.done}") from error


@pytest.mark.parametrize("path", [*PATHS, "all"])
def test_odd_values_anywhere_end_no_scan_in_a_traceback(path: str) -> None:
    for seed in range(examples(SCANS)):
        chosen = random.Random(f"{path}/{seed}")
        world = world_of(seed % 4)
        paths = frozenset({path}) & {*PATHS}
        session = InMemory(world, world.organizations[0], chosen, most=chosen.choice((1, 3, 20)), paths=paths)
        try_to(scan, session)
