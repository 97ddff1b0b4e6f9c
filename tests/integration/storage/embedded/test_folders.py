"""The folders that the embedded server lives in, and root, who may not run it."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.embedded_homes import (
    began_at,
    is_running,
    mode_of,
    moved,
    postmaster_of,
    refusal_of,
    settings_of,
    socket_folder_of,
    wait_until,
)
from twizzit_pipeline.storage.embedded.binaries import ordinary_user
from twizzit_pipeline.storage.engine import open_database


def test_no_folder_above_changes_and_ours_are_private(above: Path) -> None:
    between = above / "b"  # short names: of a long path the socket would live elsewhere
    between.mkdir(mode=0o751)
    before = [(folder.stat().st_mode, folder.stat().st_uid) for folder in (above, between)]
    assert mode_of(above) == 0o700
    home = between / "h"
    with open_database(settings_of(home)):
        assert [(folder.stat().st_mode, folder.stat().st_uid) for folder in (above, between)] == before
        assert [mode_of(folder) for folder in (home, home / "postgres", home / "run")] == [0o700] * 3
        assert mode_of(home / "run" / ".s.PGSQL.5432") == 0o700
        assert [mode_of(home / name) for name in ("postgres.log", "postgres.lock", "postgres.start.lock")] == [
            0o600
        ] * 3
        assert {path.lstat().st_uid for path in home.rglob("*")} <= {os.geteuid(), ordinary_user().uid}


def test_a_home_that_was_there_keeps_its_mode(home: Path) -> None:
    home.chmod(0o755)
    (home / "run").chmod(0o755)
    with open_database(settings_of(home)):
        assert mode_of(home) == 0o755
        assert mode_of(home / "run") == 0o700


@pytest.mark.parametrize("name", ['it\'s "so" $HOME `id` back\\slash é⚽ 100%', "a,b:c"])
def test_any_name_of_a_home_will_do(above: Path, name: str) -> None:
    with open_database(settings_of(above / name)) as database:
        assert began_at(database)
    assert not is_running(above / name)


def test_a_path_too_long_for_a_socket_gets_a_private_folder_elsewhere(home: Path, above: Path) -> None:
    home = moved(home, above / ("long" * 20) / ("longer" * 20))
    with open_database(settings_of(home)) as database:
        folder = socket_folder_of(home)
        assert mode_of(folder) == 0o700
        assert folder.stat().st_uid == os.geteuid()
        with open_database(settings_of(home)) as again:
            assert began_at(again) == began_at(database)
        postmaster_of(home).send_signal(signal.SIGKILL)
        wait_until(lambda: not is_running(home))
        with open_database(settings_of(home)):
            assert socket_folder_of(home) == folder, "its users find the next server where the killed one was"
            assert mode_of(folder) == 0o700
            assert began_at(database)
    assert not is_running(home)
    assert not folder.exists()


def test_a_socket_folder_that_another_user_took_meanwhile_is_not_used(home: Path, above: Path) -> None:
    home = moved(home, above / ("long" * 20) / ("longer" * 20))
    with open_database(settings_of(home)):
        folder = socket_folder_of(home)
        postmaster_of(home).send_signal(signal.SIGKILL)
        wait_until(lambda: not is_running(home))
        shutil.rmtree(folder)
        folder.symlink_to(above)
        try:
            with open_database(settings_of(home)) as database:
                assert began_at(database)
                assert socket_folder_of(home) != folder
        finally:
            folder.unlink()


def test_a_relative_home_means_the_working_directory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home.parent)
    with open_database(settings_of(Path(home.name))):
        assert is_running(home)


@pytest.fixture
def only_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Root, on a machine that has the named programs and no others."""
    if os.geteuid() != 0:
        pytest.skip("an ordinary user needs none of this")

    def leave(*names: str) -> None:
        folder = tmp_path / "programs"
        folder.mkdir()
        for name in names:
            found = shutil.which(name)
            assert found is not None
            (folder / name).symlink_to(found)
        monkeypatch.setenv("PATH", str(folder))
        ordinary_user.cache_clear()

    yield leave
    ordinary_user.cache_clear()


def test_data_of_root_that_comes_to_a_machine_without_namespaces_says_whom_to_give_it_to(
    only_programs: Callable[..., None], home: Path
) -> None:
    data = home / "postgres"
    _give(data, 0)
    only_programs("setpriv", "true", "sh")
    said = refusal_of(home)
    assert "belongs to uid 0, " in said
    assert "`chown -R 65534 postgres` in TWIZZIT_HOME" in said
    _give(data, 65534)
    with open_database(settings_of(home)) as database:
        assert began_at(database)


def _give(folder: Path, uid: int) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, uid, -1, follow_symlinks=False)


def test_without_namespaces_root_runs_it_as_an_unprivileged_user_in_folders_of_its_own(
    only_programs: Callable[..., None], above: Path
) -> None:
    only_programs("setpriv", "true", "sh")
    private = above / "private"
    private.mkdir(mode=0o700)
    home = private / "home"
    for _ in range(2):
        with open_database(settings_of(home)) as database:
            assert began_at(database)
            assert postmaster_of(home).uids().real == 65534
            assert [(path.stat().st_uid, mode_of(path)) for path in (private, home, home / "run")] == [(0, 0o700)] * 3
            assert mode_of(home / "postgres") == 0o700
        assert not is_running(home)


def test_root_without_setpriv_gets_an_error_that_says_what_to_do(
    only_programs: Callable[..., None], home: Path
) -> None:
    only_programs()
    assert "run as an ordinary user, or set TWIZZIT_DATABASE_URL" in refusal_of(home)


def test_data_of_another_user_isrefusal_of(home: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give folders away")
    os.chown(home / "postgres", 12345, -1)
    assert "belongs to another user (uid 12345): run as that user" in refusal_of(home)
