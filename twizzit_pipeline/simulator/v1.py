"""The v1 dialect: envelopes, page and limit, camelCase; the running season of the account's first organization."""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from twizzit_pipeline.simulator.accounts import Accounts
from twizzit_pipeline.simulator.events import MATCH, season_events, series_of
from twizzit_pipeline.simulator.paging import SILENT_LIMIT, Query, largest
from twizzit_pipeline.simulator.records import Contact, Event, Group, Organization
from twizzit_pipeline.simulator.wire_habits import dressed, season_label
from twizzit_pipeline.simulator.world import World

PREFIX = "/v1"
LARGEST_PAGE = 100
RowDict = dict[str, object]
Select = Callable[[World, Organization, Request], tuple[Sequence[Any], Callable[[Any], RowDict]]]


def v1_routes(world: World, accounts: Accounts) -> list[Route]:
    """The routes under ``/v1``."""

    def route(path: str, name: str, select: Select) -> Route:
        async def serve(request: Request) -> Response:
            account, headers = accounts.account_of(request)
            with world.lock:
                rows, render = select(world, world.organization(account.organization_ids[0]), request)
                envelope = _envelope(world, name, rows, render, Query(request))
            quirks = world.options.quirks
            if not rows and "empty_204" in quirks:
                return Response(status_code=204, headers=headers)
            return JSONResponse(dressed(envelope, quirks), headers=headers)

        return Route(PREFIX + path, serve, methods=["GET"])

    return [
        Route(PREFIX + "/authenticate", accounts.authenticate, methods=["POST"]),
        route("/teams", "teams", lambda world, organization, _: (_teams(world, organization), _team_row)),
        route("/teams/{id:int}/players", "players", _players),
        route("/competitions", "competitions", _competitions),
        route("/competitions/{id:int}/matches", "matches", _matches),
    ]


def _envelope(
    world: World, name: str, rows: Sequence[Any], render: Callable[[Any], RowDict], query: Query
) -> dict[str, object]:
    """One page. `hasMore` alone says whether another follows: a page before the last may be shorter than `limit`."""
    options = world.options
    number = query.number("page", 1, least=1) or 1
    limit = largest(query.number("limit", SILENT_LIMIT, least=1) or SILENT_LIMIT, LARGEST_PAGE, options.above_limit)
    limit = min(limit, options.v1_rows_per_page or limit)
    start, total = (number - 1) * limit, len(rows)
    if start:
        start, total = max(0, start + query.shift), total - query.shift
    shown = rows[start : start + limit]
    return {
        name: [render(row) for row in shown],
        "total": total,
        "page": number,
        "hasMore": start + limit < len(rows),
    }


def _teams(world: World, organization: Organization) -> list[Group]:
    return organization.teams(world.running_season)


def _team(world: World, organization: Organization, id_: int) -> Group:
    for group in _teams(world, organization):
        if group.id == id_:
            return group
    raise HTTPException(404, "Not found")


def _team_row(group: Group) -> RowDict:
    return {"id": str(group.id), "name": group.name}


def _players(
    world: World, organization: Organization, request: Request
) -> tuple[Sequence[Contact], Callable[[Contact], RowDict]]:
    return organization.players(_team(world, organization, request.path_params["id"]).id), _player_row


def _player_row(contact: Contact) -> RowDict:
    return {
        "id": str(contact.id),
        "firstName": contact.first_name,
        "lastName": contact.last_name,
        "jerseyNumber": contact.number,
    }


def _competitions(
    world: World, organization: Organization, _: Request
) -> tuple[Sequence[tuple[int, str]], Callable[[tuple[int, str]], RowDict]]:
    season = world.running_season

    def render(series: tuple[int, str]) -> RowDict:
        return {
            "id": str(series[0]),
            "name": series[1],
            "season": season_label(season, world.options.quirks),
            "type": "league",
            "startDate": str(season.start),
            "endDate": str(season.end),
        }

    teams = _teams(world, organization)
    return [series_of(organization, season, group, place) for place, group in enumerate(teams) if group.name], render


def _matches(
    world: World, organization: Organization, request: Request
) -> tuple[Sequence[Event], Callable[[Event], RowDict]]:
    found = [
        event
        for event in season_events(world, organization, world.running_season)
        if event.kind == MATCH and event.series and event.series[0] == request.path_params["id"]
    ]
    if not found:
        raise HTTPException(404, "Not found")
    return found, _match_row


def _match_row(event: Event) -> RowDict:
    team_id = str(event.group.id)
    other_id = None if event.other_group is None else str(event.other_group.id)
    score = event.score or (None, None)
    status: str = event.status or ("completed" if event.score else "scheduled")
    if "running_match" in event.awkward:
        status = "in_progress"
    return {
        "id": str(event.id),
        "homeTeamId": team_id if event.is_home else other_id,
        "awayTeamId": other_id if event.is_home else team_id,
        "homeTeamName": event.home_name,
        "awayTeamName": event.away_name,
        "startsAt": event.start.isoformat(),
        "status": "Nog te homologeren" if "unknown_status" in event.awkward else status,
        "homeScore": score[0],
        "awayScore": None if "odd_scores" in event.awkward else score[1],
    }
