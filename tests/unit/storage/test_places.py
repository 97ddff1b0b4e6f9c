"""Where a file is put that takes its place at the end: never in the place of a folder, a device or a pipe."""

import os
from pathlib import Path

import pytest
import typer

from twizzit_pipeline.cli.commands import previewing
from twizzit_pipeline.credentials import sealed
from twizzit_pipeline.errors import BackupRefused
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
