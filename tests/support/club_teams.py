"""A club's teams in a database: what becomes of them in Twizzit and in ShotSpot, and what must be so then.

What must be so is said by `club_teams_model`; here it is done for real, and compared.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from tests.support.club_life import ClubLife, Decision
from tests.support.club_model import ClubModel
from tests.support.club_rows import same
from tests.support.memory_account import RUNNING, Spoiled
from tests.support.sync_world import STEPS, Step
from twizzit_pipeline.storage import tables

ANEW = 10  # a team that is made anew has an id so much higher


@dataclass
class ClubTeams(ClubLife):
    """A club with teams; a team is named by the id that it had first.

    Attributes:
        ids: the first id of a team → the one that Twizzit has for it now.
        synced_into: person → the team that their mapping named before the last sync.
    """

    STEPS = STEPS
    ENTITIES = ("teams", "players")
    EXCEPTIONS = ("players.first_name", "teams.name")

    model: ClubModel = field(default_factory=ClubModel)
    ids: dict[str, str] = field(default_factory=dict)
    synced_into: dict[str, str | None] = field(default_factory=dict)

    def id_of(self, team: str | None) -> str:
        """What Twizzit calls it now."""
        return self.ids.get(team or "", team or "")

    # --- what happens in Twizzit ---

    def team_says(self, team: str, word: str) -> None:
        """Twizzit gives a team another name."""
        if (remote_id := self.id_of(team)) in self.account.groups:
            self.account.groups[remote_id] = _named(word, team)

    def teams_leave(self, teams: Collection[str]) -> None:
        """The groups are gone from Twizzit, their people are not."""
        for team in teams:
            self.account.groups.pop(self.id_of(team), None)

    def team_comes(self, team: str, word: str | None) -> None:
        """A team is back by the same id, or new; it may be called otherwise by now."""
        known = self.model.teams.known.get(self.id_of(team))
        before = f"Ploeg {team}" if known is None else str(known.base["name"])
        self.account.groups.setdefault(self.id_of(team), before if word is None else _named(word, team))

    def team_is_made_anew(self, teams: Collection[str]) -> None:
        """Groups are deleted and made once more, with their people and names, and have other ids from then on."""
        for team in sorted(teams):
            earlier = self.id_of(team)
            self.ids[team] = remote_id = str(int(earlier) + ANEW)
            known = self.model.teams.known.get(earlier)
            name = f"Ploeg {team}" if known is None else str(known.base["name"])
            self.account.groups[remote_id] = self.account.groups.pop(earlier, name)
            for one in self.account.people.values():
                if earlier in one.teams:
                    one.teams = one.teams - {earlier} | {remote_id}

    # --- what people do ---

    def team_is_edited(self, team: str, word: str) -> None:
        """A person gives a team another name in ShotSpot, if none has it there."""
        one = self.model.teams.known.get(self.id_of(team))
        if one is not None and not self.model.teams.is_taken(_named(word, team), but=one):
            self.write(tables.teams, one.local_id, name=_named(word, team))
            one.held["name"], one.is_touched = _named(word, team), True

    def team_is_switched(self, team: str, is_active: bool) -> None:
        """A person makes a team inactive, or active."""
        if (one := self.model.teams.known.get(self.id_of(team))) is not None:
            self.write(tables.teams, one.local_id, is_active=is_active)
            one.is_active, one.is_touched = is_active, True

    def team_both_change(self, team: str, words: tuple[str, str]) -> None:
        self.team_says(team, words[0])
        self.team_is_edited(team, words[1])

    def decides_team(self, team: str, decision: Decision) -> None:
        """A person decides about the departure of a team."""
        self.decides_about("teams", self.id_of(team), decision)

    # --- what must be so ---

    def _learn_teams(self, spoiled: Spoiled) -> None:
        """What a sync of the running season makes of the teams."""
        account, model = self.account, self.model
        said = {one: {"name": name} for one, name in account.groups.items() if one != spoiled.shifted_team}
        truth = {one: "present" if one in account.groups else "absent" for one in account.found_teams}
        assert all(answer in (truth[one], "unproved") for one, answer in account.found_teams.items())
        found = dict(account.found_teams)
        if not model.can_ask:
            found |= dict.fromkeys(model.teams.known.keys() - said.keys(), "unproved")
        moved_on = model.teams.known.keys() - account.groups.keys() if self._is_same_club(spoiled) else set()
        gone_over = model.teams.sync(said, None if spoiled.unread else found, self._team_of, moved_on)
        model.go_over(gone_over)

    def _is_same_club(self, spoiled: Spoiled) -> bool:
        """docs/departures.md, of v1: more than half, and at least three, of those who were synced into its teams."""
        if self.model.can_ask:
            return False
        playing = {one: self.account.teams_of(known, RUNNING) for one, known in self.account.people.items()}
        here = {one for one, teams in playing.items() if teams - {spoiled.shifted_team} and one != spoiled.shifted}
        teams = self.model.teams
        known = {one for one in teams.known if one in self.account.groups or not teams.is_refused(one)}
        before = {one for one, team in self.synced_into.items() if team in known}
        return len(here & before) >= 3 and 2 * len(here & before) > len(before)

    def run(self, season: str = RUNNING.label, steps: Sequence[Step] | None = None) -> None:
        mappings = self.rows(tables.player_mappings)
        self.synced_into = {row["twizzit_player_id"]: row["last_values"]["twizzit_team_id"] for row in mappings}
        super().run(season, steps)

    def _team_of(self, remote_id: str) -> int:
        return self.mapped_to(tables.team_mappings, "team", remote_id)

    def check_teams(self) -> dict[str, int]:
        """Each team is what the rules say; the local team of each that is mapped."""
        rows = {row["id"]: row for row in self.rows(tables.teams)}
        mappings = [row for row in self.rows(tables.team_mappings) if row["last_values"]["season"] == RUNNING.label]
        mapped = {row["twizzit_team_id"]: row["local_team_id"] for row in mappings}
        known = self.model.teams.known
        same(mapped, {remote_id: one.local_id for remote_id, one in known.items()}, "teams")
        for remote_id, one in known.items():
            found = {name: rows[one.local_id][name] for name in ("name", "is_active")}
            same(found, {**one.held, "is_active": one.is_active}, f"team {remote_id}")
        self.check_waiting("teams")
        return mapped


def _named(word: str, team: str) -> str:
    return f"{word} {team}"
