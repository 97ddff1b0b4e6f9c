"""The order of the migrations is read without Alembic."""

import subprocess
import sys

LOADED = "import sys, twizzit_pipeline.storage.revisions; print('alembic' in sys.modules)"


def test_alembic_is_not_loaded_for_that() -> None:
    assert (
        subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True).stdout == "False\n"
    )
