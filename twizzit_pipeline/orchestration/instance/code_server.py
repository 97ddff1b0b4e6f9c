"""Dagster's code server, whose runs are forked from a process that has loaded the definitions: ``python -m`` and this
module's name, with the options of ``dagster api grpc``.

Dagster starts a new Python for each run, and half of what a small sync costs is that Python's imports. Here Python's
own fork server (`multiprocessing`) imports them once, when the first run begins, and each run is a child of it: a
process of its own, which is watched, interrupted and killed as before. The fork server has one thread and holds no
connection; it ends when the code server does.
"""

import multiprocessing
import sys
from collections.abc import Sequence
from typing import Any

from dagster._cli.api import grpc_command
from dagster._grpc import server

__all__ = ["grpc_command", "serve", "server", "with_forked_runs"]

PRELOADED = "twizzit_pipeline.preloaded"
_SERVER, _CONTEXT = "DagsterApiServer", "_mp_ctx"
_METHOD = "forkserver"


def with_forked_runs(of_dagster: Any) -> Any:
    """The class of Dagster's servers, forking its runs; one that starts them in an unknown way is left alone."""

    class ForkingServer(of_dagster):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            if hasattr(self, _CONTEXT) and _METHOD in multiprocessing.get_all_start_methods():
                context = multiprocessing.get_context(_METHOD)
                context.set_forkserver_preload([PRELOADED])
                setattr(self, _CONTEXT, context)

    return ForkingServer


def serve(arguments: Sequence[str]) -> None:
    """Run ``dagster api grpc ARGUMENTS…``; ends the process."""
    setattr(server, _SERVER, with_forked_runs(getattr(server, _SERVER)))
    grpc_command(args=list(arguments), prog_name="dagster api grpc")


if __name__ == "__main__":
    # A run, a child of `multiprocessing`, would look for this module by its name, and warn that it is loaded already.
    sys.modules[__name__].__spec__ = None
    serve(sys.argv[1:])
