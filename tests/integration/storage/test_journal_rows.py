"""Who looks up the entries of the journal about one row reads those alone, however long the journal is."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text, true

from tests.support.explained import Plan, nodes, plans_of
from twizzit_pipeline.queries.journal import changes
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync.state.left_behind import players_left_behind

ENTRIES = 30_000
_FILL = (
    "INSERT INTO clubs (id, name) VALUES (1, 'KC')",
    "INSERT INTO teams (id, club_id, name) VALUES (1, 1, 'A'), (2, 1, 'B')",
    "INSERT INTO players (id, club_id, team_id, first_name, last_name) VALUES (7, 1, 2, 'An', 'Peeters')",
    "INSERT INTO twizzit_credentials (id, organization_name, api_username, encrypted_password, encryption_iv)"
    " VALUES (1, 'KC', 'u', '0', '0')",
    "INSERT INTO twizzit_team_mappings (id, local_team_id, twizzit_team_id) VALUES (1, 1, '10')",
    "INSERT INTO twizzit_player_mappings (id, local_player_id, twizzit_player_id, team_mapping_id)"
    " VALUES (9, 7, '70', 1)",
    "INSERT INTO twizzit_sync_changes (credential_id, table_name, row_id, action, before, after)"
    " SELECT 1, (ARRAY['players', 'twizzit_player_mappings', 'twizzit_team_mappings', 'teams'])[1 + n % 4], n / 4,"
    " 'update', '{}', '{\"local_team_id\": 2}'"
    f" FROM generate_series(1, {ENTRIES}) AS n",
    "ANALYZE",
)


@pytest.fixture
def filled(database: Database) -> Iterator[Database]:
    with database.engine.begin() as connection:
        for statement in _FILL:
            connection.execute(text(statement))
    yield database


def test_what_has_no_name_of_its_own_gets_none_of_a_match_with_the_same_id(database: Database) -> None:
    with database.engine.begin() as connection:
        for statement in (
            "INSERT INTO twizzit_credentials (id, organization_name, api_username, encrypted_password, encryption_iv)"
            " VALUES (1, 'KC', 'u', '0', '0')",
            "INSERT INTO clubs (id, name) VALUES (1, 'KC'), (2, 'KV')",
            "INSERT INTO games (id, home_club_id, away_club_id, date) VALUES (5, 1, 2, now())",
            "INSERT INTO twizzit_match_mappings (credential_id, local_game_id, twizzit_match_id, twizzit_match_name)"
            " VALUES (1, 5, '50', 'KC - KV')",
            "INSERT INTO twizzit_sync_changes (credential_id, table_name, row_id, action)"
            " VALUES (1, 'games', 5, 'create'), (1, 'competition_teams', 5, 'create'), (1, 'clubs', 2, 'create')",
        ):
            connection.execute(text(statement))
    named = {one.table_name: one.name for one in changes(database.engine, 1)}
    assert named == {"games": "KC - KV", "competition_teams": None, "clubs": "KV"}


def test_the_journal_of_one_player_is_of_no_other(filled: Database) -> None:
    with filled.engine.begin() as connection:
        for statement in (
            "INSERT INTO players (id, club_id, team_id, first_name, last_name) VALUES (8, 1, 2, 'Bo', 'Claes')",
            "INSERT INTO twizzit_player_mappings (id, local_player_id, twizzit_player_id) VALUES (10, 8, '80')",
        ):
            connection.execute(text(statement))
    found = {(one.table_name, one.row_id) for one in changes(filled.engine, 1, player_id=7, mappings=True)}
    assert found == {("players", 7), ("twizzit_player_mappings", 9)}
    named = {one.name for one in changes(filled.engine, 1, player_id=7)}
    assert named == {"An Peeters"}


def of_journal(plans: list[tuple[str, Plan]]) -> list[Plan]:
    """The parts of the plans that read the journal's table."""
    return [node for _, plan in plans for node in nodes(plan) if node.get("Relation Name") == "twizzit_sync_changes"]


def test_what_was_done_to_a_player_is_found_by_the_row(filled: Database) -> None:
    with plans_of(filled.engine) as plans:
        found = changes(filled.engine, 1, player_id=7, mappings=True)
    assert {(one.table_name, one.row_id) for one in found} == {("players", 7), ("twizzit_player_mappings", 9)}
    assert [node["Node Type"] for node in of_journal(plans)] == ["Bitmap Heap Scan"]


def test_what_a_mapping_named_before_is_found_by_the_row(filled: Database) -> None:
    with plans_of(filled.engine) as plans, filled.engine.connect() as connection:
        assert players_left_behind(connection, true()) == {7: "70"}
    read = of_journal(plans)
    assert read
    assert "Seq Scan" not in {node["Node Type"] for node in read}
