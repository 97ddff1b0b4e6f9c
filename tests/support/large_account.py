"""An account of as many players as a test likes, without a server: what a sync asks of Twizzit is made up here."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import pytest

from twizzit_pipeline.sync.session import SyncSession
from twizzit_pipeline.twizzit.people import Player
from twizzit_pipeline.twizzit.records import Asked, Organization, Presence, Rosters, Season, Team, Teams

SEASON = Season(id="1", label="2026-2027", start_date=date(2026, 7, 1), end_date=date(2027, 6, 30))
TEAMS_OF_A_CLUB, PLAYERS_OF_A_TEAM = 8, 12
_FIRST = ("Noë", "Lotte", "José", "Jan", "Piet", "Joris", "Korneel", "Marie", "An", "Els")
_LAST = ("Van den Broeck", "D'Hondt", "Peeters", "Janssens", "Maes")


@dataclass
class LargeAccount:
    """A federation's account; the numbers of players in `renamed` have another last name, those in `gone` have left."""

    players: int
    renamed: Collection[int] = ()
    gone: Collection[int] = ()
    calls: int = 0
    ended: bool = False
    _season: Season = field(default=SEASON)

    @property
    def source(self) -> "LargeAccount":
        """What is asked of an account, as of a client."""
        return self

    def close(self) -> None:
        """Nothing is open."""

    def end_calls(self) -> None:
        """Nothing is under way."""

    def organization(self) -> Organization:
        return Organization(id="7", name="Bond")

    def seasons(self) -> tuple[Season, ...]:
        return (self._season,)

    def teams(self, season: Season | None) -> Teams:
        count = -(-self.players // PLAYERS_OF_A_TEAM)
        return Teams(tuple(_team(number) for number in range(count)))

    def rosters(self, teams: Sequence[Team], season: Season | None) -> Rosters:
        wanted = {team.id for team in teams}
        everyone = (self._player(number) for number in range(self.players) if number not in self.gone)
        return Rosters(tuple(player for player in everyone if player.team_id in wanted), {})

    @property
    def can_prove_absence(self) -> bool:
        return True

    def still_listed(self, what: Asked, ids: Collection[str], known: Collection[str]) -> dict[str, Presence]:
        gone = {_player(number).id for number in self.gone}
        return {one: "absent" if what == "people" and one in gone else "present" for one in ids}

    def playing(self, team_ids: Collection[str], season: Season | None) -> dict[str, frozenset[str]]:
        players = self.rosters([Team(one, None) for one in team_ids], season).players
        return {one: frozenset(str(player.id) for player in players if player.team_id == one) for one in team_ids}

    def _player(self, number: int) -> Player:
        player = _player(number)
        return replace(player, last_name="Renamed") if number in self.renamed else player


def answered_by(account: LargeAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every session asks this account from now on."""
    monkeypatch.setattr(SyncSession, "client", property(lambda _: account))


def _team(number: int) -> Team:
    club, age = divmod(number, TEAMS_OF_A_CLUB)
    return Team(id=str(1000 + number), name=f"U{age + 10}", short_name=None, club_id=None, club_name=f"Klub {club}")


def _player(number: int) -> Player:
    letters = "".join(chr(97 + number // power % 26) for power in (50, 1300, 33800))
    return Player(
        team_id=str(1000 + number // PLAYERS_OF_A_TEAM),
        id=str(10**6 + number),
        first_name=_FIRST[number % 10] + chr(97 + number // 10 % 26),
        last_name=f"{_LAST[number % 5]} {letters}",
        full_name=None,
        gender="M" if number % 2 else "F",
        jersey_number=str(number % (TEAMS_OF_A_CLUB * PLAYERS_OF_A_TEAM) + 1),
    )
