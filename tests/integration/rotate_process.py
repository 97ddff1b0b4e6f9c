"""A rotation in a process of its own, for the tests that end such a process from outside.

Arguments: the home of the kept key, the URL of the database; and where the environment's keys are to be used, the new
key and the old one.
"""

import sys
from pathlib import Path

from twizzit_pipeline.credentials.rotation import rotate
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage.engine import open_database

if __name__ == "__main__":
    home, url, *keys = sys.argv[1:]
    named = dict(zip(("encryption_key", "encryption_key_previous"), keys, strict=False))
    with open_database(load_settings(_env_file=None, home=Path(home), database_url=url)) as database:
        rotate(database.engine, load_settings(_env_file=None, home=Path(home), **named))
