"""The groups of an account of v2, and which of them are teams.

What belongs here: group types, groups and their rows. Who plays in a team is `rosters`'.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence

from twizzit_pipeline.errors import AccessDenied, NotATwizzit, TwizzitAnswerError
from twizzit_pipeline.twizzit.paging import by_id, each_once
from twizzit_pipeline.twizzit.records import Organization, Season, SetAside, Team, Teams
from twizzit_pipeline.twizzit.session import Query
from twizzit_pipeline.twizzit.v2.functions import shown
from twizzit_pipeline.twizzit.v2.lists import Scope
from twizzit_pipeline.twizzit.v2.seasons import is_of, season_word
from twizzit_pipeline.twizzit.wire import Row, folded, identifier, plain_keys, reference, text, texts
from twizzit_pipeline.words.group_types import group_type_meaning
from twizzit_pipeline.words.meanings import Meanings

_TYPES = "/group-types"
PATH = "/groups"
LIMIT = 250
_USUAL_TEAM_TYPE = "1"  # what the service's own pages ask for when they want teams (wire page)
_OTHER_ID_KEYS = ("groupid", "group")
_SHORTEST_CUT = 10  # rows of a page that may have been cut

Playing = Callable[[Sequence[Team]], set[str]]


class Groups:
    """The groups of one organization. `organizations`: all that the account may read, to name clubs by."""

    def __init__(
        self, scope: Scope, meanings: Meanings, own: Organization, organizations: Sequence[Organization]
    ) -> None:
        self._scope = scope
        self._meanings = meanings
        self._own = own
        self._organizations = organizations

    def teams(self, season: Season | None, playing: Playing) -> Teams:
        """The groups of a season that are teams; the others that were listed along are set aside.

        All types are read whose name (or the configuration) says that they are teams, a group of several types once. A
        row does not say its type, so the filter is put to the proof by asking for another type as well: if both answers
        are the same but for a few groups it is ignored, and then those groups are teams in which a person plays (a team
        without players is not seen in such an account until it has some).

        Two calls, and one for each type of teams and 250 groups of it.

        Args:
            playing: returns those of some groups in which a person has the function of a player.
        """
        team_types, other_type = self._types()
        rows = self._rows(season, team_types[0])
        ignored = bool(rows) and other_type is not None and self._ignores_type(rows, season, other_type)
        if not ignored:
            rows += [row for one in team_types[1:] for row in self._rows(season, one)]
        found = [plain_keys(row) for row in each_once(rows, by_id)]
        groups = [self._team(row) for row in found if is_of(row, season)]
        kept = playing(groups) if ignored else set()
        set_aside = [
            SetAside(_id(row), "other_season", shown(season_word(row))) for row in found if not is_of(row, season)
        ]
        set_aside += [SetAside(group.id, "not_a_team") for group in groups if ignored and group.id not in kept]
        return Teams(tuple(group for group in groups if not ignored or group.id in kept), tuple(set_aside))

    def of_type(self, season: Season | None, group_type: str) -> tuple[Team, ...]:
        """The groups of a season that are listed for a type; the filter is not put to the proof."""
        rows = [plain_keys(row) for row in self._rows(season, group_type)]
        return tuple(self._team(row) for row in rows if is_of(row, season))

    def listed(self, season: Season | None) -> tuple[Team, ...]:
        """The groups of a season that are listed for types of teams, whether the filter is honoured or not."""
        return tuple(team for one in self._types()[0] for team in self.of_type(season, one))

    def check_types(self) -> None:
        """Ask for the types, for a look around.

        Raises:
            NotATwizzit: none of them says that it is teams, so that the usual one is taken.
        """
        rows, says = self._listed_types()
        if rows and "team" not in says.values():
            raise NotATwizzit(
                f"none of its {len(rows)} group types is called a team ({_names(rows)}), so those of type "
                f"{_USUAL_TEAM_TYPE} are taken: say which one is, with twizzit config set ID --group-type NAME=team",
                endpoint=_TYPES,
                status=200,
            )

    def _listed_types(self) -> tuple[list[Row], dict[str, str]]:
        """The rows of the types, none where they may not be read, and what each says by its id."""
        try:
            rows: list[Row] = [plain_keys(row) for row in self._scope.few(_TYPES)]
        except (AccessDenied, NotATwizzit) as error:
            if error.endpoint != _TYPES or error.status not in (400, 403, 404):
                raise
            rows = []
        return rows, {
            found: group_type_meaning(self._meanings.group_types, found, texts(row.get("name")))
            for row in rows
            if (found := identifier(row.get("id")))
        }

    def _types(self) -> tuple[list[str], str | None]:
        """The ids of the types that are teams, and that of another; None for the latter where all groups are teams."""
        rows, says = self._listed_types()
        if not says:  # what the configuration says of ids stays true
            says = dict(item for item in self._meanings.group_types.items() if item[0].isdigit())
        team_types = [id_ for id_, meaning in says.items() if meaning == "team"]
        if not team_types:
            team_types = [_usual_type(says.get(_USUAL_TEAM_TYPE), rows)]
        others = [id_ for id_ in says if id_ not in team_types]
        if says and not others and rows:
            return team_types, None
        # With no other type known, any other number proves as much: nothing, or a refusal, is what it must bring.
        return team_types, next(iter(others), next(one for one in ("2", "1", "3") if one not in team_types))

    def _rows(self, season: Season | None, group_type: str) -> list[Row]:
        return self._scope.every(PATH, _filters(season, group_type), limit=LIMIT)

    def _ignores_type(self, rows: Sequence[Row], season: Season | None, other_type: str) -> bool:
        try:
            others = self._scope.page(PATH, _filters(season, other_type), limit=100)
        except TwizzitAnswerError as error:
            if error.endpoint == PATH and error.status in (400, 403, 404):
                return False
            raise
        return _are_the_same([by_id(row) for row in rows], [by_id(row) for row in others])

    def _team(self, row: Row) -> Team:
        club_id, club_name = self._club(row.get("club"))
        name = text(row.get("name"))
        return Team(
            id=_id(row),
            name=_lasting_name(row) if name is None else name,
            short_name=text(row.get("shortname")),
            club_id=club_id,
            club_name=club_name,
            category=text(row.get("category")),
            other_ids=_other_ids(row),
        )

    def _club(self, value: object) -> tuple[str | None, str | None]:
        """Another club than the organization: an object with a name, or the id of an organization of the account."""
        club_id = reference(value)
        name = text(plain_keys(value).get("name")) if isinstance(value, Mapping) else None
        if name is None or not name.strip():
            name = next((one.name for one in self._organizations if one.id == club_id), None)
        if name is None or folded(name) == folded(self._own.name):
            return None, None
        return club_id, name


def _are_the_same(all_: Sequence[Hashable], page: Sequence[Hashable]) -> bool:
    """Whether a list and a page are of the same rows, but for fewer than half: a row may have come meanwhile, and a
    group may be of two types.
    """
    first = all_[: len(page)] if len(page) >= _SHORTEST_CUT else all_
    shared = set(page)
    return 2 * sum(row in shared for row in first) > len(first) and 2 * len(shared & set(all_)) > len(page)


def _usual_type(says: str | None, rows: Sequence[Row]) -> str:
    """The usual type of teams, where no name says which it is.

    Raises:
        NotATwizzit: its name says that it is none.
    """
    if says == "other":
        raise NotATwizzit(
            f"{_TYPES} names no type that is teams ({_names(rows)}): say which one is, with "
            "twizzit config set ID --group-type NAME=team",
            endpoint=_TYPES,
            status=200,
        )
    return _USUAL_TEAM_TYPE


def _names(rows: Sequence[Row]) -> str:
    return "; ".join(name for row in rows if (name := shown(text(row.get("name")))))


def _filters(season: Season | None, group_type: str) -> Query:
    asked: list[tuple[str, str | int]] = [("group-type", group_type)]
    return [("season-id", season.id), *asked] if season is not None and season.id is not None else asked


def _id(row: Row) -> str | None:
    return identifier(row.get("id"))


def _other_ids(row: Row) -> tuple[str, ...]:
    """The ids of the lasting group, where `id` is the one of its relation to the season (wire page)."""
    found = dict.fromkeys(id_ for key in _OTHER_ID_KEYS if (id_ := reference(row.get(key))) is not None)
    return tuple(id_ for id_ in found if id_ != _id(row))


def _lasting_name(row: Row) -> str | None:
    group = row.get("group")
    return text(group) if isinstance(group, Mapping) else None
