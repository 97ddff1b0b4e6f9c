"""Which options `twizzit dagster ARGS…` adds to Dagster's commands."""

import pytest

from twizzit_pipeline.orchestration.instance.dagster_command import with_our_options

OURS = ["--module-name", "twizzit_pipeline.definitions"]
LOOPBACK = ["--host", "127.0.0.1"]


@pytest.mark.parametrize(
    ("args", "added"),
    [
        (["dev"], OURS + LOOPBACK),
        (["dev", "-p", "3001"], OURS + LOOPBACK),
        (["dev", "--host", "0.0.0.0"], OURS),
        (["dev", "--host=0.0.0.0"], OURS),
        (["dev", "-h", "0.0.0.0"], OURS),
        (["dev", "-h0.0.0.0", "-w", "mine.yaml"], []),
        (["dev", "-f", "mine.py"], LOOPBACK),
        (["job", "list"], OURS),
        (["job", "backfill", "--job", "sync_all", "--noprompt"], OURS),
        (["job", "list", "-m", "mine"], []),
        (["job", "list", "--module-name=mine"], []),
        (["asset", "materialize", "--select", "twizzit_teams"], OURS),
        (["definitions", "validate"], OURS),
        (["asset", "wipe", "--all"], []),
        (["instance", "info"], []),
        (["run", "list"], []),
        (["--version"], []),
        (["job"], []),
        (["nonsense"], []),
        ([], []),
    ],
)
def test_the_module_goes_where_it_is_taken_and_the_ui_listens_on_loopback(args: list[str], added: list[str]) -> None:
    assert with_our_options(args) == [*args, *added]
