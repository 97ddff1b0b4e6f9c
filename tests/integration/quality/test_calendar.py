"""Each judgement of competitions and matches fails for its own reason, over ShotSpot's games and not the scan alone."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import delete, insert, text, update

from tests.integration.quality.test_judgements import execute, faults, statements_of_judging
from tests.support.explained import compares_each_with_each, nodes, plans_of
from tests.support.sync_world import STEPS, SyncWorld
from tests.support.synced_world import first_sync
from twizzit_pipeline.plan.narrowing import Narrowing
from twizzit_pipeline.quality import mapping_quality, names, scan_quality
from twizzit_pipeline.quality.findings import Quality
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.simulator.calendar_truth import calendar_truth
from twizzit_pipeline.storage import tables
from twizzit_pipeline.sync.entities.competitions import map_competitions, scan_competitions
from twizzit_pipeline.sync.entities.matches import map_matches, scan_matches
from twizzit_pipeline.sync.reports import MappingReport, ScanReport

CALENDAR = (scan_competitions, scan_matches, map_competitions, map_matches)
Row = dict[str, Any]


SMALL: dict[str, Any] = {
    "clubs": 1,
    "teams": 3,
    "players_per_team": 2,
    "other_contacts": 0,
    "tidy": frozenset({1}),
}
SYNCED_BY = partial(first_sync, steps=(*STEPS, *CALENDAR))


def judge(
    world: SyncWorld, credential_id: int, damage: Mapping[str, Callable[[], object]] | None = None
) -> dict[str, Quality]:
    """The calendar, judged step by step as the assets do. `damage`: step → done after it, before it is judged."""
    done: dict[str, Quality] = {}
    with world.session(credential_id) as session:
        session.to_map = {"competitions", "matches"}
        for step in CALENDAR:
            report = step(session)
            (damage or {}).get(step.__name__, lambda: None)()
            if isinstance(report, ScanReport):
                done[step.__name__] = scan_quality(session, report)
            else:
                done[step.__name__] = mapping_quality(session, report)
    return done


def games(world: SyncWorld, team_place: int = 0) -> list[tuple[str, Row]]:
    """The scheduled games of one of the club's teams, with their remote ids, the first first."""
    mapped = {row["local_game_id"]: row["twizzit_match_id"] for row in world.rows(tables.match_mappings)}
    team_id = world.local_id(world.club().teams(world.simulator.world.running_season)[team_place].id, "team")
    found = [
        (mapped[row["id"]], row)
        for row in world.rows(tables.games)
        if team_id in (row["home_team_id"], row["away_team_id"]) and row["status"] == "scheduled"
    ]
    return sorted(found, key=lambda one: one[1]["date"])


def test_a_sound_calendar_has_nothing_to_say_and_every_check_was_judged(world: SyncWorld, club: int) -> None:
    done = judge(world, club)
    assert faults(done) == {}
    scan = {names.FEW_REJECTED, names.VOLUME, names.SET_ASIDE_AS_USUAL}
    mapping = {
        names.COMPLETE,
        names.SOMEWHERE,
        names.OWNED,
        names.VOLUME,
        names.SET_ASIDE_AS_USUAL,
        names.CONFLICTS,
    }
    assert {step: set(quality.findings) for step, quality in done.items()} == {
        "scan_competitions": scan,
        "scan_matches": scan | {names.HAVE_MATCHES},
        "map_competitions": mapping,
        "map_matches": mapping | {names.TWO_CLUBS, names.IN_SEASON, names.ONE_AT_A_TIME},
    }
    assert {quality.error for quality in done.values()} == {None}
    truth = calendar_truth(world.simulator.world, world.club())
    # Each is compared with its own past, though both are recorded under one type.
    for step, count in (("competitions", len(truth.competitions)), ("matches", len(truth.matches))):
        for done_by in (f"scan_{step}", f"map_{step}"):
            numbers = done[done_by].findings[names.VOLUME].numbers
            assert numbers == {"rows": count, "usual": float(count), "syncs_compared": 1}


def test_a_large_calendar_is_judged_by_as_many_statements(
    world: SyncWorld, club: int, simulate: Callable[..., SimulatorServer]
) -> None:
    larger = simulate(seed=2, clubs=1, teams=9, players_per_team=1)
    other = world.add_credential(server=larger, organization_name="Another")
    world.sync(other)
    asked = [statements_of_judging(world, credential_id, CALENDAR) for credential_id in (club, other)]
    assert asked[0] == asked[1] <= 25


def test_games_that_cannot_be_played_are_reported_however_they_were_moved(world: SyncWorld, club: int) -> None:
    (outside, game), (_, first), (_, second), (_, off), *_ = games(world)
    world.change(tables.games, game["id"], date=datetime(2027, 6, 30, 22, 30, tzinfo=UTC))  # half past midnight there
    world.change(tables.games, second["id"], date=first["date"] + timedelta(minutes=89))
    world.change(tables.games, off["id"], date=first["date"], status="cancelled")
    found = faults(judge(world, club))
    assert set(found) == {("map_matches", names.IN_SEASON), ("map_matches", names.ONE_AT_A_TIME)}
    late, clash = found["map_matches", names.IN_SEASON], found["map_matches", names.ONE_AT_A_TIME]
    assert (late.ids, late.local, late.grave) == ((outside,), False, False)
    assert (set(clash.ids), clash.local) == ({str(first["id"]), str(second["id"])}, True)
    assert clash.reasons == {"the_same_two_teams": 0, "a_team_in_two_matches": 1}
    world.change(tables.games, second["id"], date=first["date"] + timedelta(minutes=90))
    world.change(tables.games, game["id"], date=datetime(2027, 6, 30, 21, 30, tzinfo=UTC))
    assert faults(judge(world, club)) == {}
    for one in (first, second):  # a day alone, in Belgium: when on it is not known
        world.change(tables.games, one["id"], date=datetime(2027, 5, 1, 22, 0, tzinfo=UTC))
    assert faults(judge(world, club)) == {}
    (own,) = world.rows(tables.clubs, name=world.club().name)
    for side in ("home", "away"):  # two opponents of which the club alone is known are two
        of_others = update(tables.games).where(tables.games.c[f"{side}_club_id"] != own["id"])
        execute(world, of_others.values({f"{side}_team_id": None}))
    assert faults(judge(world, club)) == {}


def test_a_match_that_is_there_twice_is_reported_as_that(world: SyncWorld, club: int) -> None:
    """As the credential of the other club makes it, or a user who typed it in."""
    _, game = games(world)[0]
    midnight = datetime(2027, 5, 1, 22, 0, tzinfo=UTC)
    world.change(tables.games, game["id"], date=midnight)
    again = {**game, "id": 9_000, "competition_id": None, "date": midnight}
    execute(world, insert(tables.games).values(**again))
    clash = faults(judge(world, club))["map_matches", names.ONE_AT_A_TIME]
    assert set(clash.ids) == {str(game["id"]), "9000"}
    assert clash.reasons == {"the_same_two_teams": 1, "a_team_in_two_matches": 0}


def test_a_competition_without_matches_and_lost_mappings_are_reported(world: SyncWorld, club: int) -> None:
    (lost, _), *_ = games(world)
    (season,) = world.rows(tables.twizzit_seasons, credential_id=club, label=world.season)
    empty = {
        "credential_id": club,
        "season_id": season["id"],
        "twizzit_competition_id": "999",
        "name": "Reeks",
        "competition_type": "league",
        "start_date": season["start_date"],
    }
    taken = delete(tables.match_mappings).where(tables.match_mappings.c.twizzit_match_id == lost)
    damage = {
        "scan_matches": lambda: execute(world, insert(tables.twizzit_competitions).values(**empty)),
        "map_matches": lambda: execute(world, taken),
    }
    found = faults(judge(world, club, damage))
    assert set(found) == {("scan_matches", names.HAVE_MATCHES), ("map_matches", names.COMPLETE)}
    assert (found["scan_matches", names.HAVE_MATCHES].ids, found["map_matches", names.COMPLETE].ids) == (
        ("999",),
        (lost,),
    )
    assert found["map_matches", names.COMPLETE].grave


def test_a_club_that_meets_itself_is_no_game_and_a_game_of_others_is_astray(world: SyncWorld, club: int) -> None:
    (first, game), (_, other), (_, of_two_teams), *_ = games(world)
    (own,) = world.rows(tables.clubs, name=world.club().name)
    teams = [
        world.local_id(world.club().teams(world.simulator.world.running_season)[place].id, "team") for place in (0, 1)
    ]
    within = {"home_club_id": own["id"], "away_club_id": own["id"]}
    execute(
        world,
        text("ALTER TABLE games DROP CONSTRAINT games_clubs_differ_check"),
        update(tables.games).where(tables.games.c.id == game["id"]).values(**within, home_team_id=None),
        update(tables.games)
        .where(tables.games.c.id == of_two_teams["id"])
        .values(**within, home_team_id=teams[0], away_team_id=teams[1]),
        insert(tables.clubs).values([{"id": 900, "name": "Elders"}, {"id": 901, "name": "Ergens"}]),
        update(tables.games)
        .where(tables.games.c.id == other["id"])
        .values(home_club_id=900, away_club_id=901, status="in_progress"),
    )
    found = faults(judge(world, club))
    two_clubs, astray = found["map_matches", names.TWO_CLUBS], found["map_matches", names.SOMEWHERE]
    assert two_clubs.ids == (first,), "two teams of one club are two sides"
    assert two_clubs.reasons == {"in_shotspot": 1}
    assert two_clubs.grave
    assert len(astray.ids) == 1
    assert astray.reasons == {"game_of_other_clubs": 1}


def test_a_match_that_is_set_aside_is_accounted_for(world: SyncWorld, club: int) -> None:
    (_, game), *_ = games(world)
    (own,) = world.rows(tables.clubs, name=world.club().name)
    team = world.local_id(world.club().teams(world.simulator.world.running_season)[1].id, "team")
    opponent = game["away_club_id"] if game["home_club_id"] == own["id"] else game["home_club_id"]
    execute(
        world,
        text("ALTER TABLE games ADD CONSTRAINT older CHECK (home_club_id <> away_club_id)"),
        update(tables.opponents).where(tables.opponents.c.club_id == opponent).values(club_id=own["id"], team_id=team),
        delete(tables.match_mappings),
    )
    judged = judge(world, club)
    assert judged["map_matches"].findings[names.COMPLETE].fine
    assert ("map_matches", names.TWO_CLUBS) not in faults(judged)


def test_mappings_whose_credential_is_gone_are_adopted_but_for_what_vanished(world: SyncWorld, club: int) -> None:
    (vanished, _), *_ = games(world)
    world.simulator.changes.remove_match(int(vanished))
    execute(world, delete(tables.credentials).where(tables.credentials.c.id == club))
    again = world.add_credential()
    world.sync(again)
    found = faults(judge(world, again))
    assert set(found) == {("map_matches", names.OWNED)}
    assert found["map_matches", names.OWNED].ids == (vanished,)


def test_a_competition_of_another_organization_is_not_this_one_s_to_adopt(world: SyncWorld, club: int) -> None:
    """A game against a club whose credential was deleted is in that club's competition, with its own id."""
    (_, game), *_ = games(world)
    theirs = {"twizzit_organization_id": "999", "twizzit_competition_id": "1", "credential_id": None}
    (known, *_) = world.rows(tables.competitions)
    (mapping, *_) = world.rows(tables.competition_mappings)
    execute(
        world,
        insert(tables.competitions).values({**known, "id": 900}),
        insert(tables.competition_mappings).values({**mapping, **theirs, "id": 900, "local_competition_id": 900}),
        update(tables.games).where(tables.games.c.id == game["id"]).values(competition_id=900),
    )
    assert faults(judge(world, club)) == {}
    organization = tables.competition_mappings.c.twizzit_organization_id
    execute(world, update(tables.competition_mappings).values({organization: mapping["twizzit_organization_id"]}))
    assert set(faults(judge(world, club))) == {("map_competitions", names.OWNED)}


def test_a_narrowed_sync_is_judged_as_a_whole_calendar(world: SyncWorld, club: int) -> None:
    with world.session(club, narrowing=Narrowing(group_id=str(world.roster()[0]))) as session:
        for step in CALENDAR:
            report = step(session)
            if isinstance(report, MappingReport):
                quality = mapping_quality(session, report)
                assert quality.error is None
                assert quality.findings[names.COMPLETE].fine


def test_what_is_missing_is_not_looked_for_row_by_row(world: SyncWorld, club: int) -> None:
    """On tables without statistics, of which PostgreSQL expects one row each."""
    with plans_of(world.database.engine) as plans:
        judge(world, club)
    without = [(said, one) for said, plan in plans for one in nodes(plan) if one.get("Join Type") == "Anti"]
    assert [said for said, one in without if one["Node Type"] == "Nested Loop" and compares_each_with_each(one)] == []
    assert any("EXCEPT" in said for said, _ in plans)
