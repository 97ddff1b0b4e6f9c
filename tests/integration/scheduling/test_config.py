"""A credential's configuration: its defaults, its bounds, and who changed it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, func, insert, select, update

from twizzit_pipeline.credentials import store
from twizzit_pipeline.errors import ConfigurationRefused, UnknownCredential
from twizzit_pipeline.scheduling import config
from twizzit_pipeline.scheduling.config import SyncConfig
from twizzit_pipeline.scheduling.meanings import meanings_of
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.storage.tables import sync_config
from twizzit_pipeline.words.meanings import Meanings

ADMIN = Actor("token", "1", "admin")


@pytest.fixture
def engine(database: Database) -> Engine:
    return database.engine


@pytest.fixture
def club(engine: Engine, settings: Settings) -> int:
    assert settings.encryption_key is not None
    return store.add(engine, settings.encryption_key, organization_name="A", api_username="b", password=SecretStr("c"))


def rows(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(sync_config)).scalar_one()


def changes(engine: Engine) -> list[dict[str, Any]]:
    return [row.details for row in audit.recent(engine) if row.target == "config"]


def test_the_defaults_appear_when_somebody_asks(engine: Engine, club: int) -> None:
    assert rows(engine) == 0
    assert config.read(engine, club) == SyncConfig(club, True, True, True, 60, False, None, None)
    assert config.read(engine, club) == config.read(engine, club)
    assert rows(engine) == 1


def test_many_who_ask_at_once_find_one(engine: Engine, club: int) -> None:
    gate = threading.Barrier(8)

    def read(_: int) -> SyncConfig:
        gate.wait()
        return config.read(engine, club)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(read, range(8)))) == 1
    assert rows(engine) == 1


def test_only_the_fields_given_change(engine: Engine, club: int) -> None:
    changed = config.change(engine, club, actor=ADMIN, sync_interval_minutes=90, auto_sync_enabled=True)
    assert changed == SyncConfig(club, True, True, True, 90, True, None, None)
    changed = config.change(engine, club, actor=ADMIN, sync_competitions=False)
    assert changed == config.read(engine, club) == SyncConfig(club, True, True, False, 90, True, None, None)


def test_a_change_is_logged_once_it_is_one(engine: Engine, club: int) -> None:
    config.change(engine, club, actor=ADMIN, sync_interval_minutes=60)
    assert changes(engine) == []
    config.change(engine, club, actor=ADMIN, sync_interval_minutes=5, sync_teams=True)
    assert changes(engine) == [{"from": {"sync_interval_minutes": 60}, "to": {"sync_interval_minutes": 5}}]
    (row,) = [row for row in audit.recent(engine) if row.target == "config"]
    assert (row.actor, row.action, row.target_id) == (ADMIN, "change", str(club))


@pytest.mark.parametrize("minutes", [5, 525_600])
def test_an_interval_is_five_minutes_to_a_year(engine: Engine, club: int, minutes: int) -> None:
    assert config.change(engine, club, actor=ADMIN, sync_interval_minutes=minutes).sync_interval_minutes == minutes


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("sync_interval_minutes", 4, "at least 5 minutes"),
        ("sync_interval_minutes", 0, "at least 5 minutes"),
        ("sync_interval_minutes", -60, "at least 5 minutes"),
        ("sync_interval_minutes", 525_601, "at most 525600"),
        ("sync_interval_minutes", 2**70, "at most 525600"),
        ("sync_interval_minutes", 60.5, "a whole number"),
        ("sync_interval_minutes", True, "a whole number"),
        ("sync_interval_minutes", "60", "a whole number"),
        ("sync_interval_minutes", None, "a whole number"),
        ("auto_sync_enabled", 1, "true or false"),
        ("sync_teams", None, "true or false"),
        ("match_event_type", "", "the id or the name"),
        ("match_event_type", "  ", "the id or the name"),
        ("match_event_type", "a\0b", "the id or the name"),
        ("match_event_type", "x" * 101, "the id or the name"),
        ("match_event_type", 12, "the id or the name"),
        ("functions", {"": "player"}, "the id or the name"),
        ("functions", {" ": "player"}, "the id or the name"),
        ("functions", {"a\0b": "player"}, "the id or the name"),
        ("functions", {"x" * 101: "player"}, "at most 100 characters"),
        ("functions", {12: "player"}, "the id or the name"),
        ("functions", {"Trainer": "match"}, "means player or other"),
        ("functions", {"Trainer": True}, "means player or other"),
        ("functions", {"Trainer": ["player"]}, "means player or other"),
        ("functions", ["Trainer"], "words with their meanings"),
        ("functions", None, "words with their meanings"),
        ("functions", {"Équipe": "player", "equipe ": "other"}, "two things of one word"),
        ("functions", {f"word {number}": "player" for number in range(101)}, "100 words"),
        ("event_types", {"Training": "player"}, "means match or other"),
        ("group_types", {"Kern": "match"}, "means team or other"),
        ("statuses", {"WO": "other"}, "scheduled or to_reschedule or in_progress or completed or cancelled"),
        ("next_sync_at", datetime(2026, 1, 1, tzinfo=UTC), "no field"),
        ("is_active", False, "no field"),
    ],
)
def test_what_a_configuration_cannot_have_changes_nothing(
    engine: Engine, club: int, field: str, value: object, said: str
) -> None:
    wrong: Any = {"sync_players": False, field: value}
    with pytest.raises(ConfigurationRefused, match=said) as refused:
        config.change(engine, club, actor=ADMIN, **wrong)
    assert refused.value.field == field
    assert config.read(engine, club).sync_players is True
    assert changes(engine) == []


def test_the_type_of_matches_is_another_spelling_of_an_event_type(engine: Engine, club: int) -> None:
    found = config.change(engine, club, actor=ADMIN, match_event_type=" Wedstrijd ")
    assert (found.match_event_type, found.event_types) == ("Wedstrijd", {"Wedstrijd": "match"})
    assert config.change(engine, club, actor=ADMIN, match_event_type="Wedstrijd") == found
    assert changes(engine) == [
        {"from": {"event_types": {"Wedstrijd": None}}, "to": {"event_types": {"Wedstrijd": "match"}}}
    ]
    config.change(engine, club, actor=ADMIN, event_types={"Training": "other"}, match_event_type="8")
    assert config.read(engine, club).event_types == {"8": "match", "Training": "other", "Wedstrijd": "match"}
    assert config.change(engine, club, actor=ADMIN, match_event_type=None) == config.read(engine, club)
    assert config.read(engine, club).match_event_type is None
    assert config.read(engine, club).event_types == {"Training": "other"}


def test_what_words_mean_is_kept_list_by_list_and_handed_to_the_client(engine: Engine, club: int) -> None:
    said: Any = {
        "functions": {"Gastspeler": "other", " Kern ": "player", "a=b": "other"},
        "event_types": {"Competitiewedstrijd": "match"},
        "group_types": {"Kern": "team"},
        "statuses": {"WO": "completed"},
    }
    found = config.change(engine, club, actor=ADMIN, **said)
    assert found.functions == {"Gastspeler": "other", "Kern": "player", "a=b": "other"}
    assert found == config.read(engine, club)
    assert meanings_of(engine, club) == Meanings(
        functions={"gastspeler": "other", "kern": "player", "a=b": "other"},
        event_types={"competitiewedstrijd": "match"},
        group_types={"kern": "team"},
        statuses={"wo": "completed"},
    )
    found = config.change(engine, club, actor=ADMIN, functions={"GASTSPELER": "player", "Kern": None, "Keeper": None})
    assert found.functions == {"GASTSPELER": "player", "a=b": "other"}
    assert (found.event_types, found.statuses) == ({"Competitiewedstrijd": "match"}, {"WO": "completed"})
    assert changes(engine)[0] == {
        "from": {"functions": {"GASTSPELER": None, "Gastspeler": "other", "Kern": "player"}},
        "to": {"functions": {"GASTSPELER": "player", "Gastspeler": None, "Kern": None}},
    }


def test_a_list_holds_a_hundred_words(engine: Engine, club: int) -> None:
    hundred: Any = {f"word {number}": "player" for number in range(100)}
    config.change(engine, club, actor=ADMIN, functions=hundred)
    with pytest.raises(ConfigurationRefused, match="100 words"):
        config.change(engine, club, actor=ADMIN, functions={"one more": "player"})
    config.change(engine, club, actor=ADMIN, functions={"one more": "player", "word 7": None})
    assert len(config.read(engine, club).functions) == 100


def test_words_that_another_program_spoilt_are_passed_over(engine: Engine, club: int) -> None:
    config.read(engine, club)
    for spoilt in (
        list[str](),
        {"functions": 7},
        {"functions": {"A": "nothing", "": "player", "B": ["player"], "C": "player"}},
    ):
        with engine.begin() as connection:
            connection.execute(update(sync_config).values(meanings=spoilt))
        readable = {"C": "player"} if isinstance(spoilt, dict) and spoilt["functions"] != 7 else {}
        assert config.read(engine, club).functions == readable
        assert meanings_of(engine, club).functions == {word.casefold(): said for word, said in readable.items()}


@pytest.mark.parametrize("credential_id", [99, 0, -1, 2**40])
def test_an_unknown_credential_has_none(engine: Engine, credential_id: int) -> None:
    with pytest.raises(UnknownCredential):
        config.read(engine, credential_id)
    with pytest.raises(UnknownCredential):
        config.change(engine, credential_id, actor=ADMIN, sync_teams=False)
    assert rows(engine) == 0


def test_a_row_of_shotspots_own_may_have_holes(engine: Engine, club: int) -> None:
    holes = dict.fromkeys(("sync_teams", "sync_players", "sync_competitions", "auto_sync_enabled"))
    moment = datetime(2026, 9, 1, 12, 0)  # noqa: DTZ001  (as ShotSpot keeps it: UTC without zone)
    with engine.begin() as connection:
        connection.execute(
            insert(sync_config).values(credential_id=club, sync_interval_minutes=None, last_sync_at=moment, **holes)
        )
    found = config.read(engine, club)
    assert found == SyncConfig(club, True, True, True, 60, False, moment.replace(tzinfo=UTC), None)
    with engine.begin() as connection:
        connection.execute(update(sync_config).values(sync_interval_minutes=1))  # below our bounds: still readable
    assert config.read(engine, club).sync_interval_minutes == 1


def test_changes_at_once_both_hold(engine: Engine, club: int) -> None:
    config.read(engine, club)
    gate = threading.Barrier(2)

    def change(fields: Any) -> None:
        gate.wait()
        config.change(engine, club, actor=ADMIN, **fields)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(change, [{"sync_teams": False}, {"sync_players": False}]))
    found = config.read(engine, club)
    assert (found.sync_teams, found.sync_players) == (False, False)
    assert len(changes(engine)) == 2
