"""What two readings and a question prove: no person who plays, and no team that is there, is taken for gone."""

import itertools
import random
from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.examples import examples
from tests.support.memory_twizzit import MemorySession
from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.plan.departed import Departures, Missing
from twizzit_pipeline.plan.departures import plan_departures, player_departs
from twizzit_pipeline.simulator import SimulatorOptions
from twizzit_pipeline.simulator.generate import make_world
from twizzit_pipeline.simulator.records import Organization
from twizzit_pipeline.simulator.world import World
from twizzit_pipeline.sync.absence import proved
from twizzit_pipeline.sync.scanned import RostersSeen, TeamsSeen
from twizzit_pipeline.twizzit.records import Season
from twizzit_pipeline.twizzit.v2.dialect import V2

SCANS = 300  # of the ways to break a rule of absence that were tried, most show within twenty
PAGED: dict[str, Any] = {"clubs": 1, "teams": 6, "players_per_team": 6, "other_contacts": 70, "tidy": frozenset({1})}
IGNORED = ("contact-ids[]", "group-ids[]", "season-id")


def world_of(**options: Any) -> World:
    return make_world(SimulatorOptions(**{**PAGED, **options}))


def missing(person: str, team: str) -> Missing:
    return Missing(person, 1, 1, {"last_values": {"twizzit_team_id": team, "is_active": True}}, {}, (1,))


def season_of(world: World) -> Season:
    running = world.running_season
    return Season(str(running.id), running.label, running.start, running.end)


def departed(session: MemorySession, mapped: Mapping[str, str], teams: frozenset[str]) -> tuple[set[str], set[str]]:
    """Whom, and which teams, one scan and its questions take for gone, the limit of a fifth included.

    Args:
        mapped: person → team, as an earlier sync left them; `teams`: those that it mapped.
    """
    source = V2(session, session.organization.name)  # type: ignore[arg-type]
    season = season_of(session.world)
    listed = source.teams(season)
    kept = frozenset(str(team.id) for team in listed.teams)
    rosters = source.rosters(listed.teams, season)
    if rosters.failed or not rosters.players:
        return set(), set()
    seen: dict[str, set[str]] = {team: set() for team in kept}
    for player in rosters.players:
        seen[player.team_id].add(str(player.id))
    playing = {team: frozenset(people) for team, people in seen.items()}
    known = {person for people in playing.values() for person in people}
    said = source.still_listed("teams", teams - kept, kept) if teams - kept else {}
    unproved = {team for team, presence in said.items() if presence == "unproved"}
    found = [missing(one, team) for one, team in mapped.items() if one not in known and team not in unproved]
    present = [team for team, presence in said.items() if presence == "present"]
    gone = {team for team, presence in said.items() if presence == "absent"}
    if not found:
        return set(), gone
    kinds = proved(source, season, found, TeamsSeen(kept), RostersSeen(playing), present, known, unproved)
    leaving = plan_departures(Departures(found, kinds, active={1: len(mapped)}), player_departs)
    return {str(change.twizzit_id) for change in leaving.changes}, gone


def everyone(world: World, club: Organization) -> tuple[dict[str, str], frozenset[str]]:
    teams = club.teams(world.running_season)
    players = {str(one.id): str(team.id) for team in teams for one in club.players(team.id)}
    return players, frozenset(str(team.id) for team in teams)


def test_spoiled_answers_let_no_one_go_in_hundreds_of_scans() -> None:
    worlds = [world_of(ignored_filters=frozenset({one} if one else ())) for one in ("", *IGNORED)]
    chosen = random.Random(2026)
    answered = 0
    for number in range(examples(SCANS)):
        world = worlds[number % len(worlds)]
        club = world.organizations[0]
        paths = [path for path in ("/contacts", "/groups", "/group-contacts") if chosen.random() < 0.5]
        session = MemorySession(
            world,
            club,
            chosen,
            shifts=chosen.choice((0.0, 0.5, 1.0)),
            halves=frozenset(paths),
            half_likely=chosen.choice((0.5, 1.0)),
            pattern=chosen.randrange(4),
            fails=chosen.choice((0.0, 0.0, 0.05)),
        )
        try:
            mapped, listed = everyone(world, club)
            if chosen.random() < 0.5:  # they have changed teams since the last sync
                mapped = {one: chosen.choice(sorted(listed)) for one in mapped}
            people, teams = departed(session, mapped, listed)
        except TwizzitPipelineError:
            continue
        answered += 1
        assert (people, teams) == (set(), set()), (number, session.shifts, session.halves, session.pattern)
    assert answered > examples(SCANS) // 4


@pytest.mark.parametrize("ignored", ["", *IGNORED])
def test_who_is_gone_is_found_whatever_the_account_ignores(ignored: str) -> None:
    world = world_of(ignored_filters=frozenset({ignored} if ignored else ()))
    club = world.organizations[0]
    mapped, teams = everyone(world, club)
    leaver, mover = next(iter(mapped)), list(mapped)[12]
    links = next(links for links in club.rosters.values() if any(str(link.contact_id) == leaver for link in links))
    for roster in club.rosters.values():
        roster[:] = [link for link in roster if str(link.contact_id) != leaver]
        if roster is not links:
            roster[:] = [link for link in roster if str(link.contact_id) != mover]
    del club.contacts[int(leaver)]
    session = MemorySession(world, club, random.Random(1))
    people, gone = departed(session, mapped, teams)
    assert people == {leaver} | ({mover} if mover not in {str(one.contact_id) for one in links} else set())
    assert gone == set()


TINY: dict[str, Any] = {"clubs": 1, "teams": 1, "players_per_team": 6, "other_contacts": 0, "tidy": frozenset({1})}


@pytest.mark.parametrize("known", [1, 2, 3])
@pytest.mark.parametrize("ignored", ["", "contact-ids[]"])
def test_of_a_club_of_which_few_are_known_half_an_answer_proves_nothing(known: int, ignored: str) -> None:
    """The same half of every answer is missing; who is asked for stands before, between and after those known."""
    world = make_world(SimulatorOptions(**TINY, ignored_filters=frozenset({ignored} if ignored else ())))
    club = world.organizations[0]
    everyone_known = sorted(str(one) for one in club.contacts)
    for place, pattern in itertools.product(range(known + 1), range(4)):
        there = everyone_known[: known + 1]
        asked = there.pop(place)
        session = MemorySession(world, club, random.Random(1), halves=frozenset({"/contacts"}), pattern=pattern)
        said = V2(session, club.name).still_listed("people", [asked], there)  # type: ignore[arg-type]
        assert said[asked] != "absent", (place, pattern)


@pytest.mark.parametrize("known", [1, 2, 3])
def test_of_a_club_of_which_few_are_known_who_is_gone_is_found(known: int) -> None:
    world = make_world(SimulatorOptions(**TINY))
    club = world.organizations[0]
    there = sorted(str(one) for one in club.contacts)[: known + 1]
    gone = there.pop(0)
    del club.contacts[int(gone)]
    source = V2(MemorySession(world, club, random.Random(1)), club.name)  # type: ignore[arg-type]
    assert source.still_listed("people", [gone], there) == {gone: "absent"}
