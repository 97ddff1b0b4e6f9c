"""Rows in bulk, against the counters that PostgreSQL itself keeps."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Connection, Table, event, insert, select, text
from sqlalchemy.exc import IntegrityError

from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.bulk import (
    MANY,
    Written,
    copy_frame,
    reserve_ids,
    synchronise,
    written_through,
)
from twizzit_pipeline.storage.engine import Database

NASTY = [
    "tab\there",
    "line\nbreak",
    "back\\slash",
    r"\N",
    r"\.",
    'qu"ote',
    "O'Brien",
    "⚽ Zoë",
    "",
    " ",
    "a,b;c|d",
    "NULL",
]


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.engine.connect() as opened:
        yield opened
        opened.rollback()


def _counted(connection: Connection, table: Table) -> tuple[int, int, int]:
    """Rows inserted, updated and deleted in this transaction, by PostgreSQL's count."""
    row = connection.execute(
        text("SELECT n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_xact_user_tables WHERE relname = :name"),
        {"name": table.name},
    ).one()
    return (row[0], row[1], row[2])


@pytest.fixture
def scope(connection: Connection) -> dict[str, Any]:
    """A credential and a season that the snapshot tables can hang on."""
    credential = connection.scalar(
        insert(tables.credentials)
        .values(organization_name="KC Test", api_username="u", encrypted_password="00", encryption_iv="00")
        .returning(tables.credentials.c.id)
    )
    season = connection.scalar(
        insert(tables.twizzit_seasons)
        .values(credential_id=credential, label="2026-2027")
        .returning(tables.twizzit_seasons.c.id)
    )
    return {"credential_id": credential, "season_id": season}


def _teams(*rows: tuple[str, str, str | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["twizzit_team_id", "name", "gender"], dtype="string")


KEYS = ("credential_id", "season_id", "twizzit_team_id")


def test_synchronise_writes_only_what_differs(connection: Connection, scope: dict[str, Any]) -> None:
    table = tables.twizzit_teams
    first = _teams(("1", "A1", None), ("2", "A2", "male"), ("3", "A3", None))
    assert synchronise(connection, table, first, keys=KEYS, scope=scope) == Written(inserted=3)
    assert _counted(connection, table) == (3, 0, 0)

    assert synchronise(connection, table, first, keys=KEYS, scope=scope) == Written()
    assert _counted(connection, table) == (3, 0, 0)

    second = _teams(("4", "A4", None), ("2", "A2", None), ("1", "A1", None))
    assert synchronise(connection, table, second, keys=KEYS, scope=scope) == Written(inserted=1, updated=1, deleted=1)
    assert _counted(connection, table) == (4, 1, 1)
    stored = connection.execute(select(table.c.twizzit_team_id, table.c.gender).order_by(table.c.twizzit_team_id)).all()
    assert [tuple(row) for row in stored] == [("1", None), ("2", None), ("4", None)]


def test_unchanged_rows_are_not_even_locked(connection: Connection, scope: dict[str, Any]) -> None:
    table = tables.twizzit_teams
    frame = _teams(("1", "A1", None))
    synchronise(connection, table, frame, keys=KEYS, scope=scope)
    before = connection.execute(text("SELECT xmin, xmax, ctid FROM twizzit_teams")).one()
    synchronise(connection, table, frame, keys=KEYS, scope=scope)
    assert connection.execute(text("SELECT xmin, xmax, ctid FROM twizzit_teams")).one() == before


def test_synchronise_leaves_other_scopes_alone(connection: Connection, scope: dict[str, Any]) -> None:
    other = connection.scalar(
        insert(tables.twizzit_seasons)
        .values(credential_id=scope["credential_id"], label="2025-2026")
        .returning(tables.twizzit_seasons.c.id)
    )
    table = tables.twizzit_teams
    synchronise(connection, table, _teams(("1", "old", None)), keys=KEYS, scope={**scope, "season_id": other})
    synchronise(connection, table, _teams(("2", "new", None)), keys=KEYS, scope=scope)
    assert synchronise(connection, table, _teams(), keys=KEYS, scope=scope) == Written(deleted=1)
    assert list(connection.scalars(select(table.c.name))) == ["old"]


def test_synchronise_refuses_rows_outside_its_scope_and_an_empty_scope(
    connection: Connection, scope: dict[str, Any]
) -> None:
    frame = _teams(("1", "A1", None)).assign(season_id=scope["season_id"] + 1)
    with pytest.raises(ValueError, match="outside the scope: season_id"):
        synchronise(connection, tables.twizzit_teams, frame, keys=KEYS, scope=scope)
    with pytest.raises(ValueError, match="without a scope"):
        synchronise(connection, tables.twizzit_teams, frame, keys=KEYS, scope={})


def test_the_same_key_twice_is_refused(connection: Connection, scope: dict[str, Any]) -> None:
    frame = _teams(("1", "A1", None), ("1", "A2", None))
    with pytest.raises(ValueError, match="same credential_id, season_id, twizzit_team_id"):
        synchronise(connection, tables.twizzit_teams, frame, keys=KEYS, scope=scope)


def test_synchronise_moves_no_sequence_for_known_rows(connection: Connection, scope: dict[str, Any]) -> None:
    seasons, of = tables.twizzit_seasons, {"credential_id": scope["credential_id"]}
    frame = pd.DataFrame({"label": ["2025-2026", "2026-2027"]})
    assert synchronise(connection, seasons, frame, keys=["credential_id", "label"], scope=of) == Written(inserted=1)
    for _ in range(3):
        assert synchronise(connection, seasons, frame, keys=["credential_id", "label"], scope=of) == Written()
    assert _counted(connection, seasons) == (2, 0, 0)
    assert reserve_ids(connection, seasons, 1) == [scope["season_id"] + 2]


@pytest.mark.parametrize("one", NASTY)
def test_a_scope_may_hold_all_the_keys(connection: Connection, scope: dict[str, Any], one: str) -> None:
    table, narrow = tables.twizzit_teams, {**scope, "twizzit_team_id": one}
    synchronise(connection, table, _teams((f"{one} 2", "other", None)), keys=KEYS, scope=scope)
    written = [
        synchronise(connection, table, _teams((one, name, None)), keys=KEYS, scope=narrow) for name in ("a", "a", "b")
    ]
    assert written == [Written(inserted=1), Written(), Written(updated=1)]
    assert synchronise(connection, table, _teams(), keys=KEYS, scope=narrow) == Written(deleted=1)
    assert list(connection.scalars(select(table.c.name))) == ["other"]


def test_nothing_new_takes_one_comparison(connection: Connection, scope: dict[str, Any]) -> None:
    table, frame = tables.twizzit_teams, _teams(("1", "A1", "mixed"), ("2", "A2", None))
    synchronise(connection, table, frame, keys=KEYS, scope=scope)
    said: list[str] = []

    def keep(_: object, __: object, statement: str, *___: object) -> None:
        said.append(statement.split(maxsplit=1)[0])

    event.listen(connection, "before_cursor_execute", keep)
    try:
        synchronise(connection, table, frame, keys=KEYS, scope=scope)
    finally:
        event.remove(connection, "before_cursor_execute", keep)
    assert said == ["SELECT"]


@pytest.mark.parametrize("count", [3, MANY + 1])
def test_few_rows_and_many_are_compared_alike(connection: Connection, scope: dict[str, Any], count: int) -> None:
    """As a parameter, and in a temporary table: days, moments, numbers and nulls."""
    ids = [str(number) for number in range(count)]
    starts = [datetime(2026, 11, 28, 13, tzinfo=UTC) + timedelta(minutes=number) for number in range(count)]
    names = {"home_name": ids, "away_name": NASTY[0], "status": "scheduled", "starts_at": starts}
    scores = [None, *[float(number % 50) for number in range(1, count)]]  # as pandas has whole numbers with a null
    frame = pd.DataFrame({"twizzit_match_id": ids, **names, "home_score": scores})
    keys = ("credential_id", "season_id", "twizzit_match_id")
    written = [
        synchronise(connection, tables.twizzit_matches, one, keys=keys, scope=scope)
        for one in (frame, frame, frame.assign(starts_at=[starts[1], *starts[1:]]))
    ]
    assert written == [Written(inserted=count), Written(), Written(updated=1)]
    days = pd.DataFrame(
        {"twizzit_competition_id": ids, "start_date": date(2026, 8, 1), "end_date": [None, *starts[1:]]}
    )
    days = days.assign(name="Reeks", competition_type="league")
    keys = ("credential_id", "season_id", "twizzit_competition_id")
    written = [
        synchronise(connection, tables.twizzit_competitions, one, keys=keys, scope=scope)
        for one in (days, days, days.assign(start_date=date(2026, 8, 2)))
    ]
    assert written == [Written(inserted=count), Written(), Written(updated=count)]


def test_text_arrives_as_it_was(connection: Connection) -> None:
    assert copy_frame(connection, pd.DataFrame({"name": NASTY}), tables.clubs, ["name"]) == len(NASTY)
    assert list(connection.scalars(select(tables.clubs.c.name).order_by(tables.clubs.c.id))) == NASTY


@pytest.mark.parametrize("null", [None, pd.NA, float("nan")])
def test_every_kind_of_null_is_null(connection: Connection, null: object) -> None:
    frame = pd.DataFrame({"name": ["a"], "season_type": pd.Series([null], dtype=object)})
    frame["start_date"] = frame["end_date"] = pd.Timestamp("2026-07-01")
    frame["is_active"] = pd.Series([None], dtype="boolean")
    copy_frame(connection, frame, tables.seasons, list(map(str, frame)))
    row = connection.execute(select(tables.seasons)).one()
    assert (row.season_type, row.is_active) == (None, None)
    assert row.start_date.isoformat() == "2026-07-01"


@pytest.mark.parametrize("dtype", ["Int64", "float64", object])
def test_whole_numbers_stay_whole(connection: Connection, dtype: Any) -> None:
    numbers = pd.Series([7, None], dtype=dtype)
    frame = pd.DataFrame({"first_name": ["A", "B"], "last_name": ["C", "D"], "jersey_number": numbers})
    copy_frame(connection, frame, tables.players, list(map(str, frame)))
    stored = list(connection.scalars(select(tables.players.c.jersey_number).order_by(tables.players.c.id)))
    assert stored == [7, None]


def test_a_fraction_in_an_integer_column_is_refused(connection: Connection) -> None:
    frame = pd.DataFrame({"first_name": ["A"], "last_name": ["C"], "jersey_number": [7.5]})
    with pytest.raises(ValueError, match="not whole"):
        copy_frame(connection, frame, tables.players, list(map(str, frame)))


def test_json_columns_take_dicts_and_nulls(connection: Connection) -> None:
    values = {"naam": "Zoë", "n": 1, "nested": {"a": [None, "\\N"]}}
    frame = pd.DataFrame(
        {"table_name": "teams", "row_id": [1, 2], "action": "create", "before": [None, None], "after": [values, None]}
    )
    copy_frame(connection, frame, tables.sync_changes, list(map(str, frame)))
    table = tables.sync_changes
    rows = connection.execute(select(table.c.after, table.c.before).order_by(table.c.row_id)).all()
    assert [tuple(row) for row in rows] == [(values, None), (None, None)]
    assert connection.scalar(text("SELECT count(*) FROM twizzit_sync_changes WHERE before IS NULL")) == 2


def test_reserved_ids_are_never_given_again(connection: Connection) -> None:
    reserved = reserve_ids(connection, tables.clubs, 3)
    copy_frame(connection, pd.DataFrame({"id": reserved, "name": ["a", "b", "c"]}), tables.clubs, ["id", "name"])
    copy_frame(connection, pd.DataFrame({"name": ["d"]}), tables.clubs, ["name"])
    ids = list(connection.scalars(select(tables.clubs.c.id)))
    assert len(set(ids)) == 4
    assert set(reserved) < set(ids)


def test_nothing_of_a_broken_batch_stays(connection: Connection) -> None:
    copy_frame(connection, pd.DataFrame({"name": ["a"]}), tables.clubs, ["name"])
    savepoint = connection.begin_nested()
    with pytest.raises(Exception, match="UniqueViolation 23505, table clubs"):
        copy_frame(connection, pd.DataFrame({"name": ["b", "a"]}), tables.clubs, ["name"])
    savepoint.rollback()
    assert list(connection.scalars(select(tables.clubs.c.name))) == ["a"]


def test_statements_keep_to_the_callers_transaction(database: Database) -> None:
    with pytest.raises(IntegrityError), database.engine.begin() as connection:
        copy_frame(connection, pd.DataFrame({"name": ["a"]}), tables.clubs, ["name"])
        connection.execute(insert(tables.clubs).values(name="a"))
    with database.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM clubs")) == 0


def test_the_link_of_a_team_mapping_is_written_under_its_own_name_when_alone(connection: Connection) -> None:
    assert written_through(connection, tables.team_mappings) == {}
