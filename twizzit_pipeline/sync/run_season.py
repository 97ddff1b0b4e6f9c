"""The season of a run's partition: as its account lists it, or as an earlier run left it."""

from datetime import date

from sqlalchemy import Connection

from twizzit_pipeline.runs import seasons
from twizzit_pipeline.runs.seasons import SeasonRow
from twizzit_pipeline.sync.transactions import Transactions
from twizzit_pipeline.twizzit.source import Source


class RunSeason:
    """What is known of one season of one credential.

    Attributes:
        label: the season of the partition.
        is_asked: whether Twizzit's list was read in this run.
        found: the season in that list; None before, and where the account has none such.
    """

    def __init__(
        self, label: str, *, credential_id: int, day: date, season_start: str, transactions: Transactions
    ) -> None:
        self.label = label
        self.is_asked = False
        self.found: SeasonRow | None = None
        self._credential_id = credential_id
        self._day = day
        self._season_start = season_start
        self._transactions = transactions

    def ask(self, source: Source) -> SeasonRow | None:
        """The season, from Twizzit's list, which is remembered."""
        listed = seasons.listed(source.seasons(), day=self._day, season_start=self._season_start)
        for attempt in self._transactions.attempts():
            with attempt, self._transactions.begun() as connection:
                labels = [
                    season.label for season in seasons.refresh(connection, self._credential_id, listed, day=self._day)
                ]
                found = self._stored(connection) if seasons.called(self.label, labels) in labels else None
        self.found, self.is_asked = found, True
        return found

    def stored(self) -> SeasonRow | None:
        """The season as this run's scan, or an earlier one, or `verify` left it; makes no call."""
        if self.is_asked:
            return self.found
        with self._transactions.reading() as connection:
            return self._stored(connection)

    def _stored(self, connection: Connection) -> SeasonRow | None:
        stored = seasons.known(connection, self._credential_id, self._season_start)
        label = seasons.called(self.label, [season.label for season in stored])
        return next((season for season in stored if season.label == label), None)

    def running(self, connection: Connection) -> str | None:
        """The label of the season that runs on the run's day; None where the account's seasons are not known."""
        return seasons.running(seasons.known(connection, self._credential_id, self._season_start), self._day)

    def runs(self, connection: Connection) -> bool:
        """Whether it is the season that runs on the run's day, by the calendar where the account's are not known."""
        return self.label == (self.running(connection) or seasons.season_of(self._day, self._season_start).label)
