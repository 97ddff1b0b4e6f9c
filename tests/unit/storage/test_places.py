"""Where a file is put that takes its place at the end: never in the place of a folder, a device or a pipe."""

import errno
import os
from pathlib import Path

import pytest
import typer

from twizzit_pipeline.cli.commands import previewing
from twizzit_pipeline.credentials import sealed
from twizzit_pipeline.credentials.key import encryption_keys
from twizzit_pipeline.errors import BackupRefused, SettingsError
from twizzit_pipeline.http_api.secret import jwt_secret
from twizzit_pipeline.settings import load_settings
from twizzit_pipeline.storage.places import is_there, place_of


def test_a_link_leads_to_its_file_and_stays_a_link(tmp_path: Path) -> None:
    kept, link = tmp_path / "kept", tmp_path / "link"
    link.symlink_to(kept)
    for text in ("new", "once more"):
        previewing.write(link, text)
        assert (kept.read_text(), link.is_symlink()) == (text, True)
    assert place_of(link) == kept


def test_what_is_no_file_stays_what_it_is(tmp_path: Path) -> None:
    """As root a rename takes the place of /dev/null itself."""
    pipe, folder = tmp_path / "pipe", tmp_path / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    for path in (pipe, folder, Path(), tmp_path / ("x" * 300)):
        with pytest.raises(typer.BadParameter):
            previewing.write(path, "text")
        with pytest.raises(BackupRefused, match="cannot be written"):
            sealed.write(path, b"bytes", overwrite=True)
        with pytest.raises(BackupRefused, match="cannot be written"):
            sealed.refuse_to_overwrite(path)
    assert [is_there(path) for path in (pipe, folder, tmp_path / ("x" * 300))] == [True, True, False]
    assert pipe.is_fifo()
    assert {one.name for one in tmp_path.iterdir()} == {"pipe", "folder"}


@pytest.mark.parametrize(
    ("number", "todo"),
    [
        (errno.ENOSPC, "its disk is full: make room"),
        (errno.EDQUOT, "its disk quota is used up: make room, or have it raised"),
        (errno.EROFS, "its file system is read-only: make it writable, or set another TWIZZIT_HOME"),
        (errno.EACCES, "check who owns that folder, or set "),
    ],
)
def test_a_secret_that_cannot_be_kept_says_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, todo: str
) -> None:
    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    settings = load_settings(_env_file=None, home=tmp_path, database_url=None)
    monkeypatch.setattr(os, "fsync", refuse)
    for variable, make in (("TWIZZIT_ENCRYPTION_KEY", encryption_keys), ("JWT_SECRET", jwt_secret)):
        with pytest.raises(SettingsError) as refused:
            make(settings)
        wanted = f"{todo}{variable}" if todo.endswith(" ") else todo
        assert str(refused.value).endswith(f"({os.strerror(number)}); {wanted}")
    assert not list(tmp_path.iterdir())
