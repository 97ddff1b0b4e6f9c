"""What the command line loads: of the commands the one that is run, and nothing that it has no use for.

And what the processes load that stay: each holds for as long as it runs what it has loaded.
"""

import pytest

from tests.support.loaded_modules import (
    HEAVY,
    OF_CALLS,
    OF_FRAMES,
    OF_LINES,
    OF_SECRETS,
    OF_SETTINGS,
    OF_THE_DATABASE,
    libraries,
    modules_after,
    modules_after_each,
    modules_with,
)
from twizzit_pipeline.entities import ENTITIES


def test_the_first_page_loads_no_command() -> None:
    arguments = ("--help", "-h", "--version")
    for argument, modules in zip(arguments, modules_after_each(*([each] for each in arguments)), strict=True):
        assert "typer" in modules, argument
        not_needed = HEAVY | OF_THE_DATABASE | OF_SETTINGS | OF_LINES | OF_CALLS | OF_SECRETS
        assert not_needed & libraries(modules) == set(), argument
        assert {name for name in modules if name.startswith("twizzit_pipeline.cli.commands.")} == set(), argument


@pytest.mark.parametrize("command", ["status", "registered"])
def test_a_quick_command_loads_itself_and_nothing_heavy(command: str) -> None:
    modules = modules_after(command, "--help")
    assert (HEAVY | OF_LINES | OF_CALLS) & libraries(modules) == set()
    commands = {name for name in modules if name.startswith("twizzit_pipeline.cli.commands.")}
    assert commands == {f"twizzit_pipeline.cli.commands.{command}"}


def test_all_commands_together_load_nothing_heavy() -> None:
    modules = modules_after("--show-completion", "bash")
    assert {"twizzit_pipeline.cli.commands.status", "twizzit_pipeline.cli.commands.sync"} <= modules
    assert HEAVY & libraries(modules) == set()


@pytest.fixture(scope="module")
def held() -> dict[str, set[str]]:
    """What a process holds once it has loaded each of these, one after the other: the least first.

    What one of them must not load, none before it has loaded either.
    """
    names = (
        "twizzit_pipeline.local.guardian",
        "twizzit_pipeline.runs.sentences",
        "twizzit_pipeline.notifications.outbox",
        "twizzit_pipeline.local.story",
        "twizzit_pipeline.orchestration.instance.dead_runs",
        "twizzit_pipeline.http_api.app",
        "twizzit_pipeline.definitions",
        "twizzit_pipeline.preloaded",
    )
    return dict(zip(names, modules_with(*names), strict=True))


def test_the_guardian_holds_nothing_while_it_waits(held: dict[str, set[str]]) -> None:
    modules = held["twizzit_pipeline.local.guardian"]
    of_it = {name for name in modules if name.startswith("twizzit_pipeline")}
    assert of_it == {"twizzit_pipeline", "twizzit_pipeline.local", "twizzit_pipeline.local.guardian"}
    assert (HEAVY | OF_THE_DATABASE | OF_SETTINGS | OF_LINES | OF_CALLS | {"psutil"}) & libraries(modules) == set()


def test_what_is_said_of_rules_and_was_sent_to_people_is_read_without_frames_and_without_calls(
    held: dict[str, set[str]],
) -> None:
    modules = held["twizzit_pipeline.notifications.outbox"]
    assert OF_FRAMES & libraries(modules) == set()
    assert OF_CALLS & libraries(modules) == set()


def test_up_itself_loads_neither_frames_nor_the_web_framework_nor_the_steps_of_a_sync(
    held: dict[str, set[str]],
) -> None:
    modules = held["twizzit_pipeline.orchestration.instance.dead_runs"]
    assert {"dagster", "httpx"} <= libraries(modules)
    assert (OF_FRAMES | {"fastapi", "tenacity", "pyrate_limiter"}) & libraries(modules) == set()
    assert {
        name for name in modules if name.startswith(("twizzit_pipeline.sync.", "twizzit_pipeline.quality."))
    } == set()


def test_the_http_api_loads_no_frames(held: dict[str, set[str]]) -> None:
    modules = held["twizzit_pipeline.http_api.app"]
    assert "fastapi" in libraries(modules)
    assert OF_FRAMES & libraries(modules) == set()


def test_the_code_server_loads_no_frames_and_what_runs_are_forked_from_has_them(held: dict[str, set[str]]) -> None:
    assert OF_FRAMES & libraries(held["twizzit_pipeline.definitions"]) == set()
    preloaded = held["twizzit_pipeline.preloaded"]
    assert libraries(preloaded) >= OF_FRAMES
    assert {f"twizzit_pipeline.sync.entities.{entity}" for entity in ENTITIES} <= preloaded
