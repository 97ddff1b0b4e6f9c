"""The code server whose runs are forked."""

from types import ModuleType

import pytest

from twizzit_pipeline.orchestration import dagster_modules


class _Server:
    def __init__(self, *, name: str) -> None:
        self.name = name
        self._mp_ctx: object = "as Dagster has it"


class _OtherServer:
    def __init__(self) -> None:
        self.started = "in another way"


@pytest.fixture
def code_server() -> ModuleType:
    from twizzit_pipeline.orchestration.instance import code_server

    return code_server


def test_a_server_forks_its_runs_and_is_otherwise_the_same(code_server: ModuleType) -> None:
    made = code_server.with_forked_runs(_Server)(name="one")
    assert made.name == "one"
    assert made._mp_ctx.get_start_method() == "forkserver"


def test_a_server_that_starts_runs_in_another_way_is_left_alone(code_server: ModuleType) -> None:
    assert vars(code_server.with_forked_runs(_OtherServer)()) == {"started": "in another way"}


def test_no_system_without_fork_servers_is_made_to_use_them(
    code_server: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("multiprocessing.get_all_start_methods", lambda: ["spawn"])
    assert code_server.with_forked_runs(_Server)(name="one")._mp_ctx == "as Dagster has it"


def test_the_module_is_the_one_that_is_started(code_server: ModuleType) -> None:
    assert code_server.__name__ == dagster_modules.CODE_SERVER
