"""What the code server has loaded before it forks its runs."""

import json
import subprocess
import sys

PRELOADED = """
import json, sys, threading, psutil
import twizzit_pipeline.preloaded
this = psutil.Process()
wanted = (
    "dagster._grpc.impl", "pandas", "pandera", "psycopg", "psycopg2", "httpx", "tenacity", "dagster_postgres",
    "pandera.backends.pandas.builtin_checks", "cryptography.hazmat.primitives.ciphers",
    "twizzit_pipeline.twizzit.v1.dialect", "twizzit_pipeline.twizzit.v2.dialect",
)
print(json.dumps({
    "threads": threading.active_count(),
    "connections": len(this.net_connections(kind="all")),
    "missing": [name for name in wanted if name not in sys.modules],
}))
"""


def test_what_is_loaded_before_the_fork_has_one_thread_no_connection_and_all_that_a_run_needs() -> None:
    done = subprocess.run([sys.executable, "-c", PRELOADED], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == {"threads": 1, "connections": 0, "missing": []}
