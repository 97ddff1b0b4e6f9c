"""What the command line loads before the command is clear: nothing that a quick command has no use for."""

import subprocess
import sys

# Together three seconds, and most commands take less than one.
HEAVY = {"alembic", "dagster", "fastapi", "numpy", "pandas", "pandera", "starlette", "tenacity", "uvicorn"}
LOADED = "import sys, twizzit_pipeline.cli.app; print(*{name.partition('.')[0] for name in sys.modules})"


def test_the_entry_point_loads_nothing_heavy() -> None:
    loaded = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True).stdout.split()
    assert "typer" in loaded
    assert HEAVY & set(loaded) == set()
