"""Several seasons of one year in an account: an indoor one within the outdoor one, and which of them decides."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

import pytest

from tests.support.memory_account import MemoryAccount, Person, answered_from
from tests.support.sync_world import Synced, SyncWorld, quick
from twizzit_pipeline.runs import seasons
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.simulator import SimulatorServer
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.engine import Database
from twizzit_pipeline.twizzit.records import Season

OUTDOOR = Season("1", "Outdoor 2026-2027", date(2026, 8, 1), date(2027, 6, 30))
INDOOR = Season("2", "Indoor 2026-2027", date(2026, 11, 1), date(2027, 3, 15))
SEPTEMBER, DECEMBER, APRIL = date(2026, 9, 1), date(2026, 12, 15), date(2027, 4, 10)


@dataclass
class SeasonsAccount(MemoryAccount):
    """An account of v2 with these seasons; `groups_of`: label → id and name of its teams."""

    has: list[Season] = field(default_factory=list)
    groups_of: dict[str, dict[str, str]] = field(default_factory=dict)

    def seasons(self) -> tuple[Season, ...]:
        return tuple(self.has)

    def listed(self, season: Season | None) -> dict[str, str]:
        assert season is not None
        return self.groups_of.get(season.label, {})

    def teams_of(self, person: Person, season: Season | None) -> set[str]:
        return person.teams & set(self.listed(season))


@dataclass
class Club:
    """A credential of such an account."""

    world: SyncWorld
    account: SeasonsAccount
    credential_id: int

    def sync(self, day: date) -> Synced:
        """An automatic sync of that day: of the season that is known to run."""
        return self.world.sync(self.credential_id, self.running(day), day=day)

    def running(self, day: date) -> str:
        found = seasons.running_season(self.world.database.engine, self.credential_id, day=day, season_start="07-01")
        return found or self.account.has[0].label

    def where(self, remote_id: str) -> tuple[int | None, int | None, bool]:
        """A player's team, shirt number, and whether they are active."""
        row = self.world.player(remote_id)
        return row["team_id"], row["jersey_number"], row["is_active"]


@pytest.fixture
def club(
    settings: Settings, database: Database, simulate: Callable[..., SimulatorServer], monkeypatch: pytest.MonkeyPatch
) -> Club:
    account = SeasonsAccount(
        has=[OUTDOOR, INDOOR], groups_of={OUTDOOR.label: {"10": "A", "11": "B"}, INDOOR.label: {"20": "A"}}
    )
    for number, teams in enumerate([{"10", "20"}, {"10", "20"}, {"11", "20"}, {"11", "20"}]):
        account.people[f"10{number}"] = Person(f"F{number}", f"L{number}", None, number + 1, teams)
    answered_from(account, monkeypatch)
    world = SyncWorld(quick(settings), database, simulate(clubs=1, teams=1, players_per_team=1))
    return Club(world, account, world.add_credential())


def test_a_season_that_goes_on_decides_again_once_the_one_within_it_is_over(club: Club) -> None:
    club.sync(SEPTEMBER)
    assert club.sync(DECEMBER).players.deciding
    indoor = club.world.local_id("20", "team")
    assert club.where("103") == (indoor, 4, True)
    club.account.people["104"] = Person("New", "Since April", None, 9, {"11"})

    synced = club.sync(APRIL)

    assert synced.players.deciding
    outdoor = club.world.local_id("11", "team")
    assert club.where("103") == (outdoor, 4, True)
    assert club.where("104") == (outdoor, 9, True)
    assert not club.world.sync(club.credential_id, INDOOR.label, day=APRIL).players.deciding
    assert club.where("103") == (outdoor, 4, True)


def test_what_runs_for_years_takes_no_ended_season_s_place(club: Club) -> None:
    for_years = Season("1", "Recreanten", date(2020, 1, 1), date(2030, 12, 31))
    club.account.has[0], club.account.groups_of = for_years, {"Recreanten": {"11": "B"}, INDOOR.label: {"20": "A"}}
    club.sync(DECEMBER)
    before = club.where("103")

    assert not club.sync(APRIL).players.deciding
    assert club.where("103") == before


@pytest.mark.parametrize("ahead", [None, date(2026, 9, 20)])  # the latter before the clock was put back
def test_a_season_that_was_made_by_mistake_gives_way_once_it_is_deleted(club: Club, ahead: date | None) -> None:
    """A copy of the season lists a player; it is not believed to be gone at once, since one answer may be short."""
    account = club.account
    account.has = [OUTDOOR]
    club.sync(date(2026, 9, 1))
    outdoor = club.world.local_id("10", "team")
    copy = Season("3", "Outdoor 2026-2027 kopie", date(2026, 9, 2), date(2027, 6, 30))
    account.has, account.groups_of[copy.label] = [OUTDOOR, copy], {"30": "A"}
    account.people["100"].teams.add("30")
    club.sync(date(2026, 9, 3))  # hears of it
    assert club.sync(date(2026, 9, 3)).players.deciding
    assert club.where("100") == (club.world.local_id("30", "team"), 1, True)
    account.has.remove(copy)
    del account.groups_of[copy.label]
    account.people["104"] = Person("New", "Player", None, 9, {"11"})
    if ahead is not None:
        assert not club.sync(ahead).teams.season_exists

    days = [date(2026, 9, 4), date(2026, 9, 5), date(2026, 9, 6)]
    read = [club.sync(day).teams.season_exists for day in days]

    assert read == [False, False, True]
    assert club.where("100") == (outdoor, 1, True)
    assert club.where("104") == (club.world.local_id("11", "team"), 9, True)
    rows = club.world.dump()
    club.sync(date(2026, 9, 7))
    assert club.world.dump() == rows


def test_a_season_that_is_made_anew_under_another_name_takes_the_earlier_one_s_place(club: Club) -> None:
    """It begins before the earlier one, so that its days alone would never make it the running one."""
    account = club.account
    account.has = [OUTDOOR]
    club.sync(date(2026, 9, 1))
    anew = Season("4", "Competition KC 2026-2027", date(2026, 7, 1), date(2027, 6, 30))
    account.has, account.groups_of = [anew], {anew.label: account.groups_of[OUTDOOR.label]}
    account.people["104"] = Person("New", "Player", None, 9, {"11"})

    for day in (date(2026, 9, 2), date(2026, 9, 4)):
        club.sync(day)

    assert club.running(date(2026, 9, 4)) == anew.label
    assert club.where("104") == (club.world.local_id("11", "team"), 9, True)


def test_no_season_that_is_over_takes_the_place_of_one_that_is_not_listed(club: Club) -> None:
    before = Season("0", "2025-2026", date(2025, 8, 1), date(2026, 6, 30))
    club.account.has, club.account.groups_of["2025-2026"] = [before, OUTDOOR], {"1": "A"}
    club.sync(SEPTEMBER)
    club.sync(SEPTEMBER)
    club.account.has = [before]

    assert not club.sync(date(2026, 9, 10)).teams.season_exists
    assert not club.sync(date(2026, 9, 20)).teams.season_exists
    assert club.running(date(2026, 9, 20)) == OUTDOOR.label
    assert not club.world.sync(club.credential_id, "2025-2026", day=date(2026, 9, 20)).players.deciding


def test_two_seasons_with_the_same_days_are_two_in_shotspot(club: Club) -> None:
    """Else the second one's team of the same name is not applied, and who is in it alone does not come."""
    account = club.account
    account.has = [replace(one, start_date=date(2026, 7, 1), end_date=date(2027, 6, 30)) for one in (OUTDOOR, INDOOR)]
    account.people["104"] = Person("Indoor", "Alone", None, 9, {"20"})
    club.world.sync(club.credential_id, OUTDOOR.label, day=DECEMBER)

    synced = club.world.sync(club.credential_id, INDOOR.label, day=DECEMBER)

    assert synced.teams.failed == {}
    assert club.where("104") == (club.world.local_id("20", "team"), 9, True)
    assert {row["name"] for row in club.world.rows(tables.seasons)} == {OUTDOOR.label, INDOOR.label}
    assert club.world.team("20")["season_id"] != club.world.team("10")["season_id"]
