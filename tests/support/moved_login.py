"""A stored login that says something else from now on, as an administrator would have it: changed, and accepted."""

from pydantic import SecretStr
from sqlalchemy import or_, update

from tests.conftest import ENCRYPTION_KEY
from twizzit_pipeline.credentials import acceptance, store
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database


def move_login(database: Database, credential_id: int, **values: object) -> None:
    """Other values in the row, and the password bound to them; nothing where it has them already.

    Two simulators, one after the other, may listen on the same port.
    """
    engine, of = database.engine, tables.credentials.c
    others = or_(*(of[name].is_distinct_from(value) for name, value in values.items()))
    with engine.begin() as connection:
        moved = update(tables.credentials).where(of.id == credential_id, others).values(values)
        if not connection.execute(moved).rowcount:
            return
    now = store.get(engine, credential_id)
    assert acceptance.accept(
        engine,
        SecretStr(ENCRYPTION_KEY),
        credential_id,
        api_username=now.api_username,
        api_endpoint=now.api_endpoint,
    )
