"""Celery's workers seen from outside: which answer, their version and database, and how many runs wait for one.

What belongs here: reading. Importing this needs the extra `celery`.
"""

import re
from dataclasses import dataclass

from kombu.exceptions import OperationalError

from twizzit_pipeline.orchestration.instance.launchers import QUEUE, broker_away
from twizzit_pipeline.orchestration.instance.worker import NAME, celery_app
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.fingerprint import LETTERS

_ANSWER_SECONDS = 3.0
_OURS = re.compile(rf"{NAME}-(?P<version>.+?)(?:-(?P<database>[0-9a-f]{{{LETTERS}}}))?-\d+@(?P<machine>.+)")


@dataclass(frozen=True, slots=True)
class Worker:
    """One that answered.

    `version` is of this package, `database` a `fingerprint`; None where its name does not say so.
    """

    name: str
    version: str | None
    database: str | None = None


@dataclass(frozen=True, slots=True)
class Workers:
    """Those that answered within a few seconds, and how many runs wait in the queue."""

    answered: tuple[Worker, ...]
    waiting: int


def inspect_workers(settings: Settings) -> Workers:
    """The workers at the broker of these settings.

    Raises:
        SettingsError: no broker is named.
        BrokerUnavailable: it cannot be reached.
    """
    app = celery_app(settings)
    in_time = {"max_retries": 1, "socket_connect_timeout": _ANSWER_SECONDS, "socket_timeout": _ANSWER_SECONDS}
    asked = app.connection_for_read(connect_timeout=_ANSWER_SECONDS, transport_options=in_time)
    try:
        with asked as broker:
            broker.ensure_connection(max_retries=1, timeout=_ANSWER_SECONDS)
            waiting = int(broker.default_channel._size(QUEUE)) if hasattr(broker.default_channel, "_size") else 0
            found = app.control.inspect(timeout=_ANSWER_SECONDS, connection=broker).ping() or {}
    except (OperationalError, OSError, *asked.connection_errors) as error:
        raise broker_away(error) from None
    return Workers(tuple(_worker(name) for name in sorted(found)), waiting)


def _worker(name: str) -> Worker:
    ours = _OURS.fullmatch(name)
    return Worker(name, ours["version"], ours["database"]) if ours else Worker(name, None)
