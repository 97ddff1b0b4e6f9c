"""What the end of a run means for the request that it carried out, and for the credential's next automatic sync.

What belongs here: what is written into `twizzit_sync_requests` and `twizzit_sync_config`, in the caller's transaction.
"""

import time
from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import Connection

from twizzit_pipeline.errors import RequestCancelled, SyncInProgress
from twizzit_pipeline.runs.troubles import safe_message
from twizzit_pipeline.scheduling import automatic
from twizzit_pipeline.scheduling.fulfilment import Fulfilment
from twizzit_pipeline.sync.run_season import RunSeason

# The trigger of a run that came because its credential was due, and of one that a person started on the command line.
AUTOMATIC, BY_HAND = "schedule", "cli"


class RunEnd:
    """The end of one run, which begins when this is made.

    Attributes:
        is_automatic: whether the run came because its credential was due.
    """

    def __init__(
        self,
        *,
        credential_id: int,
        season: RunSeason,
        narrowed: bool,
        trigger: str | None,
        fulfilment: Fulfilment | None,
    ) -> None:
        self.is_automatic = trigger == AUTOMATIC
        self._by_hand = trigger == BY_HAND
        self._credential_id = credential_id
        self._season = season
        self._narrowed = narrowed
        self._fulfilment = fulfilment
        self._began = time.monotonic()

    def concerns(self, error: BaseException | None) -> bool:
        """Whether a run that ended before it had the lease leaves anything to write."""
        return error is not None and (self._fulfilment is not None or self.is_automatic)

    def unstarted(self, connection: Connection, error: BaseException | None) -> None:
        """The run ended before it had the lease."""
        if self._fulfilment is not None and isinstance(error, SyncInProgress):
            self._fulfilment.end(connection, error, None)
        elif self._fulfilment is not None:
            self._fulfilment.refuse(connection, safe_message(error))
        if self.is_automatic and isinstance(error, SyncInProgress):
            automatic.gave_way(connection, self._credential_id)
        elif self.is_automatic:
            automatic.ended(connection, self._credential_id, "failed")

    def ended(
        self,
        connection: Connection,
        troubles: Sequence[BaseException],
        *,
        covers: Collection[str],
        done: Collection[str],
    ) -> None:
        """The run ended, and had the lease.

        Args:
            troubles: what went wrong and was not made good, the first first.
            covers, done: see `automatic.Run`.
        """
        if self._fulfilment is not None:
            self._end_request(connection, self._fulfilment, troubles[0] if troubles else None)
        if any(isinstance(trouble, RequestCancelled) for trouble in troubles):
            return
        run = automatic.Run(
            covers=frozenset(covers),
            done=frozenset(done),
            narrowed=self._narrowed,
            running_season=self._season.runs(connection),
            automatic=self.is_automatic,
            lasted=timedelta(seconds=time.monotonic() - self._began),
        )
        automatic.run_ended(connection, self._credential_id, run, troubles)

    def _end_request(self, connection: Connection, fulfilment: Fulfilment, error: BaseException | None) -> None:
        """A season that the orchestrator guessed, and that the account does not list, is put right by another run."""
        if error is None and self._season.is_asked and self._season.found is None:
            running = self._season.running(connection)
            if running not in (None, self._season.label) and fulfilment.move_to_season(connection, str(running)):
                return
        if self._by_hand and error is not None and not isinstance(error, Exception):
            fulfilment.give_back(connection)  # Ctrl-C of one person ends no other person's request
        else:
            fulfilment.end(connection, error, safe_message(error))
