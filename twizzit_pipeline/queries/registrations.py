"""Whether people of a team are registered, and the answer for a whole team: what the API and the terminal show."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from twizzit_pipeline.queries.rosters import LocalTeam

Code = Literal[
    "registered",
    "plays_elsewhere",
    "listed_elsewhere",
    "inactive",
    "without_credential",
    "credential_inactive",
    "rejected",
    "not_listed",
    "not_applied",
    "not_synced_yet",
    "set_aside",
    "doubtful_link",
    "namesake_registered",
    "team_not_mapped",
    "team_without_credential",
    "never_synced",
    "roster_not_read",
    "not_in_twizzit",
    "kept_off",
    "unvouched",
]

REASONS: Mapping[Code, str] = {
    "registered": "Twizzit lists this player in the team",
    "plays_elsewhere": "plays in {team} in ShotSpot",
    "listed_elsewhere": "here, in {team} in Twizzit",
    "inactive": "not active in ShotSpot",
    "without_credential": "the credential was deleted: nothing keeps this up to date until another one of the same"
    " organization syncs",
    "credential_inactive": "the credential is switched off: nothing keeps this up to date",
    "rejected": "here; the last sync rejected the row in Twizzit: {why}",
    "not_listed": "here, not in Twizzit any more",
    "not_applied": "in Twizzit, not here: {why}",
    "not_synced_yet": "in Twizzit, not here yet: the next sync brings this player",
    "set_aside": "in Twizzit, set aside: {why}",
    "doubtful_link": "here; several players fit one in Twizzit, so none was linked: make their names or genders differ,"
    " then sync",
    "namesake_registered": "here; Twizzit lists another player of this name, who is registered",
    "team_not_mapped": "here; this team is none of Twizzit's, as far as it was synced",
    "team_without_credential": "here; no active credential syncs this team",
    "never_synced": "here; the players of this team were never synced",
    "roster_not_read": "here; the last sync could not read the players of this team: sync again",
    "not_in_twizzit": "here, not in this team of Twizzit",
    "kept_off": "linked with Twizzit, but not registered in ShotSpot, which lets this player play no official match",
    "unvouched": "registered in ShotSpot, but not linked with Twizzit",
}
OUT_OF_STEP: Collection[Code] = ("kept_off", "unvouched")
"""ShotSpot's flag is not what the mappings say: the check `registration_in_step` names the same players."""
REJECTED_THERE = "in Twizzit, not here: {why}"


@dataclass(frozen=True, slots=True)
class Registration:
    """Whether a person of a team is registered, and why or why not.

    Attributes:
        player_id: ShotSpot's; None for a person whom Twizzit alone has.
        twizzit_id: None for a person whom Twizzit does not list.
        first_name, last_name: None where Twizzit alone has them, and was not asked or did not answer.
        registered: whether they may play an official match: ShotSpot's own flag, and not whether they have a mapping.
        reason: for people; `code`: the same for programs.
        in_twizzit: whether Twizzit lists them as a player of this team; `here`: whether ShotSpot has them in it.
        causes: the rules or reasons behind the code, as the history has them; `team`: the team that the code speaks of.
    """

    player_id: int | None
    first_name: str | None
    last_name: str | None
    jersey_number: int | None
    registered: bool
    reason: str
    code: Code
    twizzit_id: str | None = None
    in_twizzit: bool = False
    here: bool = True
    causes: tuple[str, ...] = ()
    team: str = ""


@dataclass(frozen=True, slots=True)
class Registered:
    """The answer for one team.

    Attributes:
        people: those who may not play first, then by name; people set aside last.
        as_of: when the sync ended that the answer is of (UTC); None before the first.
        names_missing: why Twizzit could not be asked for names; None where it could, or was not needed.
    """

    team: LocalTeam
    people: Sequence[Registration]
    as_of: datetime | None = None
    names_missing: str | None = None

    @property
    def in_twizzit(self) -> int:
        """How many players Twizzit lists in the team."""
        return sum(one.in_twizzit for one in self.people)

    @property
    def here(self) -> int:
        """How many players ShotSpot has in the team."""
        return sum(one.here for one in self.people)

    @property
    def out_of_step(self) -> int:
        """Of how many players ShotSpot's flag says something else than the mappings."""
        return sum(one.code in OUT_OF_STEP for one in self.people)

    @property
    def set_aside(self) -> int:
        """How many people Twizzit lists in the team who are no players."""
        return sum(one.code == "set_aside" for one in self.people)
