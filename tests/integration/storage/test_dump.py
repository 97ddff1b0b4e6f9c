"""Dumps: everything comes back, into this version of PostgreSQL or another, and a sync afterwards changes nothing."""

import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url, text

from tests.conftest import ENCRYPTION_KEY
from tests.support.shotspot_house import new_role
from tests.support.sync_process import locked, wait_until
from tests.support.sync_world import SyncWorld, quick
from twizzit_pipeline.errors import BackupRefused
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import this_user
from twizzit_pipeline.storage.dump import _fitting, _what_to_do, dump, restore
from twizzit_pipeline.storage.embedded import cluster
from twizzit_pipeline.storage.embedded.binaries import OrdinaryUser, offered_versions, run_program
from twizzit_pipeline.storage.engine import Database, open_database
from twizzit_pipeline.storage.hanging import detach
from twizzit_pipeline.storage.migrate import check, migrate
from twizzit_pipeline.storage.patience import KEY

ALL = tuple(tables.metadata.tables.values())


@pytest.fixture
def world(settings: Settings, database: Database, simulate: Callable[..., SimulatorServer]) -> SyncWorld:
    return SyncWorld(quick(settings), database, simulate(clubs=1, teams=2, players_per_team=4, other_contacts=2))


@pytest.fixture
def elsewhere(empty_database_url: str) -> Iterator[Database]:
    """An empty database."""
    with open_database(load_settings(_env_file=None, database_url=SecretStr(empty_database_url))) as opened:
        yield opened


def test_everything_comes_back_and_a_sync_afterwards_changes_nothing(
    world: SyncWorld, elsewhere: Database, tmp_path: Path
) -> None:
    credential_id = world.add_credential()
    world.sync(credential_id)
    file = tmp_path / "twizzit.dump"
    with world.session(credential_id) as working, working.recording("teams"):  # a sync is under way meanwhile
        size = dump(world.database, file)
        before = world.dump(ALL)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert size == file.stat().st_size > 10_000
    assert [found.name for found in tmp_path.iterdir() if "partial" in found.name] == []

    restore(elsewhere, file)
    there = SyncWorld(world.settings, elsewhere, world.simulator, world.dialects)
    assert there.dump(ALL) == before
    assert check(elsewhere.engine).differences == ()
    with elsewhere.engine.begin() as connection:  # the process that held it is on the other side
        connection.execute(text("UPDATE twizzit_leases SET heartbeat_at = now() - interval '2 minutes'"))
    written = there.dump()
    again = there.sync(credential_id)
    assert again.players.unchanged == len(before["twizzit_player_mappings"])
    assert there.dump() == written


def test_a_new_major_version_takes_the_dump_of_the_one_before(
    tmp_path: Path, simulate: Callable[..., SimulatorServer]
) -> None:
    simulator = simulate(clubs=1, teams=2, players_per_team=4, other_contacts=2)
    versions = sorted(offered_versions())
    assert len(versions) > 1, "the wheel brings one version alone: try another way"

    def without_what_is_newer(user: OrdinaryUser, program: Path, *arguments: str, **more: Any) -> Any:
        known = [one for one in arguments if versions[0] >= 17 or "builtin" not in one]
        return run_program(user, program, *known, **more)

    file, dumps = tmp_path / "old.dump", []
    for home, version in (("old", versions[0]), ("new", versions[-1])):
        with ExitStack() as stack:
            only = stack.enter_context(pytest.MonkeyPatch.context())
            only.setattr(cluster, "offered_versions", lambda version=version: {version: offered_versions()[version]})
            only.setattr(cluster, "run_program", without_what_is_newer)
            settings = load_settings(
                _env_file=None,
                home=tmp_path / home,
                encryption_key=SecretStr(ENCRYPTION_KEY),
                allow_private_endpoints=True,
            )
            database = stack.enter_context(open_database(settings))
            there = SyncWorld(quick(settings), database, simulator, {1: "v2"})
            with database.engine.connect() as connection:
                assert str(connection.scalar(text("SHOW server_version"))).startswith(f"{version}.")
            if home == "old":
                migrate(database.engine)
                there.sync(there.add_credential())
                dump(database, file)
            else:
                restore(database, file)
                there.sync(1)
            dumps.append(there.dump())
    assert dumps[0] == dumps[1]
    assert dumps[0]["players"]


def test_what_only_the_old_server_supports_is_left_out_and_data_never() -> None:
    lines = [
        b"SET transaction_timeout = 0;\n",
        b"ALTER TABLE ONLY public.teams ALTER COLUMN name SET (pg_attver=26356504);\n",
    ]
    statements = [b"SET row_security = off;\n", *lines, b"COPY public.x (a) FROM stdin;\n", *lines, b"\\.\n", lines[0]]
    assert [line for line in _fitting(iter(statements)) if line in statements] == [statements[0], *statements[3:7]]


def test_a_database_that_is_not_empty_is_left_alone(world: SyncWorld, tmp_path: Path) -> None:
    world.add_credential()
    file = tmp_path / "twizzit.dump"
    dump(world.database, file)
    before = world.dump(ALL)
    with pytest.raises(BackupRefused, match="not empty"):
        restore(world.database, file)
    assert world.dump(ALL) == before


def test_a_damaged_dump_restores_nothing(world: SyncWorld, elsewhere: Database, tmp_path: Path) -> None:
    world.sync(world.add_credential())
    file = tmp_path / "twizzit.dump"
    dump(world.database, file)
    whole = file.read_bytes()
    middle = len(whole) - 5000
    damaged = {
        "cut": whole[:-2000],
        "torn": whole[:middle] + bytes(255 - byte for byte in whole[middle : middle + 400]) + whole[middle + 400 :],
        "no dump": b"Jan Peeters\n" * 100,
    }
    for damage, content in damaged.items():
        file.write_bytes(content)
        with pytest.raises(BackupRefused) as refused:
            restore(elsewhere, file)
        assert len(str(refused.value).splitlines()) == 1, damage
        assert "Peeters" not in str(refused.value), damage
        with elsewhere.engine.connect() as connection:
            left = connection.scalar(text("SELECT count(*) FROM pg_class WHERE relname LIKE 'twizzit%'"))
        assert left == 0, damage
    file.write_bytes(whole)
    restore(elsewhere, file)


def test_what_was_made_there_meanwhile_is_named_as_the_reason(
    world: SyncWorld, elsewhere: Database, tmp_path: Path
) -> None:
    dump(world.database, tmp_path / "whole.dump")
    with elsewhere.engine.begin() as connection:  # no table: as the very beginning of a migration elsewhere
        there = "CREATE FUNCTION twizzit_audit_credentials() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'"
        connection.execute(text(there))
    with pytest.raises(BackupRefused, match=r"^Nothing was restored: .* meanwhile .*into a new database$"):
        restore(elsewhere, tmp_path / "whole.dump")


def test_a_restore_leaves_a_database_to_the_migration_that_is_at_work_there(
    world: SyncWorld, elsewhere: Database, tmp_path: Path
) -> None:
    dump(world.database, tmp_path / "whole.dump")
    there = SyncWorld(world.settings, elsewhere, world.simulator)
    with there.connected() as migrating, migrating.transaction():
        migrating.execute("SELECT pg_advisory_xact_lock(%s)", (KEY,))
        with pytest.raises(BackupRefused, match=r"^Nothing was restored: .* at work there; .*into a new database$"):
            restore(elsewhere, tmp_path / "whole.dump")
    restore(elsewhere, tmp_path / "whole.dump")


def test_a_migration_that_began_before_a_restore_waits_for_it_and_says_that_it_did_nothing(
    world: SyncWorld, elsewhere: Database, empty_database_url: str, tmp_path: Path
) -> None:
    world.add_credential()
    dump(world.database, tmp_path / "whole.dump")
    there = SyncWorld(world.settings, elsewhere, world.simulator)
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = %s"
    with (
        open_database(load_settings(_env_file=None, database_url=SecretStr(empty_database_url))) as of_another_process,
        ThreadPoolExecutor(2) as both,
        there.connected() as other,
    ):
        with other.transaction():  # the dump has that function too: the restore waits for the end of this one
            name = "twizzit_audit_credentials()"
            other.execute(f"CREATE FUNCTION {name} RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'")
            restored = both.submit(restore, elsewhere, tmp_path / "whole.dump")
            wait_until(lambda: other.execute(waiting, ("transactionid",)).fetchone() == (1,))
            applied = both.submit(migrate, of_another_process.engine, actor=this_user())
            wait_until(lambda: other.execute(waiting, ("advisory",)).fetchone() == (1,))
            other.execute(f"DROP FUNCTION {name}")
        restored.result()
        assert applied.result() == []
    assert there.dump(ALL) == world.dump(ALL)


def test_no_file_is_overwritten_unless_asked_for(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "twizzit.dump"
    file.write_text("precious")
    with pytest.raises(BackupRefused, match="--force"):
        dump(database, file)
    assert file.read_text() == "precious"
    dump(database, file, overwrite=True)
    assert file.read_bytes()[:5] == b"PGDMP"
    with pytest.raises(BackupRefused, match="cannot be written"):
        dump(database, tmp_path / "nowhere" / "twizzit.dump")
    (tmp_path / "folder").mkdir()
    for place in ("folder", "x" * 300):
        with pytest.raises(BackupRefused, match="cannot be written"):
            dump(database, tmp_path / place, overwrite=True)
        with pytest.raises(BackupRefused, match="is no file"):
            restore(database, tmp_path / place)


def test_a_dump_that_a_right_is_lacking_for_says_so(world: SyncWorld, database_url: str, tmp_path: Path) -> None:
    with new_role(database_url) as role, world.connected() as connection:
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
        reader = make_url(database_url).set(username=role)
        named = SecretStr(reader.render_as_string(hide_password=False))
        with (
            open_database(load_settings(_env_file=None, database_url=named)) as opened,
            pytest.raises(
                BackupRefused,  # an older server's sequences are read like tables
                match=r"(SELECT privilege|permission denied).*; dump with the user who owns the tables in",
            ),
        ):
            dump(opened, tmp_path / "twizzit.dump")
    assert not list(tmp_path.glob("*.dump*"))


@pytest.mark.parametrize(
    ("said", "todo"),
    [
        ("could not write to file: No space left on device", "make room, or choose another place"),
        ("permission denied for table players", "dump with the user who owns the tables in TWIZZIT_DATABASE_URL"),
        ("canceling statement due to statement timeout", "see that all is well: twizzit doctor"),
    ],
)
def test_what_is_to_be_done_fits_what_pg_dump_says(said: str, todo: str) -> None:
    assert _what_to_do(said) == todo


def test_a_dump_beside_which_views_go_says_so_and_leaves_no_file(world: SyncWorld, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as beside, world.connected() as watcher:
        with locked(world, "twizzit_alembic_version", mode="ACCESS EXCLUSIVE"):  # the first that pg_dump locks
            dumped = beside.submit(dump, world.database, tmp_path / "twizzit.dump")
            wait = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pg_dump'"
            wait_until(lambda: watcher.execute(f"{wait} AND wait_event_type = 'Lock'").fetchone() is not None)
            detach(world.database.engine, lambda _: None, actor=this_user())
        with pytest.raises(BackupRefused, match=r"changed meanwhile .*: dump once more when that is over$"):
            dumped.result()
    assert not list(tmp_path.glob("*.dump*"))


def test_two_dumps_into_one_file_at_once_leave_a_whole_one(
    world: SyncWorld, elsewhere: Database, tmp_path: Path
) -> None:
    world.add_credential()
    file = tmp_path / "twizzit.dump"
    wait = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg_dump' AND wait_event_type = 'Lock'"
    of_this = f"{wait} AND datname = current_database()"
    with ThreadPoolExecutor(2) as both, world.connected() as watcher:
        with locked(world, "twizzit_credentials", mode="ACCESS EXCLUSIVE"):
            dumps = [both.submit(dump, world.database, file, overwrite=True) for _ in range(2)]
            wait_until(lambda: watcher.execute(of_this).fetchone() == (2,))
        sizes = {each.result() for each in dumps}
    assert sizes == {file.stat().st_size}
    assert [found.name for found in tmp_path.iterdir() if found.is_file()] == [file.name]
    restore(elsewhere, file)
    assert SyncWorld(world.settings, elsewhere, world.simulator).rows(tables.credentials)


def test_what_a_killed_dump_left_is_deleted_by_the_next_and_no_more(database: Database, tmp_path: Path) -> None:
    old, new, held, ahead = (tmp_path / f".dump.{name}.partial" for name in ("old", "new", "held", "ahead"))
    for draft in (old, new, held, ahead):
        draft.touch()
    for draft in (old, held):
        os.utime(draft, (0, 0))
    later = time.time() + 366 * 86_400  # it was made before the clock was put back
    os.utime(ahead, (later, later))
    with held.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        dump(database, tmp_path / "twizzit.dump")
    assert [draft.exists() for draft in (old, new, held, ahead)] == [False, True, True, False]


def test_a_password_is_no_argument_and_in_no_error(database: Database, tmp_path: Path) -> None:
    url = make_url(database.url.get_secret_value()).set(username="stranger", password="hush")
    other = Database(engine=database.engine, url=SecretStr(url.render_as_string(hide_password=False)), dagster_url="")
    with pytest.raises(BackupRefused) as refused:
        dump(other, tmp_path / "twizzit.dump")
    assert "stranger" in str(refused.value)
    assert "hush" not in str(refused.value)
    assert list(tmp_path.glob("twizzit.dump*")) == []
