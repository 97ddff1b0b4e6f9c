"""What became of a row that did not arrive, in a sentence for people: the one place that the API and the terminal read.

What belongs here: the sentence of every reason that is no rule of a contract. Those of the rules are in the contracts
(`Rule.broken`), those of what is set aside in `asides`. A sentence goes on after a colon: no capital, no full stop. It
names no person.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from twizzit_pipeline.contracts.rules import contract_of
from twizzit_pipeline.entities import ENTITIES, MATCHES, PLAYERS
from twizzit_pipeline.plan.chosen import LEFT_OUT, NEEDS_WHAT_IS_LEFT, NEW_SINCE_PLAN, NO_LONGER_TRUE
from twizzit_pipeline.plan.departures import DEPARTED, NONE_LISTED
from twizzit_pipeline.plan.matches import VANISHED
from twizzit_pipeline.plan.newcomers import MADE_ANEW, MAYBE_THE_SAME
from twizzit_pipeline.plan.ownership import HOST_CHANGED, TAKEN_OVER, TAKEN_OVER_RENAMED
from twizzit_pipeline.plan.players import NAME_PUT_RIGHT
from twizzit_pipeline.plan.repair import REPAIRED_ON_REQUEST
from twizzit_pipeline.plan.shotspot_sync import REPAIRED
from twizzit_pipeline.plan.taken_names import NAME_TAKEN, TEAM_OF_ANOTHER
from twizzit_pipeline.plan.teams import CLUB_OF_ANOTHER, IN_ANOTHER_CLUB, NAMES_ANOTHER_CLUB
from twizzit_pipeline.runs.asides import SetAsideRows

Kind = Literal["rejected", "failed", "set_aside", "warnings"]
KINDS: tuple[Kind, ...] = ("rejected", "failed", "set_aside", "warnings")

# Reason → sentence, whatever the entity; what an entity says otherwise stands below.
REASONS: Mapping[str, str] = {
    # What could not be applied.
    "club_doubtful": "which club the team belongs to is not certain; say so: twizzit credentials set-club ID CLUB",
    CLUB_OF_ANOTHER: "another organization feeds the club of ShotSpot that is called so; if it is this one's too, say "
    "so: twizzit credentials set-club ID CLUB",
    TEAM_OF_ANOTHER: "another organization brings the club's team of that name in that season; nothing is to be done "
    "if it is the same team, else give one of the two another name in Twizzit",
    NAMES_ANOTHER_CLUB: "it names another club than the organization, which only a federation's may; if this is one, "
    "say so: twizzit config set ID --federation",
    "competition_not_mapped": "the competition is not in ShotSpot, so the game comes without it until it is",
    DEPARTED: "they have left Twizzit since, and an older season brings no one back",
    "doubtful_link": "which row of ShotSpot it is is not certain, so none was linked and none made",
    HOST_CHANGED: "it was mapped from another address than the endpoint is now; if both are the same Twizzit, say so: "
    "twizzit credentials update ID --same-organization",
    "group_not_found": "the account lists no such team in this season",
    NAME_TAKEN: "another team of the club has that name in that season",
    "no_own_team": "neither side is a team of this account",
    "not_created": "it is not in ShotSpot, and the sync was asked to make nothing",
    "opponent_doubtful": "several clubs or teams of ShotSpot have the opponent's name, so none was taken for it; "
    "choose one, for every match against that name: twizzit conflicts",
    "players_not_read": "the players could not be read",
    "remote_id_taken": "the id belongs to another active credential of this organization (switch that off if this one "
    "is to have it), or this credential mapped it in another organization",
    "team_not_mapped": "none of the player's teams is in ShotSpot",
    # With a remark.
    IN_ANOTHER_CLUB: "Twizzit names another club than the one in which the team stands; it stays there until a person "
    "moves it in ShotSpot",
    "number_taken": "without the shirt number, which another player of the club has",
    NONE_LISTED: "Twizzit lists no team of the season any more, which proves nothing: they and their players stay in "
    "ShotSpot as they are; see in Twizzit whether the teams are there, and whether the account may read them",
    MADE_ANEW: "removed and added again in Twizzit, so it has another id there; the player of ShotSpot is the same",
    MAYBE_THE_SAME: "a player of that name is not listed any more, and it is not certain that both are one person, so "
    "this one has a row of their own",
    NAME_PUT_RIGHT: "ShotSpot had a part of the name in the wrong place; first and last name are Twizzit's now",
    REPAIRED: "ShotSpot's own sync had emptied the shirt number or parted the name elsewhere; Twizzit's are back",
    REPAIRED_ON_REQUEST: "edited in ShotSpot; a repair was asked for, and Twizzit's values are back",
    TAKEN_OVER: "taken over from ShotSpot's own integration",
    TAKEN_OVER_RENAMED: "taken over from ShotSpot's own integration by their id alone: ShotSpot's name is another one",
    LEFT_OUT: "left out, as the person who applied the plan asked",
    NO_LONGER_TRUE: "left as it is: it would be another change than in the plan, since ShotSpot or Twizzit has moved "
    "on, or since something else was left out",
    NEEDS_WHAT_IS_LEFT: "left as it is: it needs a team, a name or a shirt number of what was left",
    NEW_SINCE_PLAN: "left for the next sync or plan: it is new since the plan was made",
    VANISHED: "not in Twizzit's calendar any more; the game in ShotSpot stays as it is until that is proved twice",
}
_OF_ENTITY: Mapping[tuple[str, str], str] = {
    (PLAYERS.name, NONE_LISTED): "Twizzit lists no player in any team of the season, which proves nothing: all of "
    "them stay in ShotSpot as they are; see in Twizzit whether the teams have members, and whether the account may "
    "read them",
    (MATCHES.name, "team_not_mapped"): "the team is not in ShotSpot; a sync of teams brings it",
}


@dataclass(frozen=True, slots=True)
class Line:
    """What became of some items of an entity for one reason.

    Attributes:
        reason: the rule or reason, for programs; `sentence`: the same for people.
        count: how many items; `ids`: their remote ids, of many the first 200.
    """

    entity: str
    kind: Kind
    reason: str
    sentence: str
    count: int
    ids: tuple[str, ...]


@cache
def _rules() -> Mapping[str, Mapping[str, str]]:
    """Entity → rule of its contract → what is wrong with a row that breaks it."""
    return {
        entity: {rule.name: rule.broken or f"it breaks the rule “{rule.description}”" for rule in contract_of(entity)}
        for entity in ENTITIES
    }


def sentence(entity: str, reason: str) -> str:
    """The sentence of a rule or a reason; of an entity that is not known, the first one that has such a rule.

    Args:
        entity: ``teams``, ``players``, ``competitions`` or ``matches``.
        reason: as the history's details have it; ``not_a_player: Trainer`` is a reason with the account's own word.
    """
    name, between, word = reason.partition(": ")
    if between:  # no rule has the account's own word
        return SetAsideRows(name, word, 0, ()).words
    known = (
        _OF_ENTITY.get((entity, reason))
        or REASONS.get(reason)
        or _rules().get(entity, {}).get(reason)
        or next((rules[reason] for rules in _rules().values() if reason in rules), None)
    )
    return known or SetAsideRows(name, None, 0, ()).words


def lines(entity: str, details: Mapping[str, Any], kinds: tuple[Kind, ...] = KINDS) -> Iterator[Line]:
    """What a history row's details say did not arrive, or came with a remark, by kind and reason."""
    for kind in kinds:
        found: Mapping[str, Any] = details.get(kind) or {}
        for reason, items in sorted(found.items()):
            ids = tuple(map(str, items.get("twizzit_ids", ())))
            yield Line(entity, kind, reason, sentence(entity, reason), int(items.get("count", len(ids))), ids)
