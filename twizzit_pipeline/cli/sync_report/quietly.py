"""What `sync --quiet` says: a line for what did not arrive, and one for each kind of thing that waits for a person."""

from collections.abc import Iterator

from twizzit_pipeline.cli.output.terminal import plural
from twizzit_pipeline.cli.sync_report.running import Synced
from twizzit_pipeline.runs.asked import in_words
from twizzit_pipeline.runs.details import DEPARTURES


def lines(synced: Synced) -> Iterator[str]:
    """What a person must look at after a sync; ids and counts, no names of people. Nothing where all is well."""
    ended = [row for row in synced.history if row.status in ("success", "partial_success")]
    whose = f"{synced.organization}, season {synced.season}"
    failed = {row.entity: row.items_failed for row in ended if row.items_failed}
    credential_id = next((row.credential_id for row in ended if row.credential_id is not None), "CLUB")
    if failed:
        each = ", ".join(f"{count:,} of {entity}" for entity, count in failed.items())
        yield f"{whose}: {plural(sum(failed.values()), 'item')} failed ({each}): twizzit rejected {credential_id}"
    asked = ", ".join(in_words(row.questions_of, row.entity) for row in ended if row.questions)
    if asked:
        yield f"{whose}: waiting for a decision: {asked}: twizzit conflicts list {credential_id}"
    held = sum(int((row.details.get(DEPARTURES) or {}).get("held", 0)) for row in ended)
    if held:
        yield f"{whose}: {plural(held, 'departure')} held back: twizzit departures list {credential_id}"
