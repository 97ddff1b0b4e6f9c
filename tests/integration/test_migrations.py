"""The migrations, alone and beside ShotSpot."""

from sqlalchemy import create_engine

from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.storage.migrate import check, migrate


def test_alone_the_database_is_what_the_models_say(database: Database) -> None:
    state = check(database.engine)
    assert state.pending == ()
    assert state.differences == ()
    assert state.current == state.head


def test_migrating_twice_does_nothing(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url.replace("postgresql:", "postgresql+psycopg:"))
    assert migrate(engine) == ["0001", "0002", "0003"]
    assert migrate(engine) == []
    engine.dispose()
