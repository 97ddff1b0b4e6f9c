"""A stored login that says something else from now on, as an administrator would have it: changed, and accepted."""

from pydantic import SecretStr
from sqlalchemy import update

from tests.conftest import ENCRYPTION_KEY
from twizzit_pipeline.credentials import acceptance, store
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database


def move_login(database: Database, credential_id: int, **values: object) -> None:
    """Other values in the row, and the password bound to them."""
    engine = database.engine
    with engine.begin() as connection:
        connection.execute(update(tables.credentials).where(tables.credentials.c.id == credential_id).values(values))
    now = store.get(engine, credential_id)
    assert acceptance.accept(
        engine,
        SecretStr(ENCRYPTION_KEY),
        credential_id,
        api_username=now.api_username,
        api_endpoint=now.api_endpoint,
    )
