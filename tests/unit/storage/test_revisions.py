"""The order of the migrations, read without Alembic, beside what Alembic makes of the same files."""

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from twizzit_pipeline.errors import MigrationsPending
from twizzit_pipeline.storage import migrations, revisions


def test_every_revision_follows_the_one_before_as_in_alembic() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    newest_first = [each.revision for each in ScriptDirectory.from_config(config).walk_revisions()]
    assert list(revisions.known()) == newest_first[::-1]


def test_what_is_pending_follows_what_was_applied() -> None:
    *_, last_but_one, last = revisions.known()
    assert revisions.pending(last) == ()
    assert revisions.pending(last_but_one) == (last,)
    assert revisions.pending(None) == revisions.known()


def test_a_revision_of_a_newer_version_is_refused() -> None:
    with pytest.raises(MigrationsPending, match="at migration 9999, which is newer than this version"):
        revisions.pending("9999")
