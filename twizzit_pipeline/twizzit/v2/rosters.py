"""Who plays where in v2: memberships, judged by the functions that distinguish players from coaches and delegates.

What belongs here: what becomes of each membership. Reading them is in `memberships`, what a function means
in `functions`, who a member is by name in `contacts`.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from twizzit_pipeline.errors import NotATwizzit, TwizzitPipelineError
from twizzit_pipeline.twizzit.people import Person, Player, in_team
from twizzit_pipeline.twizzit.records import Rosters, Season, SetAside
from twizzit_pipeline.twizzit.v2.contacts import Contacts, read_contacts
from twizzit_pipeline.twizzit.v2.functions import Functions, Judged
from twizzit_pipeline.twizzit.v2.lists import Scope
from twizzit_pipeline.twizzit.v2.memberships import Member, Members, Memberships, OtherIds

# Of several rows of one person in one team: the first that says so is theirs.
_FIRST_OF = ("player", "member", "unknown")
_ASKED_AGAIN = 5  # groups of one call, when rosters are read a second time


@dataclass(slots=True)
class _Judgement:
    """What became of the memberships of one group; each is in one of the lists."""

    playing: list[Member] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    unclear: list[SetAside] = field(default_factory=list)


class RosterReader:
    """Reads rosters of one season, and remembers what it has read for as long as it lives (one run)."""

    def __init__(self, scope: Scope, season: Season | None, functions: Functions, other_ids: OtherIds) -> None:
        self._scope = scope
        self._functions = functions
        self._memberships = Memberships(scope, season, other_ids)

    def read(self, group_ids: Sequence[str]) -> Rosters:
        """Every membership of these groups: a player, once for each group and person, or set aside, or unclear.

        A call for every ten groups, one for the functions, and what `read_contacts` says for the people. Groups whose
        answer could not be read, or of whose people one could not be, are in `failed`, and their rows nowhere else.

        Raises:
            TwizzitAnswerError: an error that ends everything, or the first one where no group could be read.
        """
        members, failed = _apart(self._memberships.read(group_ids))
        if failed and not members:
            raise next(iter(failed.values()))
        judged = {group_id: _judge(self._functions, group_id, found) for group_id, found in members.items()}
        nameless = {
            member.contact_id
            for judgement in judged.values()
            for member in judgement.playing
            if member.person is None and member.contact_id is not None
        }
        contacts = read_contacts(self._scope, nameless) if nameless else Contacts({})
        for group_id, judgement in judged.items():
            ids = [member.contact_id or "" for member in judgement.playing]
            error = next((contacts.failed[id_] for id_ in ids if id_ in contacts.failed), None)
            if error is not None:
                failed[group_id] = error
        if failed and len(failed) == len(set(group_ids)):
            raise next(iter(failed.values()))
        read = {group_id: judgement for group_id, judgement in judged.items() if group_id not in failed}
        strays = [
            SetAside(member.contact_id, "other_group", team_id=member.group_id)
            for member in self._memberships.of_other_groups(group_ids)
        ]
        return Rosters(
            tuple(_player(id_, member, contacts.people) for id_, one in read.items() for member in one.playing),
            failed,
            (*(row for one in read.values() for row in one.set_aside), *strays),
            tuple(row for one in read.values() for row in one.unclear),
        )

    def groups_with_players(self, group_ids: Sequence[str]) -> set[str]:
        """Those of the groups in which a member has the function of a player: a plain member may be a committee's.

        Raises:
            NotATwizzit: no member has the function of a player, and not because all are coaches, boards and the like:
                nothing distinguishes a team from a committee.
            TwizzitAnswerError: the members of a group could not be read.
        """
        members, failed = _apart(self._memberships.read(group_ids))
        if failed:
            raise next(iter(failed.values()))
        says = {
            group_id: {self._functions.judge(one.functions).says for one in found if one.season is None}
            for group_id, found in members.items()
        }
        playing = {group_id for group_id, found in says.items() if "player" in found}
        if not playing and set().union(*says.values()) != {"other"}:
            raise NotATwizzit(
                "/groups ignores the type that is asked for, and no member has the function of a player: teams and "
                "committees look the same; say which function is a player's "
                "(twizzit config set ID --function NAME=player), or ask Twizzit for an account that filters by type",
                endpoint="/groups",
                status=200,
            )
        return playing

    def playing_now(self, group_ids: Sequence[str]) -> dict[str, frozenset[str]]:
        """The ids of those who play in each group, and of those of whom it is not clear, asked anew.

        A call for every five groups, and two calls at least where there are several: half an answer that comes again
        would be another half then. One more for the functions, once a run.

        Raises:
            TwizzitPipelineError: a group could not be read.
        """
        size = max(1, min(_ASKED_AGAIN, len(group_ids) // 2))
        functions = self._functions.again()
        playing: dict[str, frozenset[str]] = {}
        for start in range(0, len(group_ids), size):
            with self._memberships.again(group_ids[start : start + size]) as members:
                read, failed = _apart(members)
                if failed:
                    raise next(iter(failed.values()))
                playing |= {group_id: _who_may_play(functions, group_id, found) for group_id, found in read.items()}
        return playing


def _who_may_play(functions: Functions, group_id: str, found: Sequence[Member]) -> frozenset[str]:
    """The ids of the members of one group who play, and of those of whom it is not clear."""
    judged = _judge(functions, group_id, found)
    return frozenset({one.contact_id or "" for one in judged.playing} | {one.id or "" for one in judged.unclear})


def _judge(functions: Functions, group_id: str, found: Sequence[Member]) -> _Judgement:
    """What becomes of the members of one group.

    A coach who plays as well is a player, and the coach's row is set aside; so are the further rows of a player.
    """
    judgement = _Judgement()
    in_turn: dict[str, list[tuple[Member, Judged]]] = {says: [] for says in _FIRST_OF}
    for member in found:
        if member.season is not None:
            judgement.set_aside.append(SetAside(member.contact_id, "other_season", member.season, group_id))
            continue
        judged = functions.judge(member.functions)
        if judged.says == "other":
            judgement.set_aside.append(SetAside(member.contact_id, "not_a_player", judged.word, group_id))
        else:
            in_turn[judged.says].append((member, judged))
    once: set[Hashable] = set()
    for member, judged in (pair for says in _FIRST_OF for pair in in_turn[says]):
        who: Hashable = member.contact_id or object()
        if who in once:
            judgement.set_aside.append(SetAside(member.contact_id, "listed_twice", team_id=group_id))
        elif judged.says == "unknown":
            judgement.unclear.append(SetAside(member.contact_id, "function_unknown", judged.word, group_id))
        else:
            judgement.playing.append(member)
        once.add(who)
    return judgement


def _apart(members: Members) -> tuple[dict[str, list[Member]], dict[str, TwizzitPipelineError]]:
    read = {group_id: found for group_id, found in members.items() if isinstance(found, list)}
    return read, {group_id: found for group_id, found in members.items() if isinstance(found, TwizzitPipelineError)}


def _player(group_id: str, member: Member, people: Mapping[str, Person]) -> Player:
    """The record; without names where the account does not list the contact (the contract rejects it)."""
    found = member.person or people.get(member.contact_id or "") or Person()
    return in_team(found, group_id, member.contact_id)
