"""A lock that is held while something goes on: of one database, by one holder, and gone with the connection."""

from sqlalchemy import text

from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.storage.held import held


def test_of_all_that_ask_for_a_name_the_first_alone_holds_it(database: Database) -> None:
    engine = database.engine
    with held(engine, "one") as first, held(engine, "one") as second, held(engine, "other") as other:
        assert (first, second, other) == (True, False, True)
    with held(engine, "one") as again:
        assert again


def test_it_is_free_when_the_holder_s_connection_is_gone(database: Database) -> None:
    engine = database.engine
    end = text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
    with held(engine, "one") as first:
        with engine.connect() as connection:
            assert connection.scalars(end).all() == [True]
        with held(engine, "one") as second:
            assert (first, second) == (True, True)


def test_no_limit_of_the_database_s_for_idle_transactions_ends_it(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL ROLE NONE")
        name = connection.scalar(text("SELECT quote_ident(current_database())"))
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET idle_in_transaction_session_timeout = '500ms'")
    database.engine.dispose()
    with held(database.engine, "one"), database.engine.connect() as beside:
        beside.execute(text("SELECT pg_sleep(1)"))
        with held(database.engine, "one") as second:
            assert not second
