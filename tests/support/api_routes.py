"""Every route of the API, with who may call it and what it must refuse."""

from dataclasses import dataclass
from typing import Any

ADMIN, COACH, MONITOR = ("admin",), ("admin", "coach"), ("admin", "monitor")
UNKNOWN = 999_999


@dataclass(frozen=True)
class Route:
    """A row of the API Reference. `bodies`: wrong ones; `body`: one that is right; `query`: what it cannot do without.

    `wrong_queries`: queries that must be refused.
    """

    method: str
    path: str
    roles: tuple[str, ...]
    body: dict[str, Any] | None = None
    bodies: tuple[Any, ...] = ()
    query: str = ""
    wrong_queries: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def takes_credential(self) -> bool:
        return "{credentialId}" in self.path

    def url(self, credential: object = UNKNOWN, query: str | None = None) -> str:
        filled = self.path.replace("{credentialId}", str(credential))
        filled = (
            filled.replace("{syncId}", str(UNKNOWN))
            .replace("{requestId}", str(UNKNOWN))
            .replace("{planId}", str(UNKNOWN))
        )
        filled = filled.replace("{userId}", "12").replace("{conflictId}", str(UNKNOWN))
        asked = self.query if query is None else query
        return filled + (f"?{asked}" if asked else "")


CREDENTIAL = {
    "organizationName": "My Korfball Club",
    "apiUsername": "api-user",
    "apiPassword": "secure-password",
    "apiEndpoint": "https://api.twizzit.com/v1",
}
SYNC_BODIES: tuple[Any, ...] = (
    [],
    "all",
    {"seasonId": True},
    {"groupId": {}},
    {"groupId": -1},
    {"groupId": ""},
    {"createMissing": 1},
)
CHOICES: tuple[Any, ...] = (None, [], {}, {"all": "yes"}, {"players": "1"}, {"players": [-1]}, {"teams": [""]})
PAGES = ("limit=0", "limit=x", "limit=1001", "offset=-1", "offset=99999999999999999999")

# The guide's API Reference, row by row.
GUIDE = [
    Route(
        "POST",
        "/credentials",
        ADMIN,
        CREDENTIAL,
        (
            None,
            [],
            "text",
            *({key: value for key, value in CREDENTIAL.items() if key != left} for left in list(CREDENTIAL)[:3]),
            {**CREDENTIAL, "organizationName": "  "},
            {**CREDENTIAL, "organizationName": "x" * 256},
            {**CREDENTIAL, "organizationName": "nul\0"},
            {**CREDENTIAL, "apiUsername": 5},
            {**CREDENTIAL, "apiPassword": ""},
            {**CREDENTIAL, "apiPassword": "two\nlines"},
            {**CREDENTIAL, "apiPassword": ["a"]},
            {**CREDENTIAL, "apiEndpoint": "not a url"},
            {**CREDENTIAL, "apiEndpoint": "ftp://api.twizzit.com/v1"},
        ),
    ),
    Route("GET", "/credentials", ADMIN),
    Route("DELETE", "/credentials/{credentialId}", ADMIN),
    Route("POST", "/verify/{credentialId}", COACH),
    Route(
        "POST",
        "/sync/teams/{credentialId}",
        COACH,
        {"includePlayers": True},
        (*SYNC_BODIES, {"includePlayers": "yes"}),
        wrong_queries=("wait=-1", "wait=601", "wait=nan", "queue=maybe"),
    ),
    Route("POST", "/sync/players/{credentialId}", COACH, {}, SYNC_BODIES, wrong_queries=("wait=long",)),
    Route("GET", "/sync/config/{credentialId}", COACH),
    Route(
        "PUT",
        "/sync/config/{credentialId}",
        ADMIN,
        {"syncTeams": True},
        (
            None,
            [],
            {"syncTeams": "yes"},
            {"syncPlayers": 1},
            {"autoSyncEnabled": "on"},
            {"syncIntervalMinutes": 4},
            {"syncIntervalMinutes": 525_601},
            {"syncIntervalMinutes": 5.5},
            {"syncIntervalMinutes": "60"},
            {"syncIntervalMinutes": 10**30},
            {"syncIntervalHours": 0.01},
            {"syncIntervalDays": 366},
            {"syncIntervalUnit": "weeks"},
            {"matchEventType": ""},
            {"matchEventType": "x" * 101},
            {"matchEventType": ["Match"]},
            {"matchEventType": True},
            {"functions": []},
            {"functions": {"Trainer": "match"}},
            {"functions": {"": "player"}},
            {"functions": {"x" * 101: "player"}},
            {"functions": {f"word {number}": "player" for number in range(101)}},
            {"functions": {"Trainer": "player", "trainer": "other"}},
            {"eventTypes": {"Training": True}},
            {"groupTypes": {"Kern": "match"}},
            {"statuses": {"WO": "other"}},
            {"conflictPolicy": "mine"},
            {"conflictPolicy": 1},
            {"conflictExceptions": []},
            {"conflictExceptions": {"players.first_name": "mine"}},
            {"conflictExceptions": {"players.is_active": "ask"}},
            {"conflictExceptions": {"first name": "ask"}},
        ),
    ),
    Route(
        "GET",
        "/sync/history/{credentialId}",
        COACH,
        query="limit=50&offset=0",
        wrong_queries=("limit=101", *PAGES),
    ),
    Route("GET", "/mappings/teams", COACH, wrong_queries=("credentialId=x", "credentialId=0", *PAGES)),
    Route(
        "GET",
        "/mappings/players",
        COACH,
        query="teamId=1",
        wrong_queries=("teamId=x", "teamId=0", "teamId=99999999999", *PAGES),
    ),
]

MATCH_QUERIES = ("competitionId=0", "competitionId=99999999999", "teamId=x", "credentialId=0", *PAGES)

# What ShotSpot's front end also calls, and what this project adds.
MORE = [
    Route(
        "POST",
        "/credentials/{credentialId}/accept",
        ADMIN,
        {"apiUsername": "u", "apiEndpoint": "https://app.twizzit.com"},
        (None, [], {}, {"apiUsername": 5, "apiEndpoint": "https://app.twizzit.com"}),
    ),
    Route("GET", "/credentials/{credentialId}/club", ADMIN),
    Route(
        "PUT",
        "/credentials/{credentialId}/club",
        ADMIN,
        {"clubId": 1},
        (None, [], {}, {"clubId": "1"}, {"clubId": 0}, {"clubId": 2**31}, {"clubId": True}),
    ),
    Route("GET", "/credentials/{credentialId}/clubs", ADMIN),
    Route(
        "PUT",
        "/credentials/{credentialId}/endpoint",
        ADMIN,
        {"sameOrganization": True},
        ([], "text", {"apiEndpoint": 5}, {"sameOrganization": "yes"}, {"apiEndpoint": "not a url"}),
    ),
    Route("GET", "/organizations", COACH),
    Route("GET", "/organization/{credentialId}", COACH),
    Route("GET", "/groups/{credentialId}", COACH, wrong_queries=(f"seasonId={'x' * 101}", "groupType=%00")),
    Route("GET", "/seasons/{credentialId}", COACH, wrong_queries=("organizationId=%00",)),
    Route(
        "POST",
        "/sync/preview/players/{credentialId}",
        COACH,
        {"groupId": "1"},
        (None, {}, {"groupId": None}, {"groupId": ""}, {"groupId": "1", "seasonId": []}),
    ),
    Route("POST", "/sync/clubs/{credentialId}", COACH, {}, SYNC_BODIES),
    Route(
        "POST",
        "/sync/competitions/{credentialId}",
        COACH,
        {"seasonId": None, "createMissing": True},
        ([], {"seasonId": True}, {"groupId": 5}, {"groupId": ""}, {"createMissing": False}, {"createMissing": 1}),
        wrong_queries=("wait=-1", "queue=maybe"),
    ),
    Route("GET", "/mappings/competitions", COACH, wrong_queries=("credentialId=x", *PAGES)),
    Route("GET", "/mappings/matches", COACH, query="teamId=1", wrong_queries=MATCH_QUERIES),
    Route("GET", "/sync/requests", COACH, wrong_queries=("credentialId=0", "over=perhaps", "limit=101", *PAGES)),
    Route("GET", "/sync/requests/{requestId}", COACH),
    Route(
        "POST",
        "/sync/preview/{credentialId}",
        COACH,
        {"only": "teams"},
        ([], "all", {"seasonId": True}, {"only": "coaches"}, {"only": 1}),
        wrong_queries=("wait=-1", "wait=601", "queue=maybe"),
    ),
    Route("POST", "/sync/apply/{planId}", COACH),
    Route("GET", "/sync/plans/{credentialId}", COACH),
    Route("GET", "/sync/plans/{credentialId}/{planId}", COACH),
    Route("DELETE", "/sync/plans/{credentialId}/{planId}", COACH),
    Route("DELETE", "/sync/requests/{requestId}", COACH),
    Route("GET", "/coaches", ADMIN),
    Route("GET", "/coaches/{userId}", ADMIN),
    Route(
        "PUT",
        "/coaches/{userId}",
        ADMIN,
        {"credentials": [UNKNOWN]},
        (
            None,
            [],
            {},
            {"credentials": None},
            {"credentials": 1},
            {"credentials": ["1"]},
            {"credentials": [0]},
            {"credentials": [True]},
            {"credentials": [2**31]},
        ),
    ),
    Route("DELETE", "/coaches/{userId}", ADMIN),
    Route("GET", "/sync/history/{credentialId}/{syncId}", COACH),
    Route("GET", "/registered", COACH, query=f"teamId={UNKNOWN}", wrong_queries=("", "teamId=x", "teamId=0")),
    Route("GET", "/departures/{credentialId}", COACH, wrong_queries=("over=perhaps",)),
    Route("POST", "/departures/{credentialId}/approve", ADMIN, {"all": True}, CHOICES),
    Route("POST", "/departures/{credentialId}/refuse", ADMIN, {"players": [1]}, CHOICES),
    Route("POST", "/sync/undo/{syncId}", ADMIN, wrong_queries=("preview=perhaps",)),
    Route(
        "POST",
        "/sync/undo",
        ADMIN,
        {"credentialId": UNKNOWN, "since": "2026-11-28T14:00:00+01:00"},
        (
            None,
            [],
            {},
            {"credentialId": 1, "since": "2026-11-28T14:00:00"},
            {"credentialId": 1, "since": "7d"},
            {"credentialId": 0, "since": "2026-11-28T14:00:00Z"},
            {"credentialId": "x", "since": "2026-11-28T14:00:00Z"},
            {"credentialId": 1, "since": "0001-01-01T00:00:00+14:00"},
            {"credentialId": 1, "since": "9999-12-31T23:59:59-14:00"},
        ),
        wrong_queries=("preview=perhaps",),
    ),
    Route("GET", "/conflicts", COACH, wrong_queries=("credentialId=0", "over=perhaps", *PAGES)),
    Route(
        "PUT",
        "/conflicts/{conflictId}/resolve",
        COACH,
        {"resolution": "twizzit"},
        (
            None,
            [],
            {},
            {"resolution": "theirs"},
            {"resolution": "value", "value": {}},
            {"resolution": "value", "value": True},
            {"resolution": "link", "localId": "1"},
            {"resolution": "link", "localId": 0},
            {"resolution": "link", "localId": 2**31},
        ),
    ),
    Route("GET", "/audit", ADMIN, wrong_queries=("limit=101", *PAGES)),
    Route("GET", "/metrics", MONITOR),
]
ROUTES = [*GUIDE, *MORE]
