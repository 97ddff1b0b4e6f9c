"""The dialect v1, as the integration guide writes it: envelopes with ``page`` and ``hasMore``, and no seasons.

What belongs here: v1's paths and rows, turned into plain records. The paths are assumed (wire page), the envelopes and
keys are the guide's.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from functools import partial
from urllib.parse import quote

from twizzit_pipeline.errors import TwizzitPipelineError
from twizzit_pipeline.twizzit.moments import day, moment_text
from twizzit_pipeline.twizzit.paging import by_id, read_numbered_pages
from twizzit_pipeline.twizzit.people import Player, in_team, person
from twizzit_pipeline.twizzit.records import (
    Asked,
    Calendar,
    Competition,
    Match,
    Organization,
    Presence,
    Rosters,
    Season,
    SetAside,
    Side,
    Team,
    Teams,
)
from twizzit_pipeline.twizzit.refusals import refused
from twizzit_pipeline.twizzit.scores import score_of, sides_score
from twizzit_pipeline.twizzit.session import Session
from twizzit_pipeline.twizzit.source import Source
from twizzit_pipeline.twizzit.wire import Row, identifier, plain_keys, rows_of_envelope, text
from twizzit_pipeline.words.meanings import NOTHING_SAID, Meanings
from twizzit_pipeline.words.opponents import is_no_opponent
from twizzit_pipeline.words.seasons import may_be

_LIMIT = 100
_TEAMS = "/teams"
_PLAYERS = "/teams/{id}/players"
_COMPETITIONS = "/competitions"
_MATCHES = "/competitions/{id}/matches"


class V1(Source):
    """What v1 gives of one account: its teams and their players, of the current season."""

    def __init__(self, session: Session, organization_name: str, meanings: Meanings = NOTHING_SAID) -> None:
        self._session = session
        self._meanings = meanings
        self._organization = Organization(None, organization_name)
        self._a_team: str | None = None

    def organizations(self) -> tuple[Organization, ...]:
        """The one that the credential names: v1 itself has none."""
        return (self._organization,)

    def organization(self) -> Organization:
        """The one that the credential names."""
        return self._organization

    def seasons(self) -> tuple[Season, ...]:
        """None: everything in v1 is the current season's."""
        return ()

    def first_groups(self) -> int | None:
        """How many teams there are, or stand on the first page where the answer gives no total. One call."""
        answer = self._session.get(_TEAMS, [("page", 1), ("limit", _LIMIT)])
        rows, _, total = rows_of_envelope(answer, "teams", path=_TEAMS)
        self._a_team = next((found for row in rows if (found := identifier(plain_keys(row).get("id")))), None)
        return len(rows) if total is None else total

    def refusals(self, *, calendar: bool) -> list[str]:
        """What a sync would refuse, a line each, with what to do. Two pages at most, after the first teams."""
        checks: list[tuple[str, Callable[[], object]]] = []
        if self._a_team is not None:
            team_id = self._a_team
            checks.append(("players", lambda: self._roster(team_id)))
        if calendar:
            checks.append(
                ("competitions and matches", lambda: self._read(_COMPETITIONS, _COMPETITIONS, "competitions"))
            )
        return refused(checks)

    def teams(self, _season: Season | None) -> Teams:
        """All teams. One call for each page of 100."""
        rows = self._read(_TEAMS, _TEAMS, "teams")
        return Teams(tuple(_team(plain_keys(row)) for row in rows))

    def groups(self, season: Season | None, _group_type: str) -> tuple[Team, ...]:
        """All teams: v1 has no other groups."""
        return self.teams(season).teams

    def rosters(self, teams: Sequence[Team], _season: Season | None) -> Rosters:
        """The players of these teams. One call for each team and page of 100."""
        ids = list(dict.fromkeys(team.id for team in teams if team.id is not None))
        answers = self._session.gather([partial(self._roster, team_id) for team_id in ids])
        failed = {
            team_id: answer
            for team_id, answer in zip(ids, answers, strict=True)
            if isinstance(answer, TwizzitPipelineError)
        }
        if failed and len(failed) == len(ids):
            raise next(iter(failed.values()))
        players = [player for answer in answers if not isinstance(answer, TwizzitPipelineError) for player in answer]
        return Rosters(tuple(players), failed)

    def names(self, _person_ids: Collection[str]) -> dict[str, tuple[str | None, str | None]]:
        """None: v1 names people as players of a team alone."""
        return {}

    def calendar(self, season: Season, own_team_ids: Collection[str] | None = None) -> Calendar:
        """The competitions of the season and their matches. One call for each page of either.

        A competition that names another season is set aside; every match belongs to a competition. Ids of teams are as
        they come, the opponents' too, but for opponents that are none.
        """
        rows = [plain_keys(row) for row in self._read(_COMPETITIONS, _COMPETITIONS, "competitions")]
        competitions = [_competition(row) for row in rows if _is_of(row, season)]
        others = [SetAside(identifier(row.get("id")), "other_season") for row in rows if not _is_of(row, season)]
        ids = list(dict.fromkeys(one.id for one in competitions if one.id is not None))
        answers = self._session.gather([partial(self._matches, competition_id, own_team_ids) for competition_id in ids])
        matches: list[Match] = []
        for answer in answers:
            if isinstance(answer, TwizzitPipelineError):
                raise answer  # complete, or an error
            matches += answer
        return Calendar(tuple(competitions), tuple(matches), competitions_set_aside=tuple(others))

    @property
    def can_prove_absence(self) -> bool:
        """It cannot: v1 lists whole teams and competitions alone."""
        return False

    def still_listed(self, what: Asked, ids: Collection[str], _known: Collection[str]) -> dict[str, Presence]:
        """Who is there when everything is read a second time; of no other anything is proved: v1 takes no ids.

        The calls of the teams, and for people those of their rosters.
        """
        listed = {team.id for team in self.teams(None).teams if team.id is not None}
        if what == "people":
            listed = set().union(*self.playing(listed, None).values())
        return {one: "present" if one in listed else "unproved" for one in ids}

    def playing(self, team_ids: Collection[str], _season: Season | None) -> dict[str, frozenset[str]]:
        """The players of these teams, asked anew. One call for each team and page of 100."""
        return {team_id: frozenset(player.id or "" for player in self._roster(team_id)) for team_id in sorted(team_ids)}

    def matches_still_listed(
        self, season: Season, missing: Mapping[str, date], _known: Mapping[str, date]
    ) -> dict[str, Presence]:
        """Those that the whole calendar lists when it is read a second time; of no other anything is proved."""
        listed = {match.id for match in self.calendar(season).matches}
        return {one: "present" if one in listed else "unproved" for one in missing}

    def _matches(self, competition_id: str, own: Collection[str] | None) -> list[Match]:
        path = f"{_COMPETITIONS}/{quote(competition_id, safe='')}/matches"
        return [_match(competition_id, plain_keys(row), own) for row in self._read(path, _MATCHES, "matches")]

    def _roster(self, team_id: str) -> list[Player]:
        rows = self._read(f"{_TEAMS}/{quote(team_id, safe='')}/players", _PLAYERS, "players")
        plain = [plain_keys(row) for row in rows]
        return [in_team(person(row), team_id, identifier(row.get("id"))) for row in plain]

    def _read(self, path: str, route: str, name: str) -> list[Row]:
        kept = self._session.kept_list()

        def fetch(page: int, limit: int) -> object:
            if page == 1:  # a reading begins: the one before it, if any, was not whole
                kept.release()
            return self._session.get(path, [("page", page), ("limit", limit)], route=route, kept=kept)

        try:
            return read_numbered_pages(fetch, path=path, name=name, limit=_LIMIT, key=by_id)
        except BaseException:
            kept.release()
            raise


def _team(row: Row) -> Team:
    return Team(
        id=identifier(row.get("id")),
        name=text(row.get("name")),
        short_name=text(row.get("shortname")),
        category=text(row.get("category")),
    )


def _competition(row: Row) -> Competition:
    return Competition(
        id=identifier(row.get("id")),
        name=text(row.get("name")),
        type=text(row.get("type")),
        start_date=day(row.get("startdate")),
        end_date=day(row.get("enddate")),
    )


def _is_of(row: Row, season: Season) -> bool:
    """Whether a competition is the season's, by the years that both name ("2026-2027", "2026/27")."""
    return may_be(text(row.get("season")), season.label)


def _match(competition_id: str, row: Row, own: Collection[str] | None) -> Match:
    score = score_of(row.get("score"))
    if score.home is None and not score.unread:
        score = sides_score(row.get("homescore"), row.get("awayscore"))
    return Match(
        id=identifier(row.get("id")),
        competition_id=competition_id,
        home=_side(identifier(row.get("hometeamid")), text(row.get("hometeamname")), own),
        away=_side(identifier(row.get("awayteamid")), text(row.get("awayteamname")), own),
        starts_at=moment_text(row.get("startsat")),
        status=text(row.get("status")),
        home_score=score.home,
        away_score=score.away,
        ends_at=moment_text(row.get("endsat")),
        score_unread=score.unread,
    )


def _side(id_: str | None, name: str | None, own: Collection[str] | None) -> Side:
    """A side; a bye or a team that is not known yet has no id, whatever stands for it."""
    is_own = own is not None and id_ in own
    return Side(None if not is_own and name is not None and is_no_opponent(name) else id_, name)
