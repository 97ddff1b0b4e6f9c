"""Dagster's own commands on this project's instance, as a child process that ends with us.

What belongs here: which options a command gets from us, and the child process. The instance itself is in `home`.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import click
import psutil

from twizzit_pipeline.orchestration.instance.dead_runs import end_dead_runs
from twizzit_pipeline.orchestration.instance.home import dagster_environment, open_instance
from twizzit_pipeline.orchestration.partitions import register_partitions
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.settings.processes import process_environment
from twizzit_pipeline.storage.engine import Database

MODULE = "twizzit_pipeline.definitions"
LOOPBACK = "127.0.0.1"
_WITH_THE_GUARD = "twizzit_pipeline.orchestration.instance.dagster_dev"

_LOOK_SECONDS = 2.0
_PATIENCE_SECONDS = 15.0
# The options of Dagster that say which code to load; where one is given, nothing is added.
_TARGETS = {"workspace", "python_file", "module_name", "package_name", "autoload_defs_module_name", "grpc_port"}


def run_dagster(settings: Settings, database: Database, args: Sequence[str]) -> int:
    """Run ``dagster ARGS…`` on this project's instance and definitions; returns its exit code.

    `database` is open and migrated, and stays open until the command ends. Credentials and seasons that are new become
    partitions first. The UI of ``dagster dev`` listens on loopback unless ARGS say otherwise.

    Raises:
        SettingsError: Dagster's folder cannot be written.
        DatabaseUnavailable: the database cannot be reached.
    """
    with open_instance(settings, database) as instance:
        end_dead_runs(instance, database.engine)
        register_partitions(instance, database.engine)
    program = _WITH_THE_GUARD if _command(args).name == "dev" else "dagster"
    command = [sys.executable, "-m", program, *with_our_options(args)]
    with _signals_kept() as signals:
        child = subprocess.Popen(command, env=process_environment(**dagster_environment(settings, database)))  # noqa: S603
        signals.give_to(child)
        return _wait(child)


def with_our_options(args: Sequence[str]) -> list[str]:
    """ARGS with the module of our definitions, where the command takes one and none is named, and the UI's address."""
    command = _command(args)
    given = {parameter.name for parameter in command.params if _names(parameter) & _option_names(args)}
    known = {parameter.name for parameter in command.params}
    ours: list[str] = []
    if "module_name" in known and not given & _TARGETS:
        ours += ["--module-name", MODULE]
    if {"host", "port", "module_name"} <= known and "host" not in given:
        ours += ["--host", LOOPBACK]
    return [*args, *ours]


def _command(args: Sequence[str]) -> click.Command:
    """The command that ARGS name, however deep: ``job``, then ``backfill``."""
    from twizzit_pipeline.orchestration.instance.dagster_cli import dagster_cli  # noqa: PLC0415 — a second

    command: click.Command = dagster_cli()
    for arg in args:
        if isinstance(command, click.Group) and arg in command.commands:
            command = command.commands[arg]
    return command


def _names(parameter: click.Parameter) -> set[str]:
    return {*parameter.opts, *parameter.secondary_opts}


def _option_names(args: Sequence[str]) -> set[str]:
    """The options in ARGS as they are spelled: ``--port=1`` is ``--port``, ``-p1`` is ``-p``."""
    long = {arg.partition("=")[0] for arg in args if arg.startswith("--")}
    short = {arg[:2] for arg in args if arg.startswith("-") and not arg.startswith("--")}
    return long | short


class _Signals:
    """SIGINT, SIGTERM and SIGHUP of this process, which its child gets instead."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._waiting = 0
        self._sent = 0

    def give_to(self, child: "subprocess.Popen[bytes]") -> None:
        """From now on, and what came before."""
        self._child = child
        for _ in range(self._waiting):
            self._send()

    def caught(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGINT and _in_terminal():
            return  # Ctrl-C reaches the child by itself, and a second one would cut its tidying short
        if self._child is None:
            self._waiting += 1
        else:
            self._send()

    def _send(self) -> None:
        # All of Dagster's commands tidy up on SIGINT, only some on SIGTERM; the second signal sends the other.
        number = signal.SIGTERM if self._sent else signal.SIGINT
        self._sent += 1
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)


@contextmanager
def _signals_kept() -> Iterator[_Signals]:
    """Catches the signals before the child exists: one that is ignored here would be ignored there as well."""
    signals = _Signals()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signals.caught) for number in numbers}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_terminal() -> bool:
    """Whether this process is in the foreground of a terminal, whose Ctrl-C every process there gets."""
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def _wait(child: "subprocess.Popen[bytes]") -> int:
    """Waits for the child, then for what it started; processes that remain are ended."""
    family: dict[int, psutil.Process] = {}
    while True:
        try:
            code = child.wait(_LOOK_SECONDS)
            break
        except subprocess.TimeoutExpired:
            family |= _descendants(child.pid)
    _, alive = psutil.wait_procs(list(family.values()), timeout=_PATIENCE_SECONDS)
    for process in alive:
        process.terminate()
    _, alive = psutil.wait_procs(alive, timeout=_PATIENCE_SECONDS)
    for process in alive:
        process.kill()
    return 128 - code if code < 0 else code


def _descendants(pid: int) -> dict[int, psutil.Process]:
    try:
        return {process.pid: process for process in psutil.Process(pid).children(recursive=True)}
    except psutil.NoSuchProcess:
        return {}
