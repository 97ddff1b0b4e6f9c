"""Who plays where in v2: the members of groups, and the functions that tell players from coaches and delegates.

What belongs here: reading memberships, at most ten groups a call, and judging them. Who a member is by name is
`v2_contacts`'.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from twizzit_pipeline.errors import NotATwizzit, TwizzitPipelineError
from twizzit_pipeline.twizzit.paging import by_id
from twizzit_pipeline.twizzit.records import Player, Rosters
from twizzit_pipeline.twizzit.sight import advice, shape
from twizzit_pipeline.twizzit.v2_contacts import Contacts, Person, person, read_contacts
from twizzit_pipeline.twizzit.v2_lists import Scope, tens
from twizzit_pipeline.twizzit.wire import Row, folded, identifier, plain_keys, reference, texts

_PATH = "/group-contacts"
_FUNCTIONS = "/contact-functions"
_LIMIT = 250

# A function is a player's if its name is made of these words alone: "Speler", "Joueur / Joueuse", "Player (M)". "Ouder
# van speler" and "Speler-trainer" are not.
_PLAYER_WORDS = frozenset(
    ("player", "players", "speler", "spelers", "speelster", "speelsters", "joueur", "joueurs", "joueuse", "joueuses")
)
_NEUTRAL_WORDS = frozenset(
    (
        "m",
        "f",
        "v",
        "x",
        "en",
        "and",
        "et",
        "of",
        "or",
        "ou",
        "korfbal",
        "korfball",
        "actief",
        "active",
        "actif",
        "jeugd",
    )
)

_Members = dict[str, list["Member"] | TwizzitPipelineError]


@dataclass(frozen=True, slots=True)
class Member:
    """One membership. `person` is there only where the account answers with whole contacts."""

    group_id: str | None
    contact_id: str | None
    function_id: str | None
    person: Person | None


class RosterReader:
    """Reads rosters of one organization, and remembers what it has read for as long as it lives (one run)."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._functions: frozenset[str] | None = None
        self._known: dict[str, list[Member]] = {}

    def read(self, group_ids: Sequence[str]) -> Rosters:
        """The players of these groups, once for each group and person, whatever else they are in it.

        A call for every ten groups, one for the functions, and what `read_contacts` says for the people. Groups whose
        answer could not be read, or of whose people one could not be, are in `failed`.

        Raises:
            TwizzitAnswerError: an error that ends everything, or the first one where no group could be read.
        """
        members, failed = _apart(self._members(group_ids))
        if failed and not members:
            raise next(iter(failed.values()))
        given = _functions_are_given(members)
        playing = {group_id: self._players(found, given) for group_id, found in members.items()}
        nameless = {
            member.contact_id
            for found in playing.values()
            for member in found
            if member.person is None and member.contact_id is not None
        }
        contacts = read_contacts(self._scope, nameless) if nameless else Contacts({})
        players: list[Player] = []
        for group_id, found in playing.items():
            error = next((contacts.failed[id_] for m in found if (id_ := m.contact_id or "") in contacts.failed), None)
            if error is not None:
                failed[group_id] = error
            else:
                players += [_player(group_id, member, contacts.people) for member in found]
        if failed and len(failed) == len(set(group_ids)):
            raise next(iter(failed.values()))
        return Rosters(tuple(players), failed)

    def groups_with_players(self, group_ids: Sequence[str]) -> set[str]:
        """Those of the groups in which somebody has the function of a player.

        Raises:
            NotATwizzit: no membership says a function, so nothing tells a team from a committee.
            TwizzitAnswerError: the members of a group could not be read.
        """
        members, failed = _apart(self._members(group_ids))
        if failed:
            raise next(iter(failed.values()))
        if not _functions_are_given(members):
            raise NotATwizzit(
                "/groups ignores the type that is asked for, and no member says a function: teams cannot be told from "
                "committees; ask Twizzit for an account that filters groups by type",
                endpoint="/groups",
                status=200,
            )
        return {group_id for group_id, found in members.items() if self._players(found, given=True)}

    def check(self) -> None:
        """Ask for the functions, for a look around.

        Raises:
            NotATwizzit: none of them is a player's.
        """
        self._playing_functions()

    def _members(self, group_ids: Sequence[str]) -> _Members:
        wanted = list(dict.fromkeys(group_ids))
        unread = [group_id for group_id in wanted if group_id not in self._known]
        batches = tens(unread)
        tasks = [partial(self._batch, batch) for batch in batches]
        # The first goes alone and finds out which limit this account accepts.
        answers = [*self._scope.session.gather(tasks[:1]), *self._scope.session.gather(tasks[1:])]
        found: _Members = {group_id: self._known[group_id] for group_id in wanted if group_id in self._known}
        for batch, answer in zip(batches, answers, strict=True):
            found |= dict.fromkeys(batch, answer) if isinstance(answer, TwizzitPipelineError) else answer
        _refuse_same_answers(found)
        self._known |= {group_id: known for group_id, known in found.items() if isinstance(known, list)}
        return {group_id: found[group_id] for group_id in wanted}

    def _batch(self, group_ids: Sequence[str]) -> _Members:
        """The members of at most ten groups: of each a list, or the error of asking for it alone."""
        rows = self._rows(group_ids)
        if all(member.group_id is not None for member in rows):
            if rows and not any(member.group_id in group_ids for member in rows):
                raise NotATwizzit(
                    f"{_PATH} answered with other groups than were asked for: ask Twizzit about this account",
                    endpoint=_PATH,
                    status=200,
                )
            return {one: [member for member in rows if member.group_id == one] for one in group_ids}
        if len(group_ids) == 1:  # the answer does not say whose members these are; the question does
            return {group_ids[0]: rows}
        alone: _Members = {}
        for group_id in group_ids:
            alone |= self._batch([group_id])
        return alone

    def _rows(self, group_ids: Sequence[str]) -> list[Member]:
        asked = [("group-ids[]", group_id) for group_id in group_ids]
        rows = self._scope.every(_PATH, asked, limit=_LIMIT, key=_membership_key, unpaged=True)
        return [_member(plain_keys(row)) for row in rows]

    def _players(self, found: Sequence[Member], given: bool) -> list[Member]:
        """The players among a group's members, each person once.

        A member without a function plays only where the account gives nobody a function (`given`).
        """
        playing = [member for member in found if not given or member.function_id in self._playing_functions()]
        once: dict[Hashable, Member] = {}
        for member in playing:
            once.setdefault(member.contact_id or object(), member)
        return list(once.values())

    def _playing_functions(self) -> frozenset[str]:
        if self._functions is None:
            rows = [plain_keys(row) for row in self._scope.few(_FUNCTIONS)]
            ids = (identifier(row.get("id")) for row in rows if _is_player(row))
            self._functions = frozenset(found for found in ids if found)
            if not self._functions:
                raise NotATwizzit(
                    f"{_FUNCTIONS} names none that is a player's: nobody can be told from coaches and delegates",
                    endpoint=_FUNCTIONS,
                    status=200,
                )
        return self._functions


def _apart(members: _Members) -> tuple[dict[str, list[Member]], dict[str, TwizzitPipelineError]]:
    read = {group_id: found for group_id, found in members.items() if isinstance(found, list)}
    return read, {group_id: found for group_id, found in members.items() if isinstance(found, TwizzitPipelineError)}


def _functions_are_given(members: Mapping[str, Sequence[Member]]) -> bool:
    return any(member.function_id for found in members.values() for member in found)


def _refuse_same_answers(members: _Members) -> None:
    """Where rows do not name their group, the same people for every group mean that the filter was ignored."""
    unnamed = [
        frozenset(member.contact_id for member in found)
        for found in members.values()
        if isinstance(found, list) and found and all(member.group_id is None for member in found)
    ]
    if len(unnamed) > 1 and len(set(unnamed)) == 1:
        raise NotATwizzit(
            f"{_PATH} gives every group the same members: this account ignores which group is asked for",
            endpoint=_PATH,
            status=200,
        )


def _member(row: Row) -> Member:
    """A membership of a row with plain keys: a link between ids, or a whole contact."""
    group_id = reference(row.get("groupid", row.get("group")))
    function_id = reference(row.get("contactfunctionid", row.get("contactfunction")))
    if "contactid" in row:
        return Member(group_id, identifier(row["contactid"]), function_id, None)
    if "id" not in row or not {"name", "firstname", "lastname"} & row.keys():
        raise NotATwizzit(
            f"{_PATH} lists something else than memberships, as {shape(row)}: {advice(_PATH)}",
            endpoint=_PATH,
            status=200,
        )
    return Member(group_id, identifier(row["id"]), function_id, person(row))


def _membership_key(row: Row) -> Hashable:
    keys = plain_keys(row)
    if "contactid" not in keys:
        return (by_id(row), reference(keys.get("groupid")), reference(keys.get("contactfunctionid")))
    return tuple(reference(keys.get(name)) for name in ("groupid", "contactid", "contactfunctionid"))


def _is_player(row: Row) -> bool:
    return any(_says_player(name) for name in [*texts(row.get("name")), *texts(row.get("type"))])


def _says_player(name: str) -> bool:
    letters = "".join(letter if letter.isalpha() else " " for letter in folded(name))
    words = set(letters.split())
    return bool(words & _PLAYER_WORDS) and words <= _PLAYER_WORDS | _NEUTRAL_WORDS


def _player(group_id: str, member: Member, people: Mapping[str, Person]) -> Player:
    """The record; without names where the account does not know the contact (the contract rejects it)."""
    found = member.person or people.get(member.contact_id or "") or Person()
    return Player(
        team_id=group_id,
        id=member.contact_id,
        first_name=found.first_name,
        last_name=found.last_name,
        full_name=found.full_name,
        gender=found.gender,
        jersey_number=found.jersey_number,
    )
