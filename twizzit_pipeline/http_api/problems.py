"""Errors on their way out, in the guide's shapes: never a traceback, never what the client sent.

What belongs here: which status and words an error becomes. Texts of drivers stay inside: they may hold names of hosts
and rows.
"""

from collections.abc import Mapping, Sequence

from twizzit_pipeline import errors

# What a request needs and cannot have: Twizzit, the orchestrator, the database, the key. ShotSpot's front end shows any
# 5xx on a write as done ("queued for sync when online") and logs people out on a 401, so it is neither of these; and no
# 409, which says that the caller can settle it.
FAILED_DEPENDENCY = 424


class Problem(Exception):
    """An answer that is no success, ready to be sent.

    Attributes:
        status: of HTTP.
        body: `error`, in a few words that programs may rely on; `message`, for people; whatever else belongs to it.
    """

    def __init__(
        self,
        status: int,
        error: str,
        message: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **more: object,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.body: dict[str, object] = {"error": error, **({} if message is None else {"message": message}), **more}
        self.headers = dict(headers or {})


def invalid(details: Sequence[Mapping[str, str]]) -> Problem:
    """400 in the guide's shape; `details`: `field` and `message` of each fault.

    Each is said once more as `param` and `msg`, which is what ShotSpot's front end reads.
    """
    both = [{**fault, "param": fault["field"], "msg": fault["message"]} for fault in details]
    return Problem(400, "Validation failed", details=both)


def invalid_field(field: str, message: str) -> Problem:
    """400 for one field."""
    return invalid([{"field": field, "message": message}])


# What an error of the project is for a client: status, words. The first class that fits; their messages are safe to
# show but for the database's.
_OURS: tuple[tuple[type[errors.TwizzitPipelineError], int, str], ...] = (
    (errors.UnknownCredential, 404, "Credential not found"),
    (errors.UnknownSeason, 404, "Season not found"),
    (errors.UnknownRequest, 404, "Sync request not found"),
    (errors.UnknownSync, 404, "Sync not found"),
    (errors.UndoRefused, 409, "Sync cannot be undone"),
    (errors.RequestNotWaiting, 409, "Sync request not waiting"),
    (errors.RequestShared, 409, "Sync request shared"),
    (errors.NothingToDecide, 409, "Nothing to decide"),
    (errors.RequestCancelled, 409, "Sync request cancelled"),
    (errors.UnknownPlan, 404, "Plan not found"),
    (errors.PlanRefused, 409, "Plan cannot be used"),
    (errors.FirstSyncHeld, 409, "First sync held"),
    (errors.UnknownTeam, 404, "Team not found"),
    (errors.UnknownPlayer, 404, "Player not found"),
    (errors.NotUnique, 409, "Not unique"),
    (errors.UnknownClub, 404, "Club not found"),
    (errors.UnknownConflict, 404, "Conflict not found"),
    (errors.ConflictRefused, 409, "Conflict not resolved"),
    (errors.ValueRefused, 400, "Validation failed"),
    (errors.ConfigurationRefused, 400, "Validation failed"),
    (errors.DuplicateOrganization, 409, "Organization already has credentials"),
    (errors.InactiveCredential, 409, "Credential is inactive"),
    (errors.SyncInProgress, 409, "Sync already in progress"),
    (errors.NoOrchestrator, 503, "No orchestrator is running"),
    (errors.DatabaseUnavailable, 503, "Database unavailable"),
    (errors.DatabaseRefused, 503, "Database unavailable"),
    (errors.UnsupportedDatabase, 503, "Database unavailable"),
    (errors.MigrationsPending, 503, "Database unavailable"),
    (errors.NotAsShown, 409, "Credential changed meanwhile"),
    (errors.CredentialChanged, 409, "Credential was changed"),
    (errors.DecryptionFailed, 503, "Password decryption failed"),
    (errors.TamperedCredential, 503, "Password decryption failed"),
    (errors.SettingsError, 503, "Server is not configured"),
    (errors.LoginRefused, FAILED_DEPENDENCY, "Authentication failed"),
    (errors.AccessDenied, FAILED_DEPENDENCY, "Access denied"),
    (errors.OrganizationNotFound, FAILED_DEPENDENCY, "Access denied"),
    (errors.NotATwizzit, FAILED_DEPENDENCY, "Not a Twizzit"),
    (errors.EndpointRefused, FAILED_DEPENDENCY, "Endpoint refused"),
    (errors.QuotaSpent, FAILED_DEPENDENCY, "Quota spent"),
    (errors.RateLimited, FAILED_DEPENDENCY, "Rate limited by Twizzit"),
    (errors.TransientError, FAILED_DEPENDENCY, "Connection failed"),
    (errors.TwizzitPipelineError, FAILED_DEPENDENCY, "Twizzit could not be read"),
)
# What the database said stays inside.
UNSPOKEN = (errors.DatabaseUnavailable, errors.DatabaseRefused, errors.UnsupportedDatabase)


def words(error: errors.TwizzitPipelineError) -> str:
    """The few words of an error that programs may rely on."""
    return next(name for kind, _, name in _OURS if isinstance(error, kind))


def problem_of(error: errors.TwizzitPipelineError) -> Problem:
    """The answer that an error of the project becomes."""
    status, name = next((status, name) for kind, status, name in _OURS if isinstance(error, kind))
    if isinstance(error, errors.SyncInProgress):
        message = None if str(error) == name else str(error)
        return Problem(status, name, message, syncId=error.history_id, requestId=error.request_id)
    if isinstance(error, UNSPOKEN):
        return Problem(status, name, "The database cannot answer now: try again later")
    if isinstance(error, errors.NotUnique):
        return Problem(status, name, str(error), choices=list(error.choices))
    message = " ".join(str(error).split()).removeprefix(f"{name}: ")
    return Problem(status, name, None if message == name else message)
