"""What a process holds when it has carried out a command, or loaded what it is for: the names of its modules."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence

# Together three seconds, and most commands take less than one.
HEAVY = {"alembic", "dagster", "fastapi", "numpy", "pandas", "pandera", "starlette", "tenacity", "uvicorn"}
OF_THE_DATABASE = {"sqlalchemy", "psycopg", "psycopg2"}
OF_SETTINGS = {"pydantic"}
OF_LINES = {"structlog"}
OF_FRAMES = {"numpy", "pandas", "pandera"}
OF_CALLS = {"httpcore", "httpx", "pyrate_limiter"}
OF_SECRETS = {"cryptography"}

_MARK = "modules: "
_RUN = """
import json, sys
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["twizzit", *arguments]
    from twizzit_pipeline.cli import main
    try:
        main()
    except SystemExit as left:
        assert not left.code, left.code
    print()
    print({mark!r} + json.dumps(sorted(sys.modules)))
"""

# Typer looks for the shell among the parents and takes no other's name: under make that is sh, which it does not know.
_NAMED_SHELL = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}


def modules_after(*arguments: str) -> set[str]:
    """The names of all modules that a process holds when it has carried out this command."""
    [modules] = modules_after_each(arguments)
    return modules


def modules_after_each(*commands: Sequence[str], **environment: str) -> list[set[str]]:
    """The names of all modules that one process holds after each of these commands, carried out one after the other."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN.format(mark=_MARK), json.dumps(commands)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | _NAMED_SHELL | environment,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith(_MARK)]
    return [set(json.loads(line.removeprefix(_MARK))) for line in lines]


def modules_with(*names: str) -> list[set[str]]:
    """The names of all modules that a process holds when it has loaded these, after each of them in this order."""
    code = (
        "import json, sys\nfrom importlib import import_module\n"
        "for name in sys.argv[1:]:\n    import_module(name)\n    print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True, check=True)
    return [set(json.loads(line)) for line in done.stdout.splitlines()]


def libraries(modules: set[str]) -> set[str]:
    """The packages that these modules are of."""
    return {name.partition(".")[0] for name in modules}
