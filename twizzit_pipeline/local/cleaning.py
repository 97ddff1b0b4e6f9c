"""Ends what an `up` left that was killed."""

from pathlib import Path

from twizzit_pipeline.local.leftovers import end, marked
from twizzit_pipeline.storage.embedded.cluster import Cluster
from twizzit_pipeline.storage.embedded.server import embedded_server

PATIENCE_SECONDS = 20.0


def clean(home: Path) -> int:
    """Ends what an `up` of this home left; how many processes that were. The caller holds the lock of the home.

    They have a database meanwhile, so that a sync can close its history: the embedded server is kept in use, and stops
    with its last user, which this is.
    """
    left = marked(home)
    if Cluster(home).reachable() is None:
        end(left, PATIENCE_SECONDS)
    else:
        with embedded_server(home):
            end(left, PATIENCE_SECONDS)
    return len(left)
