"""Everything of one `up` from the first child to the last, its database being open.

The code server loads while this process makes Dagster's tables and ends what an earlier `up` left open; the UI and the
daemon follow when it answers. Stopping is the reverse: nothing new is begun, then what is under way is ended, then the
processes that did it.
"""

import time
from collections.abc import Collection
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
from rich.console import Console

from twizzit_pipeline.cli.opened import Opened
from twizzit_pipeline.cli.output.progress import Steps
from twizzit_pipeline.cli.output.terminal import plural
from twizzit_pipeline.errors import AlreadyUp, TwizzitPipelineError
from twizzit_pipeline.local import announcement, children, demo, leftovers
from twizzit_pipeline.local.announcement import Addresses
from twizzit_pipeline.local.automation import Switches
from twizzit_pipeline.local.both_sides import BothSides
from twizzit_pipeline.local.clock import Clock
from twizzit_pipeline.local.demo import DemoClub
from twizzit_pipeline.local.lock import DatabaseLock
from twizzit_pipeline.local.own_version import OwnVersion
from twizzit_pipeline.local.postgres import EmbeddedPostgres
from twizzit_pipeline.local.receiver import receiving
from twizzit_pipeline.local.signals import Stop
from twizzit_pipeline.local.supervisor import Supervisor
from twizzit_pipeline.local.syncs import EndedSyncs
from twizzit_pipeline.local.watch import Watch
from twizzit_pipeline.orchestration import dagster_modules
from twizzit_pipeline.scheduling import heartbeat
from twizzit_pipeline.settings.processes import process_environment

_LOOK_SECONDS = 0.1
_CHILD_SECONDS = 10.0
_RUNS_SECONDS = 20.0
_FORK_SERVER = "multiprocessing.forkserver"


class Asked(Exception):
    """A signal asks everything to stop while it is being started."""


class Running:
    """The children, the embedded server and the history, looked after until a signal asks to stop."""

    def __init__(
        self,
        here: Opened,
        home: Path,
        addresses: Addresses,
        *,
        lock: DatabaseLock,
        socket: Path,
        stop: Stop,
        out: Console,
    ) -> None:
        """`home`: a resolved path; `socket`: of the code server."""
        self._here = here
        self._home = home
        self._addresses = addresses
        self._socket = socket
        self._stop = stop
        self._out = out
        self._stack = ExitStack()
        self._logs = home / "logs"
        self._supervisor = Supervisor(self._logs, self.say)
        self._postgres = EmbeddedPostgres(home, self.say) if here.settings.embedded else None
        self._watch = Watch(
            syncs=EndedSyncs(here.database.engine, self.say),
            switches=Switches(here.database, self.say),
            version=OwnVersion(here.database.engine, self.say),
            lock=lock,
            folder=self._logs,
            say=self.say,
            on_problem=stop.asked.set,
        )

    def say(self, line: str) -> None:
        """One line; where the reader of the output is gone, it is time to stop."""
        try:
            self._out.print(line, soft_wrap=True)
        except (OSError, SystemExit):  # rich leaves when its pipe is closed
            self._stop.asked.set()

    # --- starting -----------------------------------------------------------------------------------------------------

    def start(self, began: float) -> None:
        """Start the children, and say where they are when all do their work.

        Raises:
            Asked: a signal asks to stop.
            ProcessFailed: a child did not start.
            AlreadyUp: another orchestrator works on this database.
        """
        simulator, engine = self._addresses.simulator, self._here.database.engine
        with Steps(self._out) as steps:
            also = "the code server and the simulator" if simulator else "the code server"
            steps(f"Starting the HTTP API with {also}")
            environment, options = self._environment(), children.log_options(self._here.settings)
            self._supervisor.start(children.code_server(self._socket, environment, options))
            if simulator:
                self._supervisor.start(children.simulator(simulator, environment, *demo.SIMULATOR_OPTIONS))
            self._supervisor.start(children.api(self._addresses.api, environment))
            beat = heartbeat.last(engine)
            clubs = self._prepare_demo(steps) if simulator else []
            if simulator:
                self._watch.also = BothSides(engine, simulator.url, clubs[0].credential_id).look
            steps("Looking after what an earlier run left open")
            self._prepare_dagster()
            self._wait_for((children.CODE,))
            if heartbeat.last(engine) != beat:
                raise AlreadyUp("Another orchestrator (`twizzit dagster dev`?) works on this database: stop it first")
            steps("Starting Dagster's UI and its daemon")
            workspace = children.write_workspace(self._home / "dagster", self._socket)
            self._supervisor.start(children.daemon(self._here.database, workspace, environment, options))
            self._supervisor.start(children.ui(self._addresses.ui, workspace, environment, options))
            self._wait_for(None)
        announcement.announce(self._out, self._here, self._addresses, self._logs, clubs, time.monotonic() - began)

    def _environment(self) -> dict[str, str]:
        """Of every child. The demo's Twizzit is on loopback, and so is its receiver of notifications."""
        from twizzit_pipeline.orchestration.instance.home import dagster_environment  # noqa: PLC0415  (Dagster)

        settings = self._here.settings
        more = {leftovers.MARK: str(self._home)}
        if self._addresses.simulator is not None:
            more["TWIZZIT_ALLOW_PRIVATE_ENDPOINTS"] = "1"
            if settings.notify_webhook_url is None:
                more["TWIZZIT_NOTIFY_WEBHOOK_URL"] = self._stack.enter_context(receiving(self.say))
        return process_environment(**dagster_environment(settings, self._here.database), **more)

    def _prepare_demo(self, steps: Steps) -> list[DemoClub]:
        assert self._addresses.simulator is not None
        self._wait_for((children.SIMULATOR,))
        steps("Storing the credentials of three clubs")
        return demo.prepare(self._here, demo.clubs_of(self._addresses.simulator.url))

    def _prepare_dagster(self) -> None:
        """Dagster's tables, before three processes would make them at once; and the runs whose process is gone."""
        from twizzit_pipeline.orchestration.instance.dead_runs import end_dead_runs  # noqa: PLC0415
        from twizzit_pipeline.orchestration.instance.home import open_instance  # noqa: PLC0415  (Dagster)
        from twizzit_pipeline.orchestration.partitions import register_partitions  # noqa: PLC0415

        with open_instance(self._here.settings, self._here.database) as instance:
            end_dead_runs(instance, self._here.database.engine)
            register_partitions(instance, self._here.database.engine)

    def _wait_for(self, names: Collection[str] | None) -> None:
        while not self._supervisor.all_ready(names):
            if self._stop.asked.wait(_LOOK_SECONDS):
                raise Asked

    # --- running ------------------------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Look after everything until a signal asks to stop.

        Raises:
            ProcessFailed: a child ended too often.
            EmbeddedServerFailed: PostgreSQL does not start any more.
            AlreadyUp: another process holds the lock in the database by now.
        """
        self._watch.start()
        clock = Clock()
        while not self._stop.asked.wait(_LOOK_SECONDS):
            self._supervisor.look()
            if clock.was_put_back():
                self.say("The clock was put back: Dagster's daemon is started again, or it would wait as long")
                self._supervisor.restart(children.DAEMON)
            if self._postgres is not None:
                self._postgres.look()
        if self._watch.problem is not None:
            raise self._watch.problem

    # --- stopping -----------------------------------------------------------------------------------------------------

    def end(self) -> None:
        """Stop everything: afterwards no process is left, no sync is half done, and no lease is held."""
        self.say("Stopping …")
        began = time.monotonic()
        self._supervisor.stop((children.DAEMON, children.UI, children.API), patience=_CHILD_SECONDS)
        self._end_runs()
        self._supervisor.stop((children.CODE, children.SIMULATOR), patience=_CHILD_SECONDS)
        killed = leftovers.end(leftovers.marked(self._home), _CHILD_SECONDS)
        if killed:
            self.say(f"{plural(killed, 'process', 'processes')} did not stop and had to be killed")
        with suppress(TwizzitPipelineError):  # a database that is gone; the next `up` does it
            self._prepare_dagster()
            self._watch.stop()
        self._stack.close()
        self.say(f"Everything is stopped ({time.monotonic() - began:.1f} s)")

    def _end_runs(self) -> None:
        """Interrupt the syncs that the code server's runs are at, and give them time to close their history."""
        processes = self._runs()
        if not processes:
            return
        from twizzit_pipeline.orchestration.instance.home import open_instance  # noqa: PLC0415  (Dagster)
        from twizzit_pipeline.orchestration.instance.stopping import cancel_runs  # noqa: PLC0415

        runs = len(processes)
        # The code server or the database may be what is broken; then a signal does it, without an event in Dagster.
        with suppress(Exception), open_instance(self._here.settings, self._here.database) as instance:
            runs = len(cancel_runs(instance, str(self._socket)))  # the process of one that is over may be there still
        if runs:
            self.say(f"Interrupting {plural(runs, 'run')} under way")
        _, alive = psutil.wait_procs(processes, timeout=_RUNS_SECONDS)
        leftovers.end(alive, _CHILD_SECONDS)

    def _runs(self) -> list[psutil.Process]:
        """The processes of runs, also those whose code server has died."""
        return [process for process in leftovers.marked(self._home) if is_run(process)]


def is_run(process: psutil.Process) -> bool:
    """Whether it is the process of a run: started by the code server, or a child of its fork server.

    A child of the fork server has the same command line; the fork server itself comes from another program, whose
    arguments it has too, from Python 3.14 on.
    """
    try:
        if _runs(process, "multiprocessing.spawn"):
            return True
        if not _runs(process, _FORK_SERVER) or any(_runs(child, _FORK_SERVER) for child in process.children()):
            return False
        parent = process.parent()
        return parent is None or _runs(parent, _FORK_SERVER) or not _runs(parent, dagster_modules.CODE_SERVER)
    except psutil.Error:
        return False


def _runs(process: psutil.Process, words: str) -> bool:
    return any(words in argument for argument in process.cmdline())
