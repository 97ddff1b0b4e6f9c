"""Homes of embedded servers: one that does not exist yet, one whose server was stopped, one whose server runs."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.support.embedded_homes import OTHERS, copied, settings_of
from twizzit_pipeline.storage.embedded.postmaster import processes_in
from twizzit_pipeline.storage.engine import open_database


@pytest.fixture(scope="session")
def _homes(_server_home: Path) -> Path:
    """Where these tests have their homes: in memory, as the server of all tests."""
    folder = _server_home / "homes"
    folder.mkdir()
    return folder


@pytest.fixture
def above(_homes: Path) -> Iterator[Path]:
    """A folder for homes; what a broken test leaves running in them is ended."""
    folder = Path(tempfile.mkdtemp(dir=_homes))
    yield folder
    for data in folder.rglob("postgres"):
        for pid in processes_in(data):
            with suppress(psutil.NoSuchProcess):
                psutil.Process(pid).kill()
    shutil.rmtree(folder)


@pytest.fixture
def new_home(above: Path) -> Path:
    """A home folder that does not exist yet."""
    return above / "home"


@pytest.fixture(scope="session")
def _used_home(_homes: Path) -> Path:
    """A home folder whose server has run and was stopped."""
    folder = _homes / "used"
    with open_database(settings_of(folder)):
        pass
    return folder


@pytest.fixture
def home(_used_home: Path, new_home: Path) -> Path:
    """A home folder whose server has run and was stopped: a copy, for a first start takes four times as long."""
    return copied(_used_home, new_home)


@pytest.fixture(scope="session")
def running(_used_home: Path, _homes: Path) -> Iterator[Path]:
    """The home of a server that runs, for tests that only look at it; others' variables were set at its start."""
    folder = copied(_used_home, _homes / "running")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in OTHERS.items():
            patch.setenv(name, value)
        with open_database(settings_of(folder)):
            patch.undo()
            yield folder
