"""Log lines: what happened, in words that stay the same, and fields beside them. Text, or JSON by setting.

What belongs here: how a line is made and where it goes. What is worth a line is said where it happens:
``_log = logs.logger(__name__)``, then ``_log.info("sync began", season=label)``. Fields hold ids, counts, names of
routes and of errors; never a person's name, a secret, or what a caller sent.

Lines are records of the standard library's `logging` under `twizzit_pipeline`, so that Dagster shows those of a run in
its UI. They go to standard error, which is set up at the entry points (`configure`) and never at import; where that
was not done, Python itself prints warnings and errors. Lines of libraries come out in the same format, from
warnings on: below that, several of them print rows, queries and URLs.
"""

import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, cast

from twizzit_pipeline.settings import Settings

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger
    from structlog.typing import EventDict, Processor, ProcessorReturnValue, WrappedLogger

PACKAGE = "twizzit_pipeline"
FIELDS = "twizzit_fields"  # where a record keeps its event and fields: Dagster rewrites the message of what it shows

_AT_THE_HEAD = ("timestamp", "level", "event")


def logger(name: str) -> "BoundLogger":
    """The logger of a module, by its ``__name__``; writes nothing below the level that `configure` set."""
    return cast("BoundLogger", _Logger(name))


class _Logger:
    """structlog's logger of that name, made when something of it is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._made, attribute)

    @cached_property
    def _made(self) -> "BoundLogger":
        from structlog import contextvars, stdlib, wrap_logger  # noqa: PLC0415  (see above)

        return cast(
            "BoundLogger",
            wrap_logger(
                logging.getLogger(self._name),
                processors=[stdlib.filter_by_level, contextvars.merge_contextvars, _to_record],
                wrapper_class=stdlib.BoundLogger,
            ),
        )


@contextmanager
def bound(**fields: object) -> Iterator[None]:
    """These fields in every line of this thread (and of threads that copy its context) until the context ends."""
    from structlog.contextvars import bound_contextvars  # noqa: PLC0415  (see above)

    with bound_contextvars(**fields):
        yield


def configure(settings: Settings, *, quiet: bool = False) -> None:
    """Sends the lines of this process to standard error, as the settings say; may be called again.

    Args:
        quiet: for commands that speak for themselves: errors alone, unless the settings name a level or a format.
    """
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    as_json = settings.log_format == "json"
    silent = quiet and not settings.model_fields_set & {"log_level", "log_format"}
    root = logging.getLogger()
    ours = next((one for one in root.handlers if isinstance(one, _StandardError)), None)
    if ours is None:
        ours = _StandardError()
        root.addHandler(ours)
    ours.setFormatter(_Formatter(as_json=as_json))
    ours.setLevel(logging.ERROR if silent else level)
    logging.getLogger(PACKAGE).setLevel(level)


class _StandardError(logging.StreamHandler[Any]):
    """Writes to whatever standard error is at the moment: a spinner on the terminal puts itself before it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.addFilter(_is_not_dagsters)

    @property
    def stream(self) -> Any:
        return sys.stderr

    @stream.setter
    def stream(self, _: Any) -> None:
        """It is never set."""


def _is_not_dagsters(record: logging.LogRecord) -> bool:
    """Dagster's programs print their own lines by themselves."""
    if record.name.partition(".")[0] != "dagster":
        return True
    there = logging.getLogger(record.name)
    while there.parent is not None:
        if there.handlers:
            return False
        there = there.parent
    return True


class _Formatter(logging.Formatter):
    """structlog's, made for the first line."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        return self._made.format(record)

    @cached_property
    def _made(self) -> logging.Formatter:
        from structlog import contextvars, processors, stdlib  # noqa: PLC0415  (see above)

        render = processors.JSONRenderer(ensure_ascii=False, default=str) if self._as_json else _as_text
        return stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                contextvars.merge_contextvars,
                stdlib.add_log_level,
                stdlib.add_logger_name,
                processors.TimeStamper(fmt="iso", utc=True),
                _own_fields,
                _where_it_broke,
            ],
            processors=[stdlib.ProcessorFormatter.remove_processors_meta, _in_order, render],
        )


def _to_record(_: "WrappedLogger", __: str, event_dict: "EventDict") -> "ProcessorReturnValue":
    """What the standard library's logger is called with: words for people, and the fields for `_own_fields`."""
    fields = dict(event_dict)
    rest = {name: value for name, value in fields.items() if name != "event"}
    words = " ".join(filter(None, [str(fields["event"]), _logfmt(rest)]))
    return (words,), {"extra": {FIELDS: fields}}


def _own_fields(_: "WrappedLogger", __: str, event_dict: "EventDict") -> "EventDict":
    return {**event_dict, **getattr(event_dict["_record"], FIELDS, {})}


def _where_it_broke(_: "WrappedLogger", __: str, event_dict: "EventDict") -> "EventDict":
    """Of an exception its kind and its places in the code: its words may quote a row."""
    found = event_dict["_record"].exc_info
    event_dict.pop("exc_info", None)
    if found and found[0] is not None:
        event_dict["exception"] = found[0].__name__
        event_dict["where"] = "".join(traceback.format_tb(found[2])).rstrip()
    return event_dict


def _in_order(_: "WrappedLogger", __: str, event_dict: "EventDict") -> "EventDict":
    head = {name: event_dict[name] for name in _AT_THE_HEAD}
    return {**head, **{name: value for name, value in event_dict.items() if name not in head}}


def _as_text(_: "WrappedLogger", __: str, event_dict: "EventDict") -> str:
    """``2026-11-23T13:04:05Z info sync began run_id=… credential_id=3``; the places of an exception below."""
    timestamp, level, event = (event_dict.pop(name) for name in _AT_THE_HEAD)
    where = event_dict.pop("where", None)
    event_dict.pop("logger", None)
    line = " ".join(filter(None, [timestamp, f"{level:<7}", event, _logfmt(event_dict)]))
    return f"{line}\n{where}" if where else line


def _logfmt(fields: Mapping[str, Any]) -> str:
    return str(_renderer()(None, "", {name: _printable(value) for name, value in fields.items()}))


@cache
def _renderer() -> "Processor":
    from structlog.processors import LogfmtRenderer  # noqa: PLC0415  (see above)

    return LogfmtRenderer(bool_as_flag=False)


def _printable(value: object) -> object:
    """A text without what moves a terminal's cursor or begins another line."""
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in value)
