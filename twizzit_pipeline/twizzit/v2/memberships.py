"""Who is in which group in v2: the rows of ``/group-contacts``, at most ten groups a call.

What belongs here: asking, and giving each row to the group that it names. What a member does there is judged in
`rosters`, who they are by name in `contacts`.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from twizzit_pipeline.errors import NotATwizzit, TwizzitPipelineError
from twizzit_pipeline.twizzit.memory import KeptList
from twizzit_pipeline.twizzit.paging import by_id
from twizzit_pipeline.twizzit.people import Person, person
from twizzit_pipeline.twizzit.records import Season
from twizzit_pipeline.twizzit.sight import advice, shape
from twizzit_pipeline.twizzit.v2.functions import Function, functions_of
from twizzit_pipeline.twizzit.v2.lists import Scope, tens
from twizzit_pipeline.twizzit.v2.seasons import is_of, season_word
from twizzit_pipeline.twizzit.wire import Row, identifier, plain_keys, reference

PATH = "/group-contacts"
_LIMIT = 250
_NAMES = {"name", "firstname", "lastname"}

Members = dict[str, "list[Member] | TwizzitPipelineError"]


@dataclass(frozen=True, slots=True)
class Member:
    """One membership.

    Attributes:
        group_id: the id of the group as it was asked for, whichever of its ids the row has.
        person: there only where the account answers with whole contacts.
        season: what the row calls its season, where that is another than was asked for.
        names_its_group: whether the row says which group it is of; else the question did.
    """

    group_id: str | None
    contact_id: str | None
    functions: tuple[Function, ...]
    person: Person | None
    season: str | None = None
    names_its_group: bool = True


class OtherIds(Protocol):
    """The further ids under which an account may list its groups: id of a group → its others."""

    def known(self) -> dict[str, tuple[str, ...]]:
        """What has been read of them so far."""
        ...

    def asked(self) -> dict[str, tuple[str, ...]]:
        """All of them, if need be for a few calls."""
        ...


@dataclass(frozen=True, slots=True)
class _Way:
    """How memberships are asked for: by the groups' other ids, and for one season."""

    by_other_ids: bool
    by_season: bool


class Memberships:
    """Reads the members of groups in one season, each group once for as long as this lives (one run)."""

    def __init__(self, scope: Scope, season: Season | None, other_ids: OtherIds) -> None:
        self._scope = scope
        self._season = season
        self._other_ids = other_ids
        self._way = _Way(by_other_ids=False, by_season=season is not None and season.id is not None)
        self._is_settled = False
        self._known: dict[str, list[Member]] = {}
        self._others: dict[Hashable, Member] = {}
        self._lists: list[KeptList] = []

    def read(self, group_ids: Sequence[str]) -> Members:
        """The members of each of these groups, or the error of reading them. A call for every ten groups."""
        wanted = list(dict.fromkeys(group_ids))
        batches = tens([group_id for group_id in wanted if group_id not in self._known])
        # The first goes alone and finds out how this account is asked.
        answers = [self._first(batch) for batch in batches[:1]]
        answers += self._scope.session.gather([partial(self._batch, batch, self._way) for batch in batches[1:]])
        found: Members = {group_id: self._known[group_id] for group_id in wanted if group_id in self._known}
        for batch, answer in zip(batches, answers, strict=True):
            found |= dict.fromkeys(batch, answer) if isinstance(answer, TwizzitPipelineError) else answer
        _refuse_same_answers(found)
        self._known |= {group_id: known for group_id, known in found.items() if isinstance(known, list)}
        return {group_id: found[group_id] for group_id in wanted}

    @contextmanager
    def again(self, group_ids: Sequence[str]) -> Iterator[Members]:
        """The members of each of these groups asked anew, in the way that this account is known to answer.

        The caller looks through them, and keeps none: they count for nothing afterwards.
        """
        anew = Memberships(self._scope, self._season, self._other_ids)
        anew._way, anew._is_settled = self._way, self._is_settled
        try:
            yield anew.read(group_ids)
        finally:
            for one in anew._lists:
                one.release()

    def of_other_groups(self, group_ids: Sequence[str]) -> list[Member]:
        """The rows that came along of groups other than these, each once, however often they came."""
        wanted = set(group_ids)
        return [member for member in self._others.values() if member.group_id not in wanted]

    def _first(self, batch: Sequence[str]) -> "Members | TwizzitPipelineError":
        """The first answer of a reading. While none has named a member yet, other ways of asking are tried as well."""
        (answer,) = self._scope.session.gather([partial(self._batch, batch, self._way)])
        if self._is_settled or not _says_nothing(answer):
            return answer
        is_unknown = isinstance(answer, NotATwizzit) and answer.status == 404
        for way in self._other_ways(batch, without_season=not is_unknown):
            (other,) = self._scope.session.gather([partial(self._batch, batch, way)])
            if not _says_nothing(other):
                self._way = way
                return other
        return answer

    def _other_ways(self, batch: Sequence[str], *, without_season: bool) -> list[_Way]:
        """By the groups' lasting ids where they have any, and without the season (which no 404 speaks of)."""
        others, by_season = self._other_ids.asked(), self._way.by_season
        ways = [_Way(by_other_ids=True, by_season=by_season)] if any(others.get(one) for one in batch) else []
        return [*ways, *([_Way(by_other_ids=False, by_season=False)] if by_season and without_season else [])]

    def _batch(self, group_ids: Sequence[str], way: _Way) -> Members:
        """The members of at most ten groups: of each a list, or the error of asking for it alone."""
        rows = self._rows(group_ids, way)
        if all(member.group_id is not None for member in rows):
            rows = self._with_known_ids(rows, group_ids)
            if rows and not any(member.group_id in group_ids for member in rows):
                raise NotATwizzit(
                    f"{PATH} answered with other groups than were asked for: ask Twizzit about this account",
                    endpoint=PATH,
                    status=200,
                )
            self._is_settled = self._is_settled or bool(rows)
            for member in rows:
                if member.group_id not in group_ids:
                    self._others.setdefault(replace(member, person=None), member)
            return {one: [member for member in rows if member.group_id == one] for one in group_ids}
        if len(group_ids) == 1:  # the answer does not say whose members these are; the question does
            return {group_ids[0]: [replace(member, group_id=group_ids[0]) for member in rows]}
        alone: Members = {}
        for group_id in group_ids:
            alone |= self._batch([group_id], way)
        return alone

    def _rows(self, group_ids: Sequence[str], way: _Way) -> list[Member]:
        others = self._other_ids.known() if way.by_other_ids else {}
        asked = [("group-ids[]", (others.get(group_id) or (group_id,))[0]) for group_id in group_ids]
        if way.by_season and self._season is not None and self._season.id is not None:
            asked.append(("season-ids[]", self._season.id))
        rows = self._scope.every(PATH, asked, limit=_LIMIT, key=_key, unpaged=True, lists=self._lists)
        members = [_member(plain_keys(row), self._season) for row in rows]
        if rows and not any(members):
            raise NotATwizzit(
                f"{PATH} lists something else than memberships, as {shape(rows[0])}: {advice(PATH)}",
                endpoint=PATH,
                status=200,
            )
        # What is none among memberships is rejected for its missing id, and keeps none of them out.
        return [Member(group_ids[0], None, (), None) if member is None else member for member in members]

    def _with_known_ids(self, rows: list[Member], asked: Sequence[str]) -> list[Member]:
        """The rows with the ids that this project uses for their groups, whichever of their ids the answer uses.

        An id may be one group's own and another's lasting one: an answer that names all its groups by the one kind
        means that kind.
        """
        if all(member.group_id in asked for member in rows):
            return rows
        others = self._other_ids.known()
        if not any(member.group_id in asked for member in rows):
            others = self._other_ids.asked()
        lasting = {other: own for own, found in others.items() for other in found}
        own = {one: one for one in [*others, *asked]}
        ids = {member.group_id or "" for member in rows}
        names = own | lasting if ids <= lasting.keys() and not ids <= own.keys() else lasting | own
        return [replace(member, group_id=names.get(member.group_id or "", member.group_id)) for member in rows]


def _says_nothing(answer: "Members | TwizzitPipelineError") -> bool:
    """Whether an answer names no member, or refuses the question."""
    if isinstance(answer, NotATwizzit):
        return answer.status in (400, 404)
    return not isinstance(answer, TwizzitPipelineError) and not any(answer.values())


def _refuse_same_answers(members: Members) -> None:
    """Where rows do not name their group, the same people for every group mean that the filter was ignored."""
    unnamed = [
        frozenset(member.contact_id for member in found)
        for found in members.values()
        if isinstance(found, list) and found and not any(member.names_its_group for member in found)
    ]
    if len(unnamed) > 1 and len(set(unnamed)) == 1:
        raise NotATwizzit(
            f"{PATH} gives every group the same members: this account ignores which group is asked for",
            endpoint=PATH,
            status=200,
        )


def _member(row: dict[str, object], season: Season | None) -> Member | None:
    """A membership of a row with plain keys: a link between ids, or a whole contact; None for anything else."""
    group_id = reference(row.get("groupid", row.get("group")))
    other_season = None if is_of(row, season) else season_word(row)
    if "contactid" in row or "contact" in row:
        contact = row.get("contactid", row.get("contact"))
        whole = plain_keys(contact) if isinstance(contact, Mapping) else {}
        who = person(whole) if _NAMES & whole.keys() else None
        return Member(group_id, reference(contact), functions_of(row), who, other_season, group_id is not None)
    if "id" not in row or not _NAMES & row.keys():
        return None
    contact_id = identifier(row["id"])
    return Member(group_id, contact_id, functions_of(row), person(row), other_season, group_id is not None)


def _key(row: Row) -> Hashable:
    """What makes two memberships the same; one and the same person may have several functions and seasons."""
    keys = plain_keys(row)
    contact = reference(keys.get("contactid", keys.get("contact")))
    group = reference(keys.get("groupid", keys.get("group")))
    return (
        by_id(row) if "id" in keys or contact is None else None,
        group,
        contact,
        functions_of(keys),
        season_word(keys),
    )
