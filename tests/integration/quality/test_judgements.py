"""Each judgement of the data fails for its own reason, names ids and counts alone, and never fails a sync."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Engine, delete, event, insert, text, update

from tests.support.sync_world import SyncWorld, quick
from tests.support.synced_world import first_sync
from twizzit_pipeline.plan.narrowing import Narrowing
from twizzit_pipeline.quality import mapping_quality, names, scan_quality
from twizzit_pipeline.quality.findings import Finding, Quality
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync.entities.players import map_players, scan_players
from twizzit_pipeline.sync.entities.teams import map_teams, scan_teams
from twizzit_pipeline.sync.reports import MappingReport, ScanReport
from twizzit_pipeline.sync.session import SyncSession

Judged = dict[str, Quality]
Damage = Callable[[], object]

SCANS: tuple[Callable[[SyncSession], ScanReport], ...] = (scan_teams, scan_players)
MAPS: tuple[Callable[[SyncSession], MappingReport], ...] = (map_teams, map_players)


SMALL: dict[str, Any] = {"clubs": 1, "teams": 5, "players_per_team": 6, "other_contacts": 0}


def mend(simulator: SimulatorServer) -> None:
    """Leaves no row to be rejected: one small team's share of them is worth a warning already."""
    world = simulator.world
    rejected = world.truth(world.organizations[0]).rejected
    for number, person in enumerate(rejected["players"]):
        simulator.changes.rename_person(int(person), f"Person {number}", "Mended")
    for number, team in enumerate(rejected["teams"]):
        simulator.changes.rename_team(int(team), f"Mended {number}")


def mended_and_synced(world: SyncWorld) -> None:
    mend(world.simulator)
    first_sync(world)


SYNCED_BY = mended_and_synced


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    made = SyncWorld(quick(settings), database, simulate(**SMALL))
    mend(made.simulator)
    return made


def judge(world: SyncWorld, credential_id: int, *, damage: Damage | None = None, **narrowing: Any) -> Judged:
    """A whole sync, judged step by step as the assets do. `damage`: done after every step, before it is judged."""
    done: Judged = {}
    with world.session(credential_id, narrowing=Narrowing(**narrowing)) as session:
        session.to_map = {"teams", "players"}
        for scan in SCANS:
            scanned = scan(session)
            done[scan.__name__] = scan_quality(session, scanned)
        for bring in MAPS:
            mapped = bring(session)
            if damage is not None:
                damage()
            done[bring.__name__] = mapping_quality(session, mapped)
    return done


def faults(done: Judged) -> dict[tuple[str, str], Finding]:
    """(step, check) → the finding, of checks that do not pass."""
    return {
        (step, check): finding
        for step, quality in done.items()
        for check, finding in quality.findings.items()
        if not finding.fine
    }


def execute(world: SyncWorld, *statements: Any) -> None:
    with world.database.engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_sound_club_has_nothing_to_say_and_every_check_was_judged(world: SyncWorld, club: int) -> None:
    done = judge(world, club)
    assert faults(done) == {}
    scan = {names.FEW_REJECTED, names.VOLUME, names.SET_ASIDE_AS_USUAL, names.NAMESAKES}
    mapping = {names.COMPLETE, names.SOMEWHERE, names.OWNED, names.VOLUME, names.SET_ASIDE_AS_USUAL, names.NAMESAKES}
    mapping.add(names.CONFLICTS)
    assert {step: set(quality.findings) for step, quality in done.items()} == {
        "scan_teams": scan,
        "scan_players": scan,
        "map_teams": mapping,
        "map_players": mapping | {names.REGISTRATION},
    }
    assert {quality.error for quality in done.values()} == {None}
    players = world.rows(tables.player_mappings)
    assert done["map_players"].findings[names.VOLUME].numbers == {
        "rows": len(players),
        "usual": float(len(players)),
        "syncs_compared": 1,
    }


def test_a_judgement_writes_nothing_and_asks_as_much_of_a_large_club_as_of_a_small_one(
    world: SyncWorld, club: int, simulate: Callable[..., SimulatorServer]
) -> None:
    larger = simulate(seed=2, clubs=1, teams=12, players_per_team=9)
    other = world.add_credential(server=larger, organization_name="Another")
    asked = [statements_of_judging(world, credential_id) for credential_id in (club, other)]
    assert asked[0] == asked[1] <= 25


def statements_of_judging(
    world: SyncWorld,
    credential_id: int,
    steps: Sequence[Callable[[SyncSession], ScanReport | MappingReport]] = (*SCANS, *MAPS),
) -> int:
    """How many statements the judgements of a whole sync take; each must be one that only reads."""
    counted = 0

    def count(_: Any, __: Any, statement: str, *___: Any) -> None:
        nonlocal counted
        counted += 1
        assert statement.lstrip().upper().startswith(("SELECT", "SET LOCAL")), statement

    engine: Engine = world.database.engine
    with world.session(credential_id) as session:
        session.to_map = {"teams", "players"}
        for step in steps:
            report = step(session)
            event.listen(engine, "before_cursor_execute", count)
            if isinstance(report, ScanReport):
                scan_quality(session, report)
            if isinstance(report, MappingReport):
                mapping_quality(session, report)
            event.remove(engine, "before_cursor_execute", count)
    return counted


def test_a_mapping_that_is_lost_behind_a_syncs_back_is_an_error(world: SyncWorld, club: int) -> None:
    team, _ = world.roster(1)
    lost = world.rows(tables.team_mappings, twizzit_team_id=str(team))[0]["id"]
    in_team = {row["twizzit_player_id"] for row in world.rows(tables.player_mappings, team_mapping_id=lost)}
    # The players hang on it, and go with it.
    damage = delete(tables.team_mappings).where(tables.team_mappings.c.id == lost)
    found = faults(judge(world, club, damage=lambda: execute(world, damage)))
    incomplete = found["map_teams", names.COMPLETE]
    assert (incomplete.ids, incomplete.grave) == ((str(team),), True)
    # The next step said of every player why they have none, or made them anew in their other team.
    assert ("map_players", names.COMPLETE) not in found
    assert in_team


def test_rows_that_the_step_said_had_failed_are_not_lost(world: SyncWorld) -> None:
    """Two local teams that fit one: none is linked, and that is reported as a doubtful link alone."""
    credential_id = world.add_credential()
    team, people = world.roster(0)
    name = world.club().groups[team].name
    execute(
        world,
        insert(tables.clubs).values(id=900, name=world.club().name),
        *(insert(tables.teams).values(club_id=900, name=f"{name}{spaces}") for spaces in (" ", "  ")),
    )
    done = judge(world, credential_id)
    assert done["map_teams"].findings[names.COMPLETE].fine
    assert done["map_players"].findings[names.COMPLETE].fine
    failed = done["map_players"].findings[names.COMPLETE].numbers["failed_and_said_so"]
    assert 0 < failed <= len(people), "but for those who play in another team too"


def test_a_narrowed_sync_speaks_of_its_team_where_it_has_no_more(world: SyncWorld, club: int) -> None:
    team, _ = world.roster(0)
    others = update(tables.team_mappings).where(tables.team_mappings.c.twizzit_team_id != str(team))
    done = judge(world, club, group_id=str(team), damage=lambda: execute(world, others.values(credential_id=None)))
    said = {(step, name): one.speaks_of for step, quality in done.items() for name, one in quality.findings.items()}
    assert said["scan_teams", names.FEW_REJECTED] == said["map_teams", names.COMPLETE] == "one team"
    assert said["scan_teams", names.VOLUME] == said["scan_players", names.NAMESAKES] == "season"
    assert said["map_teams", names.OWNED] == "credential"
    assert {quality.report_speaks_of for quality in done.values()} == {"one team"}
    # What the others lost is not this team's business; that they have no owner is seen.
    assert {check for _, check in faults(done)} == {names.OWNED}
    assert done["scan_players"].findings[names.VOLUME].numbers["rows"] > 6


def test_no_player_is_missing_where_none_was_to_be_made(world: SyncWorld) -> None:
    done = judge(world, world.add_credential(), create_missing=False)
    assert faults(done) == {}


def test_a_club_that_is_halved_is_a_warning_until_that_is_usual(world: SyncWorld, club: int) -> None:
    teams = [group.id for group in world.club().teams(world.simulator.world.running_season) if group.name]
    for group_id in teams[: -(len(teams) // 2)]:
        world.simulator.changes.remove_team(group_id)
    done = judge(world, club)
    halved = done["scan_teams"].findings[names.VOLUME]
    assert (halved.fine, halved.grave) == (False, False)
    assert halved.numbers == {"rows": len(teams) // 2, "usual": float(len(teams)), "syncs_compared": 1}
    assert not done["scan_players"].findings[names.VOLUME].fine
    # Departing never deletes a mapping.
    assert done["map_teams"].findings[names.VOLUME].fine
    for _ in range(2):
        done = judge(world, club)
    assert done["scan_teams"].findings[names.VOLUME].fine, "two syncs of three found so many"


def test_only_syncs_of_the_same_season_that_ended_well_count(world: SyncWorld, club: int) -> None:
    history = tables.sync_history
    much = {"listed": 1000, "mappings": 1000, "season": world.season}
    common = {"credential_id": club, "sync_type": "teams", "sync_direction": "import", "started_at": text("now()")}
    others: list[dict[str, Any]] = [
        {"status": "success", "details": {**much, "season": "1999-2000"}},
        {"status": "failed", "details": much},
        {"status": "success", "sync_type": "players", "details": much},
        {"status": "success", "details": None},
    ]
    execute(world, *(insert(history).values(**{**common, **other}) for other in others))
    done = judge(world, club)
    assert done["scan_teams"].findings[names.VOLUME].numbers["syncs_compared"] == 1
    assert not faults(done).keys() & {("scan_teams", names.VOLUME), ("map_teams", names.VOLUME)}
    execute(world, *(insert(history).values(**common, status="success", details=much) for _ in range(12)))
    halved = judge(world, club)["map_teams"].findings[names.VOLUME]
    assert (halved.fine, halved.numbers["syncs_compared"], halved.numbers["usual"]) == (False, 10, 1000.0)


def test_two_of_one_name_are_seen_in_the_scan_and_in_shotspot(world: SyncWorld, club: int) -> None:
    first, second = world.roster(0)[1][0], world.roster(2)[1][1]
    world.simulator.changes.rename_person(first, "Zoë", "D'Hondt")
    world.simulator.changes.rename_person(second, "zoe", "d’hondt")
    team, _ = world.roster(0)
    name = str(world.club().groups[team].name)
    twin = world.simulator.changes.add_team(world.club(), f" {name.lower()}  ")
    found = faults(judge(world, club))
    scanned, local = found["scan_players", names.NAMESAKES], found["map_players", names.NAMESAKES]
    assert (set(scanned.ids), scanned.local, scanned.numbers) == ({str(first), str(second)}, False, {"names_shared": 1})
    assert set(local.ids) == {str(world.local_id(one)) for one in (first, second)}
    assert (local.local, local.grave) == (True, False)
    assert set(found["scan_teams", names.NAMESAKES].ids) == {str(team), str(twin)}
    assert set(found["map_teams", names.NAMESAKES].ids) == {str(world.local_id(one, "team")) for one in (team, twin)}
    # One who has left is no namesake.
    execute(world, update(tables.players).where(tables.players.c.id == int(local.ids[0])).values(is_active=False))
    assert ("map_players", names.NAMESAKES) not in faults(judge(world, club))


def test_rejected_rows_are_a_warning_and_then_an_error(world: SyncWorld, club: int) -> None:
    people = list(world.simulator.world.truth(world.club()).players)
    for one in people[:2]:
        world.simulator.changes.rename_person(int(one), None, None)
    found = faults(judge(world, club))
    warned = found["scan_players", names.FEW_REJECTED]
    assert set(warned.ids) >= set(people[:2])
    assert not warned.grave
    assert warned.numbers["share"] == round(len(warned.ids) / warned.numbers["items"], 4)
    for one in people[2:9]:
        world.simulator.changes.rename_person(int(one), None, None)
    assert faults(judge(world, club))["scan_players", names.FEW_REJECTED].grave


def test_a_team_in_another_club_than_the_rest_is_astray(world: SyncWorld, club: int) -> None:
    team, _ = world.roster(0)
    execute(
        world,
        insert(tables.clubs).values(id=900, name="Another club"),
        update(tables.teams).where(tables.teams.c.id == world.local_id(team, "team")).values(club_id=900),
    )
    astray = faults(judge(world, club))["map_teams", names.SOMEWHERE]
    assert (astray.ids, astray.grave) == ((str(team),), True)
    assert astray.reasons["team_of_another_club"] == 1
    # A club that was renamed has taken all of its teams along.
    (own,) = world.rows(tables.clubs, name=world.club().name)
    execute(
        world,
        update(tables.teams).where(tables.teams.c.club_id == 900).values(club_id=own["id"]),
        update(tables.clubs).where(tables.clubs.c.id == own["id"]).values(name="Nieuwe naam"),
    )
    assert ("map_teams", names.SOMEWHERE) not in faults(judge(world, club))


def test_players_whose_mapping_leads_nowhere_are_astray(world: SyncWorld, club: int) -> None:
    """As half an import, a restored backup without constraints, or edits by hand leave them."""
    people = [row["id"] for row in world.rows(tables.player_mappings)[:3]]
    team_mapping = world.rows(tables.team_mappings)[0]["id"]
    mappings = tables.player_mappings
    stranger = world.add_credential(organization_name="Another")
    key = "twizzit_player_mappings_local_player_id_fkey"

    def damage() -> None:
        execute(
            world,
            text(f"ALTER TABLE twizzit_player_mappings DROP CONSTRAINT IF EXISTS {key}"),
            update(mappings).where(mappings.c.id == people[0]).values(team_mapping_id=None),
            update(mappings).where(mappings.c.id == people[1]).values(team_mapping_id=team_mapping),
            update(tables.team_mappings)
            .where(tables.team_mappings.c.id == team_mapping)
            .values(credential_id=stranger),
            update(mappings).where(mappings.c.id == people[2]).values(local_player_id=999_999),
        )

    astray = faults(judge(world, club, damage=damage))["map_players", names.SOMEWHERE]
    assert astray.grave
    assert astray.reasons["without_team_mapping"] == 1
    assert astray.reasons["local_row_gone"] == 1
    assert astray.reasons["team_mapping_of_another_credential"] >= 1
    wanted = {row["twizzit_player_id"] for row in world.rows(mappings) if row["id"] in people}
    assert wanted <= set(astray.ids)
    assert len(astray.ids) == sum(astray.reasons.values())


def test_a_player_deleted_in_shotspot_takes_the_mapping_along_and_is_made_anew(world: SyncWorld, club: int) -> None:
    one = world.roster(0)[1][0]
    execute(world, delete(tables.players).where(tables.players.c.id == world.local_id(one)))
    assert faults(judge(world, club)) == {}
    assert world.player(one)["is_twizzit_registered"]


def test_mappings_whose_credential_is_gone_have_no_owner(world: SyncWorld, club: int) -> None:
    leaver = world.roster(0)[1][0]
    world.simulator.changes.remove_person(leaver)
    execute(world, delete(tables.credentials).where(tables.credentials.c.id == club))
    found = faults(judge(world, world.add_credential()))
    assert set(found) == {("map_players", names.OWNED)}, "what is still listed was adopted"
    assert found["map_players", names.OWNED].ids == (str(leaver),)


def test_a_flag_out_of_step_is_an_error_where_it_keeps_a_player_off_the_pitch(world: SyncWorld, club: int) -> None:
    stranger = {"first_name": "Aaa", "last_name": "Zzz", "is_twizzit_registered": True}
    (own,) = world.rows(tables.clubs, name=world.club().name)
    execute(world, insert(tables.players).values(id=9_000, club_id=own["id"], **stranger))
    unvouched = faults(judge(world, club))["map_players", names.REGISTRATION]
    assert (unvouched.ids, unvouched.local, unvouched.grave) == (("9000",), True, False)
    player_id = world.local_id(world.roster(0)[1][0])
    execute(world, update(tables.players).where(tables.players.c.id == player_id).values(is_twizzit_registered=False))
    kept_off = faults(judge(world, club))["map_players", names.REGISTRATION]
    assert (kept_off.ids, kept_off.grave) == ((str(player_id), "9000"), True)
    assert kept_off.reasons == {"mapped_but_not_registered": 1, "registered_without_mapping": 1}


def test_an_older_season_judges_only_what_it_lists(world: SyncWorld, club: int) -> None:
    execute(world, update(tables.players).values(is_twizzit_registered=False))
    older = sorted(season.label for season in world.simulator.world.seasons_of(world.club()))[0]
    assert older != world.season
    with world.session(club, older) as session:
        session.to_map = {"teams", "players"}
        reports = [step(session) for step in (*SCANS, *MAPS)]
        assert isinstance(reports[-1], MappingReport)
        quality = mapping_quality(session, reports[-1])
    listed = {row["twizzit_player_id"] for row in world.rows(tables.player_mappings)}
    of_all = {names.COMPLETE, names.SOMEWHERE, names.VOLUME, names.SET_ASIDE_AS_USUAL, names.CONFLICTS}
    assert set(quality.findings) == of_all | {names.REGISTRATION}
    found = quality.findings[names.REGISTRATION]
    assert found.speaks_of == "season"
    assert 0 < len(found.ids) < len(listed)


def test_a_season_that_the_account_does_not_have_is_not_judged(world: SyncWorld, club: int) -> None:
    with world.session(club, "1999-2000") as session:
        assert scan_quality(session, scan_teams(session)) == Quality()
        assert mapping_quality(session, map_teams(session)) == Quality()


def test_what_cannot_be_judged_fails_no_sync(world: SyncWorld, club: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with world.session(club) as session:
        session.to_map = {"teams"}
        scan_teams(session)
        report = map_teams(session)
        with world.connected() as other, other.transaction():
            other.execute("LOCK TABLE twizzit_team_mappings IN ACCESS EXCLUSIVE MODE")
            monkeypatch.setattr("twizzit_pipeline.quality._LONGEST", text("SET LOCAL statement_timeout = '50ms'"))
            quality = mapping_quality(session, report)
    assert (quality.error, dict(quality.findings)) == ("DatabaseUnavailable", {})
    assert world.history_of(session.run_id)["teams"].status in {"success", "partial_success"}
