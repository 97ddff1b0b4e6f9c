"""What a command leaves behind, read in full: what it said, every row of every table (Dagster's too), and every file of
the home folder, the database's own included.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg

from tests.support.command_line import Ended
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage.engine import open_database

# Every JWT begins so: the simulator's tokens, as the live ones.
ANY_TOKEN = "eyJhbGciO"


def everything_left(home: Path) -> Iterator[tuple[str, bytes]]:
    """Where, and what."""
    with open_database(load_settings(_env_file=None, home=home)) as database:
        url = database.url.get_secret_value().replace("postgresql+psycopg:", "postgresql:")
        with psycopg.connect(url) as connection:
            connection.execute("CHECKPOINT")
            tables = connection.execute(
                "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) FROM information_schema.tables"
                " WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
            ).fetchall()
            assert len(tables) > 40  # Dagster's are among them
            for (table,) in tables:
                for (row,) in connection.execute(f"SELECT t::text FROM {table} t"):
                    yield f"table {table}", row.encode()
    for path in home.rglob("*"):
        if path.is_file() and not path.is_socket():
            yield str(path.relative_to(home)), path.read_bytes()


def spellings(secret: str) -> set[bytes]:
    return {secret.encode(), quote(secret).encode(), secret.encode().hex().encode()}


def leaks(home: Path, secrets: dict[str, str], said: list[Ended], *, but: Collection[str] = ()) -> set[tuple[str, str]]:
    """Which secret was found where."""
    looked_for = {name: spellings(secret) for name, secret in secrets.items()}
    texts = [("standard output", one.out.encode()) for one in said]
    texts += [("standard error", one.err.encode()) for one in said]
    found = set()
    for where, content in [*texts, *everything_left(home)]:
        for name, forms in looked_for.items():
            if where not in but and any(form in content for form in forms):
                found.add((name, where))
    return found
