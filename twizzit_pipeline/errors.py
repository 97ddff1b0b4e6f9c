"""Every error of this project, in one tree.

What belongs here: the classes alone. Who raises them is said in each docstring. A leaf is **transient** (the same call
may succeed later, so the orchestrator may try again) or **permanent** (a person must change something first). A message
is one line: what is wrong, and what to do. It never holds a password, a token or a person's name.

    TwizzitPipelineError
    ├── TransientError
    │   ├── ConnectionFailed          no answer from Twizzit: refused, timed out, cut
    │   ├── RateLimited               429 for a short while, longer than we were willing to wait
    │   ├── ServiceUnavailable        500, 502, 503, 504 until the tries ran out
    │   ├── MalformedAnswer           not JSON, half a JSON, an HTML page, until the tries ran out
    │   ├── IncompleteScan            rows shifted between pages each time we read them
    │   ├── DatabaseUnavailable       the database cannot be reached
    │   ├── BrokerUnavailable         the broker between the daemon and the workers cannot be reached
    │   ├── ClusterUnavailable        the API of Kubernetes cannot be reached, or is not able to make a Job now
    │   ├── ContainersUnavailable     the API of Docker or podman cannot be reached
    │   ├── SyncInProgress            another sync of this organization holds the lease
    │   ├── NoOrchestrator            no orchestrator turns requests into runs
    │   └── ReceiverFailed            a receiver did not take a notification
    └── PermanentError
        ├── SettingsError             an environment variable is missing or malformed
        ├── ClusterRefused            the API of Kubernetes does not take the Job of a run
        ├── ContainerRefused          the API of Docker or podman does not take the container of a run
        ├── EndpointRefused           the endpoint is no http(s) URL, or on a private address
        ├── LoginRefused              401 for the username and password, or twice for a token
        ├── AccessDenied              403: the account may not read this
        ├── CalendarRefused           403 or 404 for the calendar alone: teams and players arrive without
        ├── NotATwizzit               404, or an answer of another shape than Twizzit's
        ├── QuotaSpent                the month's calls are used up
        ├── CallBudgetSpent           this run was allowed no more calls
        ├── RunTooLong                this run reached its longest time
        ├── RunTooLarge               what this run reads takes more memory than it may
        ├── OrganizationNotFound      the account has several organizations and none has the credential's name
        ├── MatchTypeNotFound         none of the account's event types is called a match
        ├── FormatChanged             a frame is not what it should be: nothing is written
        ├── TeamsNotScanned           the players of a season were asked for before its teams
        ├── NothingScanned            what a repair would write was asked for before any sync read that season
        ├── UnknownCredential         no credential has that id or name
        ├── UnknownSeason             no season can be called that
        ├── UnknownRequest            no request for a sync has that id
        ├── UnknownSync               no row of the history has that id
        ├── UndoRefused               a sync cannot be undone: it is undone already, its journal is gone
        ├── RequestCancelled          a request, or what is automatic, was cancelled before its sync began
        ├── RequestNotWaiting         a request cannot be cancelled: it has begun, or is over
        ├── RequestShared             a request cannot be cancelled by one person: others asked for it too
        ├── UnknownPlan               no stored plan has that id
        ├── PlanRefused               a stored plan cannot be read or applied: it is over, expired or another's
        │   └── PlanBeingApplied      it is asked to be applied already: with another part left out, or discarded now
        ├── FirstSyncHeld             a first sync finds almost none of its people in a club that has players
        ├── NothingToDecide           a decision was made about something that does not wait for one
        ├── UnknownTeam               no team of ShotSpot has that id or name
        ├── UnknownPlayer             no player of a team has that name
        ├── NotUnique                 a name fits several clubs, teams or players
        ├── UnknownClub               no club of ShotSpot has that id or name
        ├── ConfigurationRefused      a value that a sync configuration cannot have
        ├── InactiveCredential        the credential was switched off
        ├── DuplicateOrganization     this database allows one credential for an organization name
        ├── DecryptionFailed          wrong key, or a damaged password
        ├── TamperedCredential        the stored password does not fit its MAC
        │   └── CredentialChanged     it is whole, and was stored for another row, user name or endpoint
        ├── UnknownConflict           no conflict or doubtful link has that id
        ├── ConflictRefused           a conflict cannot be resolved so: a side has changed, a slot is taken
        │   └── AlreadyDecided        another answer, or a sync, came first
        ├── ValueRefused              a value that a field cannot have
        ├── NotAsShown                a credential, an undo or what waits is another by now than what was looked at
        ├── BackupRefused             a backup file cannot be written, or not be read with that passphrase
        ├── MigrationsPending         the database is not at the newest migration
        ├── UnsupportedDatabase       not PostgreSQL 14 or newer
        ├── DatabaseRefused           the database's user lacks a privilege
        ├── EmbeddedServerFailed      the embedded PostgreSQL did not start
        ├── AlreadyUp                 `twizzit up` or `dagster dev` works with this home or this database
        ├── ProcessFailed             a process that `twizzit up` needs did not start, or ended too often
        └── LeaseLost                 another process took over while this one was silent: nothing was written
"""

from datetime import datetime


class TwizzitPipelineError(Exception):
    """Base of all errors that a user of this project can meet."""


class TransientError(TwizzitPipelineError):
    """The same thing may succeed later without any change."""


class PermanentError(TwizzitPipelineError):
    """Trying again is useless until a person changes something; the message says what."""


class TwizzitAnswerError(TwizzitPipelineError):
    """Mixin of the errors that come from a call to Twizzit.

    Attributes:
        endpoint: the path that was asked for, without its query (``/groups``).
        status: the HTTP status, or None when there was no answer.
    """

    def __init__(self, message: str, *, endpoint: str | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.endpoint = endpoint
        self.status = status


class ConnectionFailed(TwizzitAnswerError, TransientError):
    """Twizzit could not be reached, or the connection was cut, until the tries ran out.

    Attributes:
        reached: False where no connection came about at all, so that asking for anything else is as useless.
        silent: the server let the call's whole time pass, each time: another try would cost as much time again.
    """

    def __init__(
        self, message: str, *, endpoint: str | None = None, reached: bool = True, silent: bool = False
    ) -> None:
        super().__init__(message, endpoint=endpoint)
        self.reached = reached
        self.silent = silent


class TryAgainLater(TwizzitAnswerError, TransientError):
    """Base of `RateLimited` and `ServiceUnavailable`: answers that may say when to ask again.

    Attributes:
        retry_after: seconds that Twizzit asks to wait, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        endpoint: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, endpoint=endpoint, status=status)
        self.retry_after = retry_after


class RateLimited(TryAgainLater):
    """Twizzit asks us to slow down (429) for longer than a sync is willing to wait."""


class ServiceUnavailable(TryAgainLater):
    """Twizzit answered 5xx until the tries ran out."""


class MalformedAnswer(TwizzitAnswerError, TransientError):
    """Twizzit's answer was no JSON, or half of one, until the tries ran out.

    Attributes:
        not_json: it does not even begin like JSON: a web page, for example.
        circuit_open: several calls in a row were answered so; any other call would fail in the same way.
    """

    def __init__(
        self,
        message: str,
        *,
        endpoint: str | None = None,
        status: int | None = None,
        not_json: bool = False,
        circuit_open: bool = False,
    ) -> None:
        super().__init__(message, endpoint=endpoint, status=status)
        self.not_json = not_json
        self.circuit_open = circuit_open


class IncompleteScan(TwizzitAnswerError, TransientError):
    """Rows moved between the pages each time they were read, so completeness cannot be shown."""


class DatabaseUnavailable(TransientError):
    """The database cannot be reached."""


class BrokerUnavailable(TransientError):
    """The broker between the daemon and the workers cannot be reached."""


class ClusterUnavailable(TransientError):
    """The API of Kubernetes cannot be reached, or is not able to make a Job now: raised by the launcher."""


class ContainersUnavailable(TransientError):
    """The API of Docker or podman cannot be reached: raised by the launcher."""


class SyncInProgress(TransientError):
    """Another sync of the same organization holds the lease.

    Attributes:
        history_id: the history row of the sync under way, if known.
        request_id: the request that is on its way to a sync, if it is one that stands in the way.
    """

    def __init__(
        self,
        message: str = "Sync already in progress",
        *,
        history_id: int | None = None,
        request_id: int | None = None,
    ) -> None:
        super().__init__(message)
        self.history_id = history_id
        self.request_id = request_id


class NoOrchestrator(TransientError):
    """No orchestrator turns requests into runs: no heartbeat for a minute."""

    def __init__(
        self, message: str = "No orchestrator is running: nothing was asked for; start one on its server (twizzit up)"
    ) -> None:
        super().__init__(message)


class ReceiverFailed(TransientError):
    """A webhook or a mail server did not take a notification; it waits, and is sent again."""


class SettingsError(PermanentError):
    """An environment variable is missing or malformed."""


class ClusterRefused(PermanentError):
    """The API of Kubernetes does not take the Job of a run: raised by the launcher."""


class ContainerRefused(PermanentError):
    """The API of Docker or podman does not take the container of a run: raised by the launcher."""


class EndpointRefused(PermanentError):
    """The endpoint is no http(s) URL, or on an address that is not allowed."""


class LoginRefused(TwizzitAnswerError, PermanentError):
    """Twizzit does not accept the username and password (401)."""


class AccessDenied(TwizzitAnswerError, PermanentError):
    """The account may not read what was asked for (403).

    Attributes:
        answered_before: whether the same path has answered well in this run.
    """

    def __init__(
        self,
        message: str,
        *,
        endpoint: str | None = None,
        status: int | None = None,
        answered_before: bool = False,
    ) -> None:
        super().__init__(message, endpoint=endpoint, status=status)
        self.answered_before = answered_before


class CalendarRefused(TwizzitAnswerError, PermanentError):
    """The account may not read its calendar (403), or the service has none (404): teams and players arrive without."""


class NotATwizzit(TwizzitAnswerError, PermanentError):
    """The endpoint does not answer as a Twizzit of that dialect (404, or another shape).

    Attributes:
        web_page: whether it answered with a web page: the word of a server in front of the service.
    """

    def __init__(
        self, message: str, *, endpoint: str | None = None, status: int | None = None, web_page: bool = False
    ) -> None:
        super().__init__(message, endpoint=endpoint, status=status)
        self.web_page = web_page


class QuotaSpent(TwizzitAnswerError, PermanentError):
    """The account's calls for this month are used up."""


class CallBudgetSpent(TwizzitAnswerError, PermanentError):
    """The run reached the ceiling of calls that it was given."""


class RunTooLong(PermanentError, KeyboardInterrupt):
    """A run reached its longest time. It is raised by a signal, wherever the run is; so it is an interrupt, too, which
    what waits (a driver, a call) gives up its work for.
    """


class RunTooLarge(TwizzitAnswerError, PermanentError):
    """What Twizzit lists for one run takes more memory than a run may take. Nothing of the list is used."""


class OrganizationNotFound(PermanentError):
    """The account has several organizations and none is named like the credential."""


class MatchTypeNotFound(PermanentError):
    """None of the account's event types is called a match, so its matches cannot be asked for."""


class FormatChanged(PermanentError):
    """A frame is not what it should be (column missing, ids absent, too many rows rejected): nothing is written."""


class TeamsNotScanned(PermanentError):
    """The players of a season were asked for, and its teams were not read yet."""


class NothingScanned(PermanentError):
    """A preview was asked for, and no sync has read that season of the club yet."""


class UnknownCredential(PermanentError):
    """No credential has that id."""


class UnknownSeason(PermanentError):
    """No season can be called that."""


class UnknownRequest(PermanentError):
    """No request for a sync has that id."""


class UnknownSync(PermanentError):
    """No row of the sync history has that id."""


class UndoRefused(PermanentError):
    """A sync cannot be undone: it is undone already, its journal is gone, or it is none of ours."""


class RequestCancelled(PermanentError):
    """What a run was to carry out was cancelled before it began: its request, or automatic syncs altogether."""


class RequestNotWaiting(PermanentError):
    """A request cannot be cancelled: it has begun, or is over."""


class RequestShared(PermanentError):
    """A request cannot be cancelled by one of those who asked for it: others did too."""


class UnknownPlan(PermanentError):
    """No stored plan has that id."""


class PlanRefused(PermanentError):
    """A stored plan cannot be read or applied: it was applied or replaced, has expired, or is another credential's."""


class PlanBeingApplied(PlanRefused):
    """A stored plan cannot be applied or discarded: that it is applied was asked for already, or its run has begun."""


class FirstSyncHeld(PermanentError):
    """A first sync finds almost none of its people in a club that has players: a person looks at its plan first."""


class NothingToDecide(PermanentError):
    """A decision was made about something that does not wait for one."""


class UnknownTeam(PermanentError):
    """No team of ShotSpot has that id or name."""


class UnknownPlayer(PermanentError):
    """No player of a team has that name, in ShotSpot or in Twizzit."""


class NotUnique(PermanentError):
    """A name fits several clubs, teams or players, or none.

    Attributes:
        choices: what the name may have meant, each with its id first. Those may be people: they are shown to who asked,
            and are in no message.
    """

    def __init__(self, message: str, choices: tuple[str, ...]) -> None:
        super().__init__(message)
        self.choices = choices


class UnknownClub(PermanentError):
    """No club of ShotSpot has that id or name."""


class ConfigurationRefused(PermanentError):
    """A value that a sync configuration cannot have.

    Attributes:
        field: which of its fields.
    """

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


class InactiveCredential(PermanentError):
    """The credential was switched off by an administrator."""


class DuplicateOrganization(PermanentError):
    """This database allows one credential for an organization name."""


class DecryptionFailed(PermanentError):
    """The stored password cannot be read with the key of the environment."""


class TamperedCredential(PermanentError):
    """The stored password does not fit its MAC."""


class CredentialChanged(TamperedCredential):
    """The stored password is whole, and its row is another than it was stored for: id, user name or endpoint."""


class UnknownConflict(PermanentError):
    """No conflict or doubtful link has that id."""


class ConflictRefused(PermanentError):
    """A conflict or a doubtful link cannot be resolved so: it is over, or a side has changed meanwhile."""


class AlreadyDecided(ConflictRefused):
    """A conflict or a doubtful link is over: another person's answer came first, or a sync settled it.

    Attributes:
        answer: ``twizzit``, ``shotspot``, ``value``, ``link`` or ``create``; ``settled`` where no person answered.
        at: when; None where that is not known.
    """

    def __init__(self, message: str, answer: str = "", at: datetime | None = None) -> None:
        super().__init__(message)
        self.answer = answer
        self.at = at


class ValueRefused(PermanentError):
    """A person's value that a field of ShotSpot cannot have; the message says what it takes."""


class NotAsShown(PermanentError):
    """Something is otherwise by now than what a person looked at: a credential, what an undo would do, what waits."""


class BackupRefused(PermanentError):
    """A backup file cannot be written, or is damaged, or the passphrase is another one."""


class MigrationsPending(PermanentError):
    """The database is not at the newest migration."""


class UnsupportedDatabase(PermanentError):
    """The URL names something else than PostgreSQL 14 or newer."""


class DatabaseRefused(PermanentError):
    """The database's user lacks a privilege, or something of another user's is in the way there."""


class EmbeddedServerFailed(PermanentError):
    """The embedded PostgreSQL did not start."""


class AlreadyUp(PermanentError):
    """`twizzit up`, or `twizzit dagster dev`, works with this home folder or this database."""


class ProcessFailed(PermanentError):
    """A process that `twizzit up` needs did not start, or ended several times in a row."""


class LeaseLost(PermanentError):
    """Another process took this organization's lease while this one was silent."""
