"""Opening the database of a command: a folder that cannot be is refused in words."""

import pytest

from twizzit_pipeline.cli.opened import opened
from twizzit_pipeline.errors import EmbeddedServerFailed
from twizzit_pipeline.settings import load_settings


def test_a_folder_whose_name_is_too_long_is_refused_in_one_line() -> None:
    settings = load_settings(_env_file=None, home="x" * 300, database_url=None)
    with pytest.raises(EmbeddedServerFailed, match=r"File name too long; set another TWIZZIT_HOME"), opened(settings):
        raise AssertionError
