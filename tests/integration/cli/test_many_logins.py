"""Logins from a file, while the same file is added elsewhere."""

from pathlib import Path

from pydantic import SecretStr

from twizzit_pipeline.cli.commands.clubs_file import Login, add_all
from twizzit_pipeline.credentials import store
from twizzit_pipeline.credentials.key import encryption_keys
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database


def test_two_who_add_one_file_at_once_add_each_login_once(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    logins = [
        Login(
            row=row,
            organization=name,
            username="api-user",
            endpoint="http://127.0.0.1:9/v2/api",
            password=SecretStr("geheim"),
            password_file=None,
            fault=None,
        )
        for row, name in enumerate(("Één", "Twee", "Drie"), 2)
    ]
    keys = encryption_keys(settings)
    first, second = (add_all(settings, database, keys, logins, folder=tmp_path, typed=iter(())) for _ in range(2))
    outcomes = [next(first).outcome]
    assert [one.outcome for one in second] == ["already there", "added", "added"]
    outcomes += [one.outcome for one in first]
    assert outcomes == ["added", "already there", "already there"]
    assert [one.organization_name for one in store.list_all(database.engine)] == ["Één", "Twee", "Drie"]
