"""The key beside the embedded database: kept, exchanged, and never lost, wherever an exchange is broken off."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from twizzit_pipeline.credentials import key_file
from twizzit_pipeline.credentials.key import Keys, encryption_keys
from twizzit_pipeline.credentials.key_file import KEY_FILE, PREVIOUS_FILE
from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.settings import Settings, load_settings

KEY, PREVIOUS = (SecretStr(digits * 32) for digits in ("ab", "cd"))


class Killed(BaseException):
    """The process ends here."""


def embedded(home: Path, **more: object) -> Settings:
    return load_settings(_env_file=None, home=home, **more)


def test_an_exchange_keeps_the_old_key_until_it_is_forgotten(tmp_path: Path) -> None:
    old = encryption_keys(embedded(tmp_path))
    assert key_file.exchange(tmp_path)
    during = encryption_keys(embedded(tmp_path))
    assert during.previous == old.current
    assert during.current != old.current
    for name in (KEY_FILE, PREVIOUS_FILE):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    key_file.forget_previous(tmp_path)
    assert encryption_keys(embedded(tmp_path)) == Keys(during.current)
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


def test_an_exchange_that_is_not_finished_goes_on_with_the_same_keys(tmp_path: Path) -> None:
    encryption_keys(embedded(tmp_path))
    key_file.exchange(tmp_path)
    during = encryption_keys(embedded(tmp_path))
    assert not key_file.exchange(tmp_path)
    assert encryption_keys(embedded(tmp_path)) == during


@pytest.mark.parametrize("step", ["os.open", "os.fsync", "os.link", "pathlib.Path.replace"])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("nth", [1, 2])
def test_killed_at_any_step_the_old_key_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: bool, nth: int
) -> None:
    old = encryption_keys(embedded(tmp_path)).current
    calls: list[object] = []

    def dying(call: Callable[..., object]) -> Callable[..., object]:
        def die(*arguments: object, **named: object) -> object:
            calls.append(call)
            if len(calls) != nth:
                return call(*arguments, **named)
            if after:
                call(*arguments, **named)
            raise Killed

        return die

    real = os.link if step == "os.link" else Path.replace if step.startswith("pathlib") else getattr(os, step[3:])
    with monkeypatch.context() as patched:
        patched.setattr(step, dying(real))
        try:
            key_file.exchange(tmp_path)
        except Killed:
            pass
        else:
            assert len(calls) < nth
    assert old in list(encryption_keys(embedded(tmp_path)))
    key_file.exchange(tmp_path)
    again = encryption_keys(embedded(tmp_path))
    assert again.previous == old
    assert again.current != old


def test_the_environment_may_name_the_key_before_it(tmp_path: Path) -> None:
    both = embedded(tmp_path, encryption_key=KEY, encryption_key_previous=PREVIOUS)
    assert list(encryption_keys(both)) == [KEY, PREVIOUS]
    assert not list(tmp_path.iterdir())
    moved = encryption_keys(embedded(tmp_path, encryption_key_previous=PREVIOUS))
    assert moved.previous == PREVIOUS
    assert moved.current != PREVIOUS


def test_an_empty_previous_key_is_named(tmp_path: Path) -> None:
    empty = SecretStr(" ")
    for settings in (
        embedded(tmp_path, encryption_key=KEY, encryption_key_previous=empty),
        embedded(tmp_path, encryption_key_previous=empty),
    ):
        with pytest.raises(SettingsError, match=r"^TWIZZIT_ENCRYPTION_KEY_PREVIOUS is empty"):
            encryption_keys(settings)
    (tmp_path / PREVIOUS_FILE).write_text("gone wrong\n")
    with pytest.raises(SettingsError, match=PREVIOUS_FILE):
        encryption_keys(embedded(tmp_path))
