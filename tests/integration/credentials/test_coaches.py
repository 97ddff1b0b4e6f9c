"""Which clubs a coach may see by an administrator's word: kept, changed, and never widened by a deletion."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from tests.conftest import ENCRYPTION_KEY
from twizzit_pipeline.cli.app import whole
from twizzit_pipeline.credentials import coaches, store
from twizzit_pipeline.credentials.coaches import visible_to
from twizzit_pipeline.errors import ConfigurationRefused, UnknownCredential
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import Database

ADMIN = Actor("token", "1", "admin")


@pytest.fixture
def engine(database: Database) -> Engine:
    for name in ("KC Duinen", "Korfbal Leie", "KV Hoogland"):
        store.add(
            database.engine,
            SecretStr(ENCRYPTION_KEY),
            organization_name=name,
            api_username="u",
            password=SecretStr("p"),
        )
    return database.engine


def test_a_coach_sees_every_club_until_they_are_limited(engine: Engine) -> None:
    assert visible_to(engine, "12") is None
    assert not coaches.read(engine, "12").limited
    done = coaches.limit(engine, "12", [3, 1, 3], actor=ADMIN)
    assert [(club.credential_id, club.organization_name) for club in done.clubs] == [
        (1, "KC Duinen"),
        (3, "KV Hoogland"),
    ]
    assert visible_to(engine, "12") == frozenset({1, 3})
    assert visible_to(engine, "13") is None
    assert coaches.limit(engine, "12", [2], actor=ADMIN).clubs[0].credential_id == 2
    assert visible_to(engine, "12") == frozenset({2}), "what was said before is gone"
    assert [one.user_id for one in coaches.list_all(engine)] == ["12"]
    assert coaches.free(engine, "12", actor=ADMIN)
    assert visible_to(engine, "12") is None
    assert not coaches.free(engine, "12", actor=ADMIN)
    rows = [row for row in audit.recent(engine) if row.target == "coach"]
    assert [(row.actor, row.action, row.target_id, row.details) for row in rows] == [
        (ADMIN, "free", "12", {"credentials_before": [2]}),
        (ADMIN, "limit", "12", {"credentials": [2], "credentials_before": [1, 3]}),
        (ADMIN, "limit", "12", {"credentials": [1, 3], "credentials_before": []}),
    ]


def test_what_is_said_of_one_coach_is_of_no_other(engine: Engine) -> None:
    coaches.limit(engine, "12", [1, 3])
    coaches.limit(engine, "13", [2])
    coaches.limit(engine, "13", [1])
    assert not coaches.free(engine, "14")
    assert coaches.free(engine, "13")
    assert (visible_to(engine, "12"), visible_to(engine, "13")) == (frozenset({1, 3}), None)


def test_a_coach_who_loses_the_last_club_sees_none(engine: Engine) -> None:
    coaches.limit(engine, "12", [1, 2])
    store.delete(engine, 1)
    assert visible_to(engine, "12") == frozenset({2})
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM twizzit_credentials WHERE id = 2"))  # as a user of ShotSpot may
    assert visible_to(engine, "12") == frozenset()
    assert coaches.read(engine, "12").limited
    assert coaches.read(engine, "12").clubs == ()
    assert coaches.limit(engine, "13", []).limited
    assert visible_to(engine, "13") == frozenset()


@pytest.mark.parametrize("spelled", ["12", " 12 ", "012", "１２"])
def test_an_id_is_one_however_it_is_spelled(engine: Engine, spelled: str) -> None:
    assert coaches.limit(engine, spelled, [1]).user_id == "12"
    assert visible_to(engine, "12") == frozenset({1})
    assert visible_to(engine, spelled) == frozenset({1})


@pytest.mark.parametrize("wrong", ["", "  ", "x" * 101, "a\x00b", "a\nb"])
def test_an_id_that_is_none_is_refused_and_looked_up_without_harm(engine: Engine, wrong: str) -> None:
    for act in (lambda: coaches.limit(engine, wrong, [1]), lambda: coaches.free(engine, wrong)):
        with pytest.raises(ConfigurationRefused):
            act()
    assert visible_to(engine, wrong) is None


@pytest.mark.parametrize("missing", [99, 0, -1, 2**31, 2**70])
def test_a_credential_that_there_is_not_changes_nothing(engine: Engine, missing: int) -> None:
    coaches.limit(engine, "12", [1])
    before = audit.count(engine)
    with pytest.raises(UnknownCredential):
        coaches.limit(engine, "12", [2, missing])
    with pytest.raises(UnknownCredential):
        coaches.limit(engine, "13", [missing])
    assert (visible_to(engine, "12"), visible_to(engine, "13")) == (frozenset({1}), None)
    assert audit.count(engine) == before


def test_two_who_limit_the_same_coach_at_once_leave_what_one_of_them_said(engine: Engine) -> None:
    wanted = [[1], [2, 3], [1, 2, 3], []] * 5
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda ids: coaches.limit(engine, "12", ids), wanted))
    assert visible_to(engine, "12") == frozenset(audit.recent(engine)[0].details["credentials"])


def test_the_command_line_limits_and_frees(engine: Engine, database: Database, tmp_path: object) -> None:
    environment = {
        "TWIZZIT_DATABASE_URL": database.url.get_secret_value(),
        "TWIZZIT_HOME": str(tmp_path),
        "TWIZZIT_ENCRYPTION_KEY": ENCRYPTION_KEY,
    }

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner(env=environment).invoke(whole(), ["coaches", *arguments])
        return done.exit_code, " ".join(done.output.split())

    assert run("list") == (0, "No coach is limited: each of them sees every club.")
    assert run("limit", "12", "korfbal leie", "1") == (0, "User 12 sees 1 (KC Duinen), 2 (Korfbal Leie) alone.")
    assert visible_to(engine, "12") == frozenset({1, 2})
    assert "12" in run("list")[1]
    assert "1 KC Duinen, 2 Korfbal Leie" in run("list")[1]
    assert '"user_id": "12"' in run("list", "--json")[1]
    assert run("limit", "12", "--none") == (0, "User 12 sees no club.")
    assert visible_to(engine, "12") == frozenset()
    for wrong in (("limit", "12"), ("limit", "12", "1", "--none"), ("limit", " ", "1"), ("free", "x" * 101)):
        assert run(*wrong)[0] == 2
    assert run("free", "12") == (0, "User 12 sees every club.")
    assert run("free", "12") == (0, "User 12 was not limited, and sees every club.")
    (row, *_) = audit.recent(engine)
    assert (row.actor.kind, row.action, row.target_id) == ("os", "free", "12")
