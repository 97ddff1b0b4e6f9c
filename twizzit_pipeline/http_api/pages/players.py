"""Who may play: by team, with the next match, who is registered, who is not and why; and a search by name."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import Path, Query, Response

from twizzit_pipeline.http_api.ids import PLAIN
from twizzit_pipeline.http_api.pages.reasons import reason_of
from twizzit_pipeline.http_api.pages.routing import page_router
from twizzit_pipeline.http_api.pages.texts import Texts
from twizzit_pipeline.http_api.pages.visits import ClubVisit, at_club
from twizzit_pipeline.http_api.registrations import with_names
from twizzit_pipeline.queries import listing, registered, rosters
from twizzit_pipeline.queries.finding import players_like
from twizzit_pipeline.queries.fixtures import MatchMapping, match_mappings_of
from twizzit_pipeline.queries.listing import TeamMapping
from twizzit_pipeline.queries.registrations import Registration
from twizzit_pipeline.queries.rosters import Roster
from twizzit_pipeline.runs.season_rows import today

router = page_router()

_MATCHES_AHEAD = 400

Looking = Annotated[ClubVisit, at_club("GET /registered")]


@dataclass(frozen=True, slots=True)
class Person:
    """One person, and why they may play or not, in the visitor's language."""

    of: Registration
    why: str
    team_id: int
    team_name: str


@router.get("/clubs/{credentialId}/players")
def teams_page(at: Looking, name: Annotated[str, Query(max_length=200)] = "") -> Response:
    """The teams of the season that runs, with their next matches, and whom a name finds."""
    wanted = _wanted(name)
    found = _found(at, wanted) if wanted else None
    teams = _playing(at)
    several = len({team.club_name for team in teams}) > 1  # a federation's account
    return at.page("players.html", teams=teams, several=several, next_of=_next_matches(at), name=wanted, found=found)


@router.get("/clubs/{credentialId}/players/search")
def search(at: Looking, name: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Whom a name finds: a part of the page."""
    wanted = _wanted(name)
    return at.page("found.html", name=wanted, found=_found(at, wanted) if wanted else None)


@router.get("/clubs/{credentialId}/teams/{teamId}")
async def team_page(at: Looking, team_id: Annotated[int, Path(alias="teamId", ge=1, le=2**31 - 1), PLAIN]) -> Response:
    """All people of a team: those who may not play first."""
    roster = await run_sync(_roster, at, team_id)
    answer = await with_names(at.visit.service, at.visit.caller, roster)
    people = [_person(one, roster, at.visit.texts) for one in answer.people]
    match = await run_sync(_next_of, at, team_id)
    aside = [one for one in people if one.of.code == "set_aside" and not one.of.here]
    rest = [one for one in people if one not in aside]
    return at.page(
        "team.html",
        team=roster.team,
        answer=answer,
        match=match,
        not_registered=[one for one in rest if not one.of.registered],
        are_registered=[one for one in rest if one.of.registered],
        no_players=aside,
    )


def _wanted(name: str) -> str:
    """A name as it is looked for: printable, with single blanks."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in name).split())


def _roster(at: ClubVisit, team_id: int) -> Roster:
    """
    Raises:
        Problem: 403, the team is none of this club's.
        UnknownTeam: there is none.
    """
    owner = listing.credential_of_team(at.visit.service.engine, team_id)
    replace(at.visit.caller, credentials=frozenset({at.id})).require(owner)
    return rosters.read_roster(at.visit.service.engine, team_id)


def _playing(at: ClubVisit) -> Sequence[TeamMapping]:
    """The club's teams of the season that they play in."""
    engine = at.visit.service.engine
    season = listing.season_of_teams(engine, at.id, today())
    return [one for one in listing.team_mappings_of(engine, credential_id=at.id) if one.season == season]


def _next_matches(at: ClubVisit) -> dict[int, MatchMapping]:
    """Team → its next match."""
    found: dict[int, MatchMapping] = {}
    for match in match_mappings_of(
        at.visit.service.engine, credential_id=at.id, since=datetime.now(UTC), limit=_MATCHES_AHEAD
    ):
        for team_id in (match.home_team_id, match.away_team_id):
            if team_id is not None and match.status != "cancelled":
                found.setdefault(team_id, match)
    return found


def _next_of(at: ClubVisit, team_id: int) -> MatchMapping | None:
    found = match_mappings_of(
        at.visit.service.engine, credential_id=at.id, team_id=team_id, since=datetime.now(UTC), limit=10
    )
    return next((match for match in found if match.status != "cancelled"), None)


def _found(at: ClubVisit, name: str) -> list[Person]:
    """The people whom a name fits, each as their team's list has them."""
    engine, people = at.visit.service.engine, []
    teams: dict[int, tuple[Roster, Sequence[Registration]]] = {}
    for place in players_like(engine, name, credential_ids=[at.id]):
        if place.team_id not in teams:
            roster = rosters.read_roster(engine, place.team_id)
            teams[place.team_id] = roster, registered.answer(roster).people
        roster, listed = teams[place.team_id]
        people += [
            _person(one, roster, at.visit.texts)
            for one in listed
            if (one.player_id == place.player_id if place.player_id is not None else one.twizzit_id == place.twizzit_id)
        ]
    return people


def _person(one: Registration, roster: Roster, texts: Texts) -> Person:
    causes = texts("signs.semicolon").join(reason_of(texts, "players", cause) for cause in one.causes)
    not_here = one.code == "rejected" and not one.here
    key = "registered.rejected_there" if not_here else f"registered.{one.code}"
    why = texts(key, why=causes, team=one.team)
    return Person(one, why, roster.team.id, roster.team.name)
