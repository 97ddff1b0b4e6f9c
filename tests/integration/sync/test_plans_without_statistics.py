"""No statement of a sync hangs on PostgreSQL's statistics: tables that were filled a moment ago have none.

Without them PostgreSQL takes the rows of a credential and season for one, and may compare each row with each other. The
tests' server has no autovacuum, and here nothing is analysed by the sync either.
"""

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tests.support.explained import compares_each_with_each, nodes, plans_of
from tests.support.large_account import SEASON, LargeAccount, answered_by
from twizzit_pipeline.credentials import store
from twizzit_pipeline.scheduling import config
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import bulk
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.sync import transactions
from twizzit_pipeline.sync.entities.players import map_players, scan_players
from twizzit_pipeline.sync.entities.teams import map_teams, scan_teams
from twizzit_pipeline.sync.session import SyncSession

PLAYERS = 2_400


@pytest.fixture
def credential_id(settings: Settings, database: Database) -> int:
    assert settings.encryption_key is not None
    made = store.add(
        database.engine,
        settings.encryption_key,
        organization_name="Bond",
        api_username="bond",
        password=SecretStr("secret"),
        api_endpoint="http://127.0.0.1:9/v2/api",
    )
    config.change(database.engine, made, actor=this_user(), is_federation=True)
    return made


def sync(settings: Settings, database: Database, credential_id: int, run_id: str) -> None:
    with SyncSession(
        settings=settings, database=database, credential_id=credential_id, season=SEASON.label, run_id=run_id
    ) as session:
        for step in (scan_teams, scan_players, map_teams, map_players):
            step(session)


def test_no_plan_of_a_sync_compares_each_row_with_each(
    settings: Settings, database: Database, credential_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (bulk, transactions):
        monkeypatch.setattr(place, "analyse", lambda *_: None)
    account = LargeAccount(PLAYERS)
    answered_by(account, monkeypatch)
    with plans_of(database.engine) as plans:
        sync(settings, database, credential_id, "first")
        sync(settings, database, credential_id, "unchanged")
        account.renamed, account.gone = range(0, PLAYERS, 7), range(3, PLAYERS, 7)
        sync(settings, database, credential_id, "changed")
    slow = [
        (statement, node)
        for statement, plan in plans
        for node in nodes(plan)
        if node["Node Type"] == "Nested Loop" and compares_each_with_each(node)
    ]
    assert slow == []
    assert any("DELETE FROM twizzit_players" in statement for statement, _ in plans)


def test_a_sync_analyses_what_it_has_filled(
    settings: Settings, database: Database, credential_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered_by(LargeAccount(PLAYERS), monkeypatch)
    sync(settings, database, credential_id, "first")
    known = text("SELECT relname FROM pg_class WHERE reltuples > 0 AND relname = ANY(:names)")
    filled = ["twizzit_players", "players", "twizzit_player_mappings", "twizzit_sync_changes"]
    with database.engine.connect() as connection:
        assert sorted(connection.scalars(known, {"names": filled})) == sorted(filled)


def test_tables_of_another_role_and_locked_ones_are_not_waited_for(
    settings: Settings, database: Database, credential_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered_by(LargeAccount(PLAYERS), monkeypatch)
    with database.engine.connect() as other, other.begin():
        other.execute(text("LOCK TABLE players IN SHARE UPDATE EXCLUSIVE MODE"))  # as an ANALYZE under way holds it
        sync(settings, database, credential_id, "first")
