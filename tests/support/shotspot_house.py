"""A database of ShotSpot's, all of it its own role's, and what tests do in it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy import make_url

from tests.conftest import ENCRYPTION_KEY
from twizzit_pipeline.cli.doctor.finding import Finding, Installation
from twizzit_pipeline.cli.doctor.roles import look_at_privileges
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.engine import Database

SHOTSPOT = Path(__file__).parent / "shotspot"


class House(str):
    """The URL of ShotSpot's database, as its own role; `as_role` gives those of others."""

    def as_role(self, name: str) -> str:
        return make_url(self).set(username=name).render_as_string(hide_password=False)


def settings_of(url: str, home: Path) -> Settings:
    return load_settings(
        _env_file=None, home=home, database_url=SecretStr(url), encryption_key=SecretStr(ENCRYPTION_KEY)
    )


def load(url: str, *files: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for file in files:
            connection.execute((SHOTSPOT / file).read_text(encoding="utf-8"))


@contextmanager
def new_role(url: str) -> Iterator[str]:
    """The name of a role that may log in, with the password of this URL, so that another name in it is enough."""
    name = f"role_{secrets.token_hex(4)}"
    with psycopg.connect(url, autocommit=True, options="-cdefault_transaction_read_only=off") as owner:
        named = sql.Identifier(name)
        owner.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(named, make_url(url).password))
        try:
            yield name
        finally:
            owner.execute(sql.SQL("DROP OWNED BY {}").format(named))
            owner.execute(sql.SQL("DROP ROLE {}").format(named))


def role_of(house: str) -> str:
    return str(make_url(house).username)


def as_superuser(house: House, postgres_url: str) -> str:
    return house.as_role(str(make_url(postgres_url).username))


def privileges(settings: Settings, database: Database) -> list[Finding]:
    return list(look_at_privileges(Installation(settings, database)))


def run(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


@contextmanager
def house_in(empty_database_url: str, *files: str) -> Iterator[House]:
    """ShotSpot's database as these files make it, all of it its own role's."""
    with new_role(empty_database_url) as shotspot:
        named = {
            "role": sql.Identifier(shotspot),
            "database": sql.Identifier(str(make_url(empty_database_url).database)),
        }
        with psycopg.connect(empty_database_url, autocommit=True) as connection:
            connection.execute(sql.SQL("ALTER DATABASE {database} OWNER TO {role}").format(**named))
            connection.execute(sql.SQL("GRANT CREATE ON SCHEMA public TO {role}").format(**named))
        url = House(House(empty_database_url).as_role(shotspot))
        load(url, *files)
        yield url
        with psycopg.connect(empty_database_url, autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(sql.SQL("REASSIGN OWNED BY {role} TO CURRENT_USER").format(**named))
