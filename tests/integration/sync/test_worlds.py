"""For every world that the simulator can be: the rows add up, ShotSpot holds the truth, a second sync writes nothing.

What belongs here: what holds for any habits of an account, a few together, all at once, and sets that are drawn.
That each by itself is read rightly is in `tests/integration/twizzit` (`test_truth.py`, `test_calendar.py`).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as drawing
from hypothesis import strategies as st

from tests.conftest import settings_with
from tests.support.calendar_world import EVERYTHING, assert_calendar, assert_competition_teams, games
from tests.support.sync_world import ENTITIES, WRITTEN_BY_A_SYNC, Synced, SyncWorld, quick
from tests.support.synced_world import NewDatabase
from twizzit_pipeline.cli.output.terminal import belgian
from twizzit_pipeline.queries.fixtures import match_mappings_of
from twizzit_pipeline.runs.asides import REASONS, counts_of, set_aside_of
from twizzit_pipeline.simulator import SimulatorOptions, SimulatorServer
from twizzit_pipeline.simulator.calendar_truth import CalendarTruth, calendar_truth
from twizzit_pipeline.simulator.clubs import OPPONENTS
from twizzit_pipeline.simulator.generate import make_world
from twizzit_pipeline.simulator.quirks import QUIRKS, Quirk
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import open_database
from twizzit_pipeline.sync.unknown_words import unknown_words_of

SMALL: dict[str, Any] = {"clubs": 1, "teams": 3, "players_per_team": 4, "other_contacts": 5}
DIALECTS = ("v2", "v1")
# Everything that a sync writes, but for its history and the counts of its calls.
WRITTEN = (
    *WRITTEN_BY_A_SYNC,
    tables.competitions,
    tables.games,
    tables.competition_teams,
    tables.competition_mappings,
    tables.match_mappings,
    tables.opponents,
    tables.twizzit_competitions,
    tables.twizzit_matches,
)

# Habits that are options rather than quirks: each with the values that it can have.
HABITS: dict[str, tuple[Any, ...]] = {
    "login_answer": ("valid-till", "expires_in"),
    "above_limit": ("cut", "refuse"),
    "missing_scope": ("refuse", "empty"),
    "organization_keys": ("plain", "prefixed"),
    "team_type_id": (1, 17),
    "group_contacts": ("links", "whole"),
    "group_contacts_paged": (False, True),
    "name_keys": ("kebab", "snake", "camel", "lower"),
    "next_season": ("none", "empty", "filled"),
    "v1_rows_per_page": (None, 3),
    "seed": (2026, 7, 11),
}
ODD_FUNCTION, ODD_STATUS = "Zwaluw", "Nog te homologeren"
FILTERS = ("group-type", "season-id", "season-ids[]", "group-ids[]", "contact-ids[]", "event-type-id")

quirk_sets = st.sets(st.sampled_from(QUIRKS))
habits = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.sampled_from(values) for name, values in HABITS.items()},
        "ignored_filters": st.sets(st.sampled_from(FILTERS)).map(frozenset),
    },
)


def check_world(new_database: NewDatabase, dialect: str, quirks: Iterable[Quirk], **more: Any) -> None:
    """Syncs a world of these habits twice, whole, and holds it against its truth."""
    options = SimulatorOptions(**{**SMALL, **more}, quirks=frozenset(quirks))
    with ExitStack() as opened:
        home = Path(opened.enter_context(TemporaryDirectory()))
        settings = quick(settings_with(opened.enter_context(new_database()), home))
        database = opened.enter_context(open_database(settings))
        world = SyncWorld(settings, database, opened.enter_context(SimulatorServer(options)))
        credential_id = world.add_credential(dialect=dialect)

        synced = world.sync(credential_id, steps=EVERYTHING)

        world.assert_truth(credential_id)
        assert_calendar(world, credential_id, dialect)
        assert_competition_teams(world)
        calendar = calendar_truth(world.simulator.world, world.club(), friendlies=dialect == "v2")
        assert_rows_add_up(world, synced, calendar, dialect, filtered=not options.ignored_filters)
        assert_no_other_plays(world, dialect)
        assert_no_club_but_real_ones(world)
        assert_hours(world, calendar)
        before = world.dump(WRITTEN)
        again = world.sync(credential_id, steps=EVERYTHING)
        assert world.dump(WRITTEN) == before
        assert {name: row.details["rows"] for name, row in again.history.items()} == {
            name: row.details["rows"] for name, row in synced.history.items()
        }


def assert_rows_add_up(
    world: SyncWorld, synced: Synced, calendar: CalendarTruth, dialect: str, *, filtered: bool
) -> None:
    """Read = kept + rejected + set aside, with a known reason for each; and the numbers are the truth's."""
    truth = world.simulator.world.truth(world.club(), dialect="v1" if dialect == "v1" else "v2")
    kept = {
        "teams": len(truth.teams),
        "players": sum(len(player.team_ids) for player in truth.players.values()),
        "competitions": len(calendar.competitions),
        "matches": len(calendar.matches),
    }
    aside = {}
    assert set(synced.history) == set(ENTITIES)
    for entity, row in synced.history.items():
        counts = counts_of(row.details)
        assert counts is not None
        assert counts.read == counts.kept + counts.rejected + counts.set_aside, entity
        assert counts.kept == kept[entity], entity
        rows = set_aside_of(row.details)
        assert sum(one.count for one in rows) == counts.set_aside, entity
        assert {one.reason for one in rows} <= set(REASONS), entity
        aside[entity] = Counter({one.reason: 0 for one in rows})
        for one in rows:
            aside[entity][one.reason] += one.count
    said = {one.word for row in synced.history.values() for one in set_aside_of(row.details) if one.word}
    assert not any(word.isdigit() for word in said), "a season is called by its label"
    assert aside["matches"]["opponent_unknown"] == len(calendar.set_aside)
    assert set(synced.history["matches"].details["rejected"]) <= {"home_name_present", "away_name_present"}
    warnings = synced.history["matches"].details["warnings"]
    for rule, ids in (("score_readable", calendar.unread_scores), ("status_known", calendar.unknown_statuses)):
        assert warnings.get(rule, {"count": 0})["count"] == len(ids), rule
    words = {one.word: one.count for row in synced.history.values() for one in unknown_words_of(row.details)}
    unclear = sum(reason == "function: unknown" for reason in truth.rejected["players"].values())
    assert words == +Counter({ODD_STATUS: len(calendar.unknown_statuses), ODD_FUNCTION: unclear})
    if filtered and dialect == "v2":
        assert aside["players"] == truth.set_aside
        assert not aside["teams"]


def assert_no_other_plays(world: SyncWorld, dialect: str) -> None:
    """Coaches, last year's players and people of no function that plays are none of ShotSpot's players."""
    truth = world.simulator.world.truth(world.club(), dialect="v1" if dialect == "v1" else "v2")
    assert {row["twizzit_player_id"] for row in world.rows(tables.player_mappings)} == set(truth.players)
    assert len(world.rows(tables.players)) == len(truth.players)


def assert_no_club_but_real_ones(world: SyncWorld) -> None:
    """No club is called after a bye, a winner to come or a tournament, and each is made once."""
    names = [row["name"] for row in world.rows(tables.clubs)]
    assert sorted(names) == sorted({*names})
    assert set(names) <= {world.club().name, *OPPONENTS}


def assert_hours(world: SyncWorld, calendar: CalendarTruth) -> None:
    hours = {one.twizzit_match_id: one.hour_known for one in match_mappings_of(world.database.engine)}
    assert hours == {id_: match.hour_known for id_, match in calendar.matches.items()}
    dayless = {belgian(calendar.matches[id_].starts_at)[-14:] for id_, known in hours.items() if not known}
    assert dayless <= {"hour not known"}
    assert len(games(world)) == len(hours)


# Those that v1 has as well, apart from names and from what a match says.
OF_BOTH_WIRES: tuple[Quirk, ...] = ("entities_in_names", "digit_keys", "session_ends_403", "empty_204", "season_labels")
# Five or six at a time, which stand far from each other in the list: how events are written, what a match is, the
# rest. Neighbours may hide each other: two ways to write a score, two answers that say that there is nothing.
_APART = 5
FEW = [QUIRKS[place::_APART] for place in range(_APART)]


@pytest.mark.parametrize("quirks", FEW, ids=", ".join)
def test_a_sync_ends_with_the_truth_under_each_quirk(new_database: NewDatabase, quirks: Sequence[Quirk]) -> None:
    check_world(new_database, "v2", quirks)


def test_a_sync_of_v1_ends_with_the_truth_under_the_quirks_of_its_wire(new_database: NewDatabase) -> None:
    check_world(new_database, "v1", OF_BOTH_WIRES)


def test_the_truth_of_small_worlds_has_what_the_habits_are_about() -> None:
    """Otherwise nothing is proven by these worlds: each kind of row that does not come is in them."""
    world = make_world(SimulatorOptions(**SMALL, quirks=frozenset(QUIRKS)))
    truth = world.truth(world.organizations[0])
    assert {reason for reason, count in truth.set_aside.items() if count} >= {"other_season", "not_a_player"}
    assert "function: unknown" in truth.rejected["players"].values()
    calendar = calendar_truth(world, world.organizations[0])
    assert calendar.set_aside
    assert calendar.unread_scores
    assert calendar.unknown_statuses
    assert any(match.other_team_id for match in calendar.matches.values())
    assert not all(match.hour_known for match in calendar.matches.values())
    plain = make_world(SimulatorOptions(**SMALL, quirks=frozenset({"tournament_names"})))
    assert calendar_truth(plain, plain.organizations[0]).rejected


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_sync_ends_with_the_truth_under_all_quirks(new_database: NewDatabase, dialect: str) -> None:
    check_world(new_database, dialect, QUIRKS)


@drawing(
    max_examples=6,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(dialect=st.sampled_from(DIALECTS), quirks=quirk_sets, more=habits)
def test_a_sync_ends_with_the_truth_of_any_world(
    new_database: NewDatabase, dialect: str, quirks: set[Quirk], more: dict[str, Any]
) -> None:
    check_world(new_database, dialect, quirks, **more)
