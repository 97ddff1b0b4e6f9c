"""`twizzit migrate` while an orchestrator of the version before runs on the database."""

import pytest

from tests.support.signs_of_life import beat
from twizzit_pipeline.cli.commands.database import migrate
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.storage.revisions import known


@pytest.mark.parametrize("running", [True, False])
def test_what_still_runs_is_named_where_something_was_applied(
    running: bool,
    database: Database,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TWIZZIT_DATABASE_URL", database_url)
    with database.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE twizzit_alembic_version SET version_num = '{known()[-2]}'")
    if running:
        beat(database.engine)
    migrate()
    said = " ".join(capsys.readouterr().out.split())
    assert f"Applied 1 migration: {known()[-1]}." in said
    assert ("start it again with this version" in said) == running
    migrate()
    assert "start it again" not in capsys.readouterr().out
