"""The definitions load from nothing: a fresh interpreter, in which connecting and writing are errors."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

# Any connection, and any file made, is an error; interpreter and libraries may only be read.
LOAD_FROM_NOTHING = """
import os, sys

def refuse(event, arguments):
    if event.startswith("socket.") and event not in {"socket.__new__", "socket.gethostname"}:
        raise RuntimeError(f"{event} {arguments}")
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_CREAT | os.O_WRONLY | os.O_RDWR):
        raise RuntimeError(f"opened for writing: {arguments[0]}")
    if event in {"os.mkdir", "subprocess.Popen"}:
        raise RuntimeError(f"{event} {arguments}")

sys.dont_write_bytecode = True
sys.addaudithook(refuse)
from twizzit_pipeline.definitions import defs
dg_jobs = sorted(job.name for job in defs.resolve_all_job_defs() if not job.name.startswith("__"))
print(" ".join(dg_jobs))
"""


def test_they_load_without_database_key_network_or_environment(tmp_path: Path) -> None:
    malformed = {"TWIZZIT_REQUEST_TIMEOUT": "soon", "TWIZZIT_DATABASE_URL": "nonsense", "DAGSTER_POSTGRES_URL": "?"}
    loaded = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOAD_FROM_NOTHING],
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT), **malformed},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stdout.split() == [
        "preview_sync",
        "prune_history",
        "sync_all",
        "sync_competitions",
        "sync_players",
        "sync_teams",
    ]
    assert list(tmp_path.iterdir()) == []
