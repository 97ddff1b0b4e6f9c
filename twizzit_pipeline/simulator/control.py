"""The control routes under ``/simulator``: what is in the world, how many calls it served, faults and changes.

They are not Twizzit's. They are neither counted nor met by faults, and need no token: the simulator is for loopback.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from twizzit_pipeline.simulator.accounts import Accounts
from twizzit_pipeline.simulator.changes import Changes
from twizzit_pipeline.simulator.fault_play import CONTROL
from twizzit_pipeline.simulator.faults import Calls, Faults
from twizzit_pipeline.simulator.world import Dialect, World

Serve = Callable[[Request], Awaitable[Response]]


def control_routes(world: World, *, accounts: Accounts, faults: Faults, calls: Calls, changes: Changes) -> list[Route]:
    """GET of ``organizations``, ``truth``; GET and DELETE of ``calls``; GET, POST, DELETE of ``faults``; POST of
    ``changes``; DELETE of ``sessions`` (every token is dead) and of ``quota`` (a new month)."""

    async def organizations(_: Request) -> Response:
        with world.lock:
            return JSONResponse({"organizations": describe(world)})

    async def truth(request: Request) -> Response:
        parameters = request.query_params
        dialect: Dialect = "v1" if parameters.get("dialect") == "v1" else "v2"
        try:
            found = world.truth(parameters.get("organization", ""), parameters.get("season"), dialect=dialect)
        except KeyError:
            raise HTTPException(404, "no such organization or season") from None
        players = {
            id_: {**player._asdict(), "team_ids": sorted(player.team_ids)} for id_, player in found.players.items()
        }
        return JSONResponse(
            {
                "teams": found.teams,
                "players": players,
                "rejected": found.rejected,
                "clubs": found.clubs,
                "set_aside": found.set_aside,
            }
        )

    async def serve_calls(request: Request) -> Response:
        if request.method == "DELETE":
            calls.reset()
        return JSONResponse({"total": calls.total, "paths": calls.paths})

    async def serve_faults(request: Request) -> Response:
        if request.method == "DELETE":
            faults.clear()
        if request.method == "POST":
            _use(faults.arm, await _json(request))
        return JSONResponse({"faults": [asdict(fault) for fault in faults.armed()]})

    async def serve_changes(request: Request) -> Response:
        wanted = await _json(request)
        change = changes.named().get(str(wanted.pop("change", "")))
        if change is None:
            raise HTTPException(400, f"no such change; there are {', '.join(changes.named())}")
        return JSONResponse({"id": _use(change, wanted)})

    async def forget(request: Request) -> Response:
        (accounts.end_all_sessions if request.url.path.endswith("/sessions") else accounts.refill_quota)()
        return JSONResponse({})

    table: tuple[tuple[str, Serve, list[str]], ...] = (
        ("/organizations", organizations, ["GET"]),
        ("/truth", truth, ["GET"]),
        ("/calls", serve_calls, ["GET", "DELETE"]),
        ("/faults", serve_faults, ["GET", "POST", "DELETE"]),
        ("/changes", serve_changes, ["POST"]),
        ("/sessions", forget, ["DELETE"]),
        ("/quota", forget, ["DELETE"]),
    )
    return [Route(CONTROL + path, serve, methods=methods) for path, serve, methods in table]


def describe(world: World) -> list[dict[str, object]]:
    """Each organization with the login of its account (invented, like all of it) and its seasons."""
    return [
        {
            "id": organization.id,
            "name": organization.name,
            "username": organization.account.username,
            "password": organization.account.password,
            "organization_ids": list(organization.account.organization_ids),
            "seasons": [season.label for season in world.seasons_of(organization)],
            "contacts": len(organization.contacts),
        }
        for organization in world.organizations
    ]


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise HTTPException(400, "a JSON object is needed")
    return body


def _use(action: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    try:
        return action(**arguments)
    except KeyError:
        raise HTTPException(404, "no such id") from None
    except (TypeError, ValueError) as error:
        raise HTTPException(400, str(error)) from None
