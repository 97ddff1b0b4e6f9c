"""Rotations: all passwords or none, with the keys of the environment or the kept one, and killed at any moment."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tests.support.rotate_process import rotating
from tests.support.vault_rows import (
    NEW,
    OLD,
    OTHER,
    add,
    is_bound,
    owner,
    password_of,
    stored,
    write_as_shotspot,
    write_mac,
)
from twizzit_pipeline.accounts.moving import change_endpoint
from twizzit_pipeline.credentials import key_file, store
from twizzit_pipeline.credentials.cipher import encrypt
from twizzit_pipeline.credentials.key import Keys, encryption_keys
from twizzit_pipeline.credentials.key_file import KEY_FILE
from twizzit_pipeline.credentials.rotation import Rotation, rotate
from twizzit_pipeline.credentials.rows import locked, store_password
from twizzit_pipeline.errors import DecryptionFailed, NotAsShown, SettingsError, TamperedCredential
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.engine import Database

PASSWORDS = ["one", "twee-é", "t" * 40]


def environment(home: Path, current: SecretStr | None = NEW, previous: SecretStr | None = OLD) -> Settings:
    return load_settings(_env_file=None, home=home, encryption_key=current, encryption_key_previous=previous)


def kept(home: Path) -> Settings:
    return load_settings(_env_file=None, home=home)


def fill(database: Database, key: SecretStr) -> list[int]:
    return [add(database, key, name=f"KC {number}", password=one) for number, one in enumerate(PASSWORDS)]


def read(database: Database, key: Keys | SecretStr, ids: list[int]) -> list[str]:
    return [password_of(database, key, one) for one in ids]


# --- the environment's keys -------------------------------------------------------------------------------------------


def test_every_password_is_under_the_new_key_and_none_under_the_old(database: Database, tmp_path: Path) -> None:
    ids = fill(database, OLD)
    done = rotate(database.engine, environment(tmp_path))
    assert (done.reencrypted, done.already, done.in_file, done.resumed) == (tuple(ids), 0, False, False)
    assert read(database, NEW, ids) == PASSWORDS
    for one in ids:
        assert is_bound(database, one, NEW)
        with pytest.raises(DecryptionFailed):
            password_of(database, OLD, one)
    assert not list(tmp_path.iterdir())
    row = audit.recent(database.engine)[0]
    assert (row.action, row.target, row.target_id) == ("rotate_key", "vault", None)
    assert row.details == {"credentials": ids, "already": 0, "key_id": done.key_id}


def test_twice_changes_nothing_the_second_time(database: Database, tmp_path: Path) -> None:
    ids = fill(database, OLD)
    rotate(database.engine, environment(tmp_path))
    before = [stored(database, one) for one in ids]
    assert rotate(database.engine, environment(tmp_path)).already == len(ids)
    assert [stored(database, one) for one in ids] == before


def test_rows_that_shotspot_stored_come_along_and_get_a_mac(database: Database, tmp_path: Path) -> None:
    first, second = fill(database, OLD)[:2]
    for credential_id, key in ((first, OLD), (second, NEW)):
        theirs = encrypt(SecretStr("theirs"), key)
        write_as_shotspot(database, credential_id, theirs.cipher_text_hex, theirs.iv_hex)
    assert len(rotate(database.engine, environment(tmp_path)).reencrypted) == len(PASSWORDS)
    for credential_id in (first, second):
        assert password_of(database, NEW, credential_id) == "theirs"
        assert is_bound(database, credential_id, NEW)


def test_one_password_that_cannot_be_read_stops_them_all(database: Database, tmp_path: Path) -> None:
    ids = fill(database, OLD)
    stranger = add(database, OTHER)
    before = [stored(database, one) for one in ids]
    with pytest.raises(DecryptionFailed, match=f"^No key was rotated, .* read: {stranger}\\. Password") as caught:
        rotate(database.engine, environment(tmp_path))
    assert "\n" not in str(caught.value)
    mac = stored(database, ids[0]).mac
    write_as_shotspot(database, ids[0], "00" * 16, "00" * 16)
    write_mac(database, ids[0], mac)
    with pytest.raises(TamperedCredential, match=f"read: {ids[0]}, {stranger}\\."):
        rotate(database.engine, environment(tmp_path))
    assert [stored(database, one) for one in ids[1:]] == before[1:]
    assert "rotate_key" not in {row.action for row in audit.recent(database.engine)}


@pytest.mark.parametrize(
    ("current", "previous", "said"),
    [
        (NEW, None, "TWIZZIT_ENCRYPTION_KEY_PREVIOUS is not set"),
        (NEW, NEW, "the same key"),
        (NEW, SecretStr("CD" * 32), "the same key"),
        (SecretStr("  "), OLD, "^TWIZZIT_ENCRYPTION_KEY is empty"),
        (NEW, SecretStr("  "), "^TWIZZIT_ENCRYPTION_KEY_PREVIOUS is empty"),
    ],
)
def test_keys_that_do_not_say_which_is_new(
    database: Database, tmp_path: Path, current: SecretStr, previous: SecretStr | None, said: str
) -> None:
    ids = fill(database, OLD)
    with pytest.raises(SettingsError, match=said):
        rotate(database.engine, environment(tmp_path, current, previous))
    assert read(database, OLD, ids) == PASSWORDS


def test_other_sessions_can_read_and_not_write_meanwhile(database: Database, tmp_path: Path) -> None:
    ids = fill(database, OLD)
    with blocking(database, "LOCK TABLE twizzit_audit_log IN ACCESS EXCLUSIVE MODE") as unblock:
        rotation = threading.Thread(target=rotate, args=(database.engine, environment(tmp_path)))
        rotation.start()
        await_waiting(database)
        assert read(database, Keys(NEW, OLD), ids) == PASSWORDS
        refused = "SET LOCAL lock_timeout = '100ms'; UPDATE twizzit_credentials SET is_active = false"
        with pytest.raises(Exception, match="55P03"), database.engine.begin() as connection:
            connection.exec_driver_sql(refused)
        unblock()
        rotation.join()
    assert read(database, NEW, ids) == PASSWORDS


def test_a_change_that_has_its_row_is_waited_for(database: Database, tmp_path: Path) -> None:
    ids = fill(database, OLD)
    with ThreadPoolExecutor(1) as beside:
        with database.engine.begin() as connection:
            locked(connection, ids[0])
            rotation = beside.submit(rotate, database.engine, environment(tmp_path))
            await_waiting(database)
            store_password(connection, OLD, owner(database, ids[0]), SecretStr("new"))
        assert rotation.result().reencrypted == tuple(ids)
    assert read(database, NEW, ids) == ["new", *PASSWORDS[1:]]


# --- the kept key -----------------------------------------------------------------------------------------------------


def test_the_kept_key_is_exchanged(database: Database, tmp_path: Path) -> None:
    old = encryption_keys(kept(tmp_path)).current
    ids = fill(database, old)
    done = rotate(database.engine, kept(tmp_path))
    assert (done.reencrypted, done.in_file, done.resumed) == (tuple(ids), True, False)
    keys = encryption_keys(kept(tmp_path))
    assert keys.previous is None
    assert keys.current != old
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]
    assert read(database, keys, ids) == PASSWORDS
    second = rotate(database.engine, kept(tmp_path))
    assert second.key_id != done.key_id
    assert read(database, encryption_keys(kept(tmp_path)), ids) == PASSWORDS


def test_nothing_is_stored_with_a_key_that_was_exchanged_meanwhile(database: Database, tmp_path: Path) -> None:
    before = encryption_keys(kept(tmp_path))
    ids = fill(database, before.current)
    rotate(database.engine, kept(tmp_path))
    with pytest.raises(NotAsShown, match="was exchanged meanwhile"):
        add(database, before)
    login = {"api_username": "api", "password": SecretStr("lost"), "api_endpoint": "https://twizzit.example/v2/api"}
    with pytest.raises(NotAsShown, match="was exchanged meanwhile"):
        store.change_login(database.engine, before, ids[0], **login)  # type: ignore[arg-type]
    assert [one.id for one in store.list_all(database.engine)] == ids
    assert read(database, encryption_keys(kept(tmp_path)), ids) == PASSWORDS
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(NotAsShown, match="was exchanged meanwhile"):
        add(database, before)
    assert not list(tmp_path.iterdir())


def test_a_password_is_read_with_keys_of_before_a_rotation(database: Database, tmp_path: Path) -> None:
    before = encryption_keys(kept(tmp_path))
    ids = fill(database, before.current)
    rotate(database.engine, kept(tmp_path))
    rotate(database.engine, kept(tmp_path))
    assert read(database, before, ids) == PASSWORDS
    with pytest.raises(NotAsShown, match="was exchanged meanwhile"):  # and nothing is stored with them
        change_endpoint(database.engine, before, ids[0], endpoint="https://twizzit.example/v2/api")
    stranger = add(database, OTHER)
    with pytest.raises(DecryptionFailed, match=f"\\(credential {stranger}\\)$"):
        password_of(database, before, stranger)


def test_a_password_that_cannot_be_read_leaves_the_kept_key_alone(database: Database, tmp_path: Path) -> None:
    keys = encryption_keys(kept(tmp_path))
    fill(database, keys.current)
    add(database, OTHER)
    with pytest.raises(DecryptionFailed):
        rotate(database.engine, kept(tmp_path))
    assert encryption_keys(kept(tmp_path)) == keys
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


def test_from_a_key_of_the_environment_to_the_kept_one(database: Database, tmp_path: Path) -> None:
    ids = fill(database, OLD)
    moving = environment(tmp_path, None, OLD)
    done = rotate(database.engine, moving)
    assert (done.in_file, done.reencrypted) == (True, tuple(ids))
    assert read(database, encryption_keys(kept(tmp_path)), ids) == PASSWORDS


def test_two_rotations_at_once_lose_nothing(database: Database, tmp_path: Path) -> None:
    ids = fill(database, encryption_keys(kept(tmp_path)).current)
    done: list[Rotation] = []
    threads = [threading.Thread(target=lambda: done.append(rotate(database.engine, kept(tmp_path)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 4
    keys = encryption_keys(kept(tmp_path))
    assert keys.previous is None
    assert read(database, keys, ids) == PASSWORDS


# --- killed -----------------------------------------------------------------------------------------------------------


@contextmanager
def blocking(database: Database, *statements: str) -> Iterator[Callable[[], None]]:
    """Another client's transaction, which holds what these statements lock until it is ended."""
    url = database.url.get_secret_value().replace("postgresql+psycopg:", "postgresql:")
    with psycopg.connect(url, application_name="another-client") as connection:
        for statement in statements:
            connection.execute(statement)
        yield connection.rollback


def waiting(database: Database) -> int:
    """How many sessions wait for a lock."""
    with database.engine.connect() as connection:
        return int(
            connection.execute(
                text(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
                )
            ).scalar_one()
        )


def await_waiting(database: Database, sessions: int = 1, process: BaseProcess | None = None) -> None:
    until = time.monotonic() + 30
    while waiting(database) != sessions:
        assert time.monotonic() < until, "no session waits for the lock"
        assert process is None or process.is_alive(), "the rotation ended too early"
        time.sleep(0.02)


# What holds the rotation up, and so where it stands when it is killed.
MOMENTS = {
    "before it begins": "UPDATE twizzit_credentials SET is_active = is_active",
    "between two passwords": "SELECT FROM twizzit_credentials WHERE id = {last} FOR UPDATE",
    "after the last password": "LOCK TABLE twizzit_audit_log IN ACCESS EXCLUSIVE MODE",
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("key_is_kept", [True, False])
def test_killed_before_it_is_committed(
    database: Database, settings: Settings, tmp_path: Path, moment: str, key_is_kept: bool
) -> None:
    keys = kept(tmp_path) if key_is_kept else environment(tmp_path)
    old = encryption_keys(keys).current if key_is_kept else OLD
    ids = fill(database, old)
    before = [stored(database, one) for one in ids]
    with blocking(database, MOMENTS[moment].format(last=ids[-1])) as unblock:
        with rotating(settings, keys) as process:
            await_waiting(database, 1, process)
        unblock()
    await_gone(database)
    assert [stored(database, one) for one in ids] == before
    assert read(database, encryption_keys(keys), ids) == PASSWORDS
    _finish(database, keys, old, ids)


def test_killed_after_it_is_committed(database: Database, settings: Settings, tmp_path: Path) -> None:
    old = encryption_keys(kept(tmp_path)).current
    ids = fill(database, old)
    write = "UPDATE twizzit_credentials SET is_active = is_active"
    first_one = f"SELECT FROM twizzit_credentials WHERE id = {ids[-1]} FOR UPDATE"
    with blocking(database, first_one) as unblock, rotating(settings, kept(tmp_path)) as process:
        await_waiting(database, 1, process)
        # Next in the queue for the table: it comes between the rotation's two transactions.
        next_one = threading.Thread(target=_hold_until_gone, args=(database, write, process))
        next_one.start()
        await_waiting(database, 2, process)
        unblock()
        next_one.join()
    await_gone(database)
    keys = encryption_keys(kept(tmp_path))
    assert keys.previous == old
    assert all(is_bound(database, one, keys) for one in ids)
    assert read(database, keys, ids) == PASSWORDS
    _finish(database, kept(tmp_path), old, ids)


def _hold_until_gone(database: Database, statement: str, process: BaseProcess) -> None:
    """Waits for the table, then holds it until the rotation waits for it in turn, and kills that."""
    with blocking(database, statement):
        await_waiting(database, 1, process)
        process.kill()
        process.join()


def await_gone(database: Database) -> None:
    """Until the server has noticed that the killed process is no more."""
    until = time.monotonic() + 30
    others = text(
        "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.pid <> pg_backend_pid()"
        " AND a.datname = current_database() AND l.relation = 'twizzit_credentials'::regclass"
    )
    while True:
        with database.engine.connect() as connection:
            if connection.execute(others).scalar_one() == 0:
                return
        assert time.monotonic() < until, "a session of the killed process still holds a lock"
        time.sleep(0.02)


def test_a_key_that_a_killed_rotation_has_exchanged_meanwhile_stays(database: Database, tmp_path: Path) -> None:
    """Three at once: the first has stored everything, the second ends its exchange, and the third is killed."""
    ids = fill(database, encryption_keys(kept(tmp_path)).current)
    last_one = f"SELECT FROM twizzit_credentials WHERE id = {ids[-1]} FOR UPDATE"
    with ThreadPoolExecutor(2) as beside, blocking(database, last_one) as unblock:
        first = beside.submit(rotate, database.engine, kept(tmp_path))
        await_waiting(database, 1)
        others = beside.submit(_exchange_once_more, database, tmp_path)  # the next in the queue for the table
        await_waiting(database, 2)
        unblock()
        others.result()
        assert first.result().reencrypted == tuple(ids)
    keys = encryption_keys(kept(tmp_path))
    assert read(database, keys, ids) == PASSWORDS
    assert keys.previous is not None
    _finish(database, kept(tmp_path), keys.previous, ids)


def _exchange_once_more(database: Database, home: Path) -> None:
    """What a second and a third rotation leave behind, of which the third was killed before it stored a password."""
    with blocking(database, "UPDATE twizzit_credentials SET is_active = is_active"):
        await_waiting(database, 1)
        key_file.forget_previous(home)
        assert key_file.exchange(home)


def _finish(database: Database, settings: Settings, old: SecretStr, ids: list[int]) -> None:
    """What the next call must end with, wherever the one before was killed."""
    rotate(database.engine, settings)
    keys = encryption_keys(settings)
    assert keys.current != old
    assert read(database, keys.current, ids) == PASSWORDS
    if settings.encryption_key is None:
        assert keys.previous is None
    with pytest.raises(DecryptionFailed):
        password_of(database, old, ids[0])
