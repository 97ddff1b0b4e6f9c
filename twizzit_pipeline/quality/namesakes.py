"""Names that are there twice in a club: two rows that may well be one person, or one team."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from twizzit_pipeline.quality.findings import Finding, Scope
from twizzit_pipeline.quality.names import NAMESAKES
from twizzit_pipeline.transform.names import normalised_name


def namesakes(rows: Iterable[Sequence[Any]], speaks_of: Scope, *, local: bool) -> Finding:
    """Ids that share a name with another id of their place.

    Args:
        rows: id, place (a club, or a club and a season), and the parts of the name; an id may come more than once.
    """
    found: dict[tuple[object, str], dict[str, None]] = defaultdict(dict)
    for row_id, place, *parts in rows:
        found[place, normalised_name(" ".join(str(part) for part in parts))][str(row_id)] = None
    shared = [tuple(ids) for ids in found.values() if len(ids) > 1]
    return Finding(
        NAMESAKES,
        speaks_of,
        tuple(row_id for ids in shared for row_id in ids),
        local=local,
        numbers={"names_shared": len(shared)},
    )
