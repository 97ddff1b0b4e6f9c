"""What the tests of the vault share: logins in a database, and their columns as others see and write them."""

from pydantic import SecretStr
from sqlalchemy import text

from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.cipher import Encrypted, is_current
from twizzit_pipeline.credentials.key import Keys
from twizzit_pipeline.credentials.mac import Owner
from twizzit_pipeline.storage.audit import leaves_its_own_row
from twizzit_pipeline.storage.engine import Database

OLD, NEW, OTHER = (SecretStr(digits * 32) for digits in ("ab", "cd", "ef"))


def add(
    database: Database, key: Keys | SecretStr = OLD, *, name: str = "KC Ter Linden", password: str = "geheim-é"
) -> int:
    return store.add(
        database.engine,
        key,
        organization_name=name,
        api_username="ter-linden.api",
        password=SecretStr(password),
        api_endpoint="https://app.twizzit.com/v2/api",
    )


def password_of(database: Database, key: Keys | SecretStr, credential_id: int) -> str:
    return store.reveal_login(database.engine, key, credential_id).password.get_secret_value()


def stored(database: Database, credential_id: int) -> Encrypted:
    with database.engine.connect() as connection:
        statement = text(
            "SELECT encrypted_password, encryption_iv, encryption_mac FROM twizzit_credentials WHERE id = :id"
        )
        return Encrypted(*connection.execute(statement, {"id": credential_id}).one())


def owner(database: Database, credential_id: int) -> Owner:
    """What the row says that its password is for."""
    found = store.get(database.engine, credential_id)
    return Owner(found.id, found.api_username, found.api_endpoint)


def is_bound(database: Database, credential_id: int, key: Keys | SecretStr) -> bool:
    """Whether the row has a MAC of today, under this key, for what it says."""
    return is_current(stored(database, credential_id), key, owner(database, credential_id))


def by_sql(database: Database, statement: str, **values: object) -> None:
    """A statement as in psql: from a session without this project's settings."""
    with database.engine.begin() as connection:
        connection.execute(text(statement), values)


def write_as_shotspot(database: Database, credential_id: int, cipher_text: str, iv: str) -> None:
    """An update by a program that writes no MAC."""
    with database.engine.begin() as connection:
        statement = text(
            "UPDATE twizzit_credentials SET encrypted_password = :cipher_text, encryption_iv = :iv WHERE id = :id"
        )
        connection.execute(statement, {"id": credential_id, "cipher_text": cipher_text, "iv": iv})


def write_mac(database: Database, credential_id: int, mac: str | None) -> None:
    """Another MAC, or none, without a word of it in the log."""
    with database.engine.begin() as connection:
        leaves_its_own_row(connection)
        statement = text("UPDATE twizzit_credentials SET encryption_mac = :mac WHERE id = :id")
        connection.execute(statement, {"id": credential_id, "mac": mac})
