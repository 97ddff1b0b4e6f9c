"""The last materialization that this process stored of each asset and partition, which it need not read again.

What belongs here: what is remembered, how long, and what of it Dagster's storage of events would find. A run reads what
it has just made three times: for the checks that are about it, for the versions of what the next step reads, and for
the last event of an asset, which Dagster takes apart anew.
"""

from time import monotonic

from dagster import AssetKey, EventLogEntry, EventLogRecord, EventRecordsResult

from twizzit_pipeline.orchestration.dagster_private import EventLogCursor

# How long what another process may change is known.
KNOWN_SECONDS = 5.0


class MadeHere:
    """What this process stored last; another one may materialize or wipe the same, so it is known for a moment."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._by_partition: dict[tuple[AssetKey, str], tuple[float, EventLogRecord]] = {}
        self._by_asset: dict[str, tuple[str, EventLogRecord]] = {}

    def note(self, event: EventLogEntry, event_id: int, record_text: str) -> None:
        """A materialization was stored; `record_text`: as the row of its asset has it."""
        made = event.get_dagster_event()
        if made.asset_key is None:
            return
        record = EventLogRecord(storage_id=event_id, event_log_entry=event)
        self._by_asset[made.asset_key.to_string()] = (record_text, record)
        if made.partition is not None:
            self._by_partition[made.asset_key, made.partition] = (monotonic() + KNOWN_SECONDS, record)

    def forget(self) -> None:
        """All of it: something was wiped."""
        self._by_partition.clear()
        self._by_asset.clear()

    def last_of(self, asset: AssetKey, partition: str) -> EventLogRecord | None:
        """The last materialization; None where that has to be looked up."""
        until, record = self._by_partition.get((asset, partition), (0.0, None))
        return record if monotonic() < until else None

    def found(self, asset: AssetKey, partition: str) -> EventRecordsResult | None:
        """The same as Dagster's storage finds one."""
        record = self.last_of(asset, partition)
        if record is None:
            return None
        cursor = EventLogCursor.from_storage_id(record.storage_id).to_string()
        return EventRecordsResult([record], cursor=cursor, has_more=True)

    def read_as(self, asset: str, record_text: str | None) -> EventLogRecord | None:
        """What the text in an asset's row says, where it is the one that was stored here, however long ago.

        Args:
            asset: its key, as the row has it.
        """
        text, record = self._by_asset.get(asset, (None, None))
        return record if text is not None and text == record_text else None


def text_of_record(event_text: str, event_id: int) -> str:
    """An event with its id as Dagster writes it into the row of its asset, made of the event's own text."""
    return f'{{"__class__": "EventLogRecord", "event_log_entry": {event_text}, "storage_id": {event_id}}}'
