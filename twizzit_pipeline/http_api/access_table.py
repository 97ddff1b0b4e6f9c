"""Who may do what: each route of the API, without its prefix, and the roles that it lets in.

What belongs here: roles. A route with a token reads its line (`auth.GuardedRoute`) and cannot be made without one.
Which credentials a coach reaches is `access`'s.
"""

from collections.abc import Mapping
from typing import Literal, get_args

Role = Literal["admin", "coach", "user", "monitor"]

ROLES: tuple[Role, ...] = get_args(Role)

_ADMIN: frozenset[Role] = frozenset({"admin"})
_COACH: frozenset[Role] = frozenset({"admin", "coach"})
_MONITOR: frozenset[Role] = frozenset({"admin", "monitor"})

ACCESS: Mapping[str, frozenset[Role]] = {
    "POST /credentials": _ADMIN,
    "GET /credentials": _ADMIN,
    "DELETE /credentials/{credentialId}": _ADMIN,
    "POST /credentials/{credentialId}/accept": _ADMIN,
    "GET /credentials/{credentialId}/club": _ADMIN,
    "PUT /credentials/{credentialId}/club": _ADMIN,
    "GET /credentials/{credentialId}/clubs": _ADMIN,
    "PUT /credentials/{credentialId}/endpoint": _ADMIN,
    "GET /organizations": _COACH,
    "POST /verify/{credentialId}": _COACH,
    "GET /organization/{credentialId}": _COACH,
    "GET /seasons/{credentialId}": _COACH,
    "GET /groups/{credentialId}": _COACH,
    "POST /sync/preview/players/{credentialId}": _COACH,
    "POST /sync/preview/{credentialId}": _COACH,
    "POST /sync/apply/{planId}": _COACH,
    "GET /sync/plans/{credentialId}": _COACH,
    "GET /sync/plans/{credentialId}/{planId}": _COACH,
    "DELETE /sync/plans/{credentialId}/{planId}": _COACH,
    "POST /sync/teams/{credentialId}": _COACH,
    "POST /sync/clubs/{credentialId}": _COACH,
    "POST /sync/players/{credentialId}": _COACH,
    "POST /sync/competitions/{credentialId}": _COACH,
    "GET /sync/requests": _COACH,
    "GET /sync/requests/{requestId}": _COACH,
    "DELETE /sync/requests/{requestId}": _COACH,
    "GET /sync/config/{credentialId}": _COACH,
    "PUT /sync/config/{credentialId}": _ADMIN,
    "GET /sync/history/{credentialId}": _COACH,
    "GET /sync/history/{credentialId}/{syncId}": _COACH,
    "POST /sync/undo/{syncId}": _ADMIN,
    "POST /sync/undo": _ADMIN,
    "GET /mappings/teams": _COACH,
    "GET /mappings/players": _COACH,
    "GET /mappings/competitions": _COACH,
    "GET /mappings/matches": _COACH,
    "GET /registered": _COACH,
    "GET /departures/{credentialId}": _COACH,
    "POST /departures/{credentialId}/approve": _ADMIN,
    "POST /departures/{credentialId}/refuse": _ADMIN,
    "GET /conflicts": _COACH,
    "PUT /conflicts/{conflictId}/resolve": _COACH,
    "GET /audit": _ADMIN,
    "GET /coaches": _ADMIN,
    "GET /coaches/{userId}": _ADMIN,
    "PUT /coaches/{userId}": _ADMIN,
    "DELETE /coaches/{userId}": _ADMIN,
    "GET /metrics": _MONITOR,
}
# Routes that need no token.
OPEN = frozenset({"GET /health"})
