"""The commands: what each is called, where it is, and what the first page says of it.

What belongs here: what the command line must know of a command that it does not run. A command's own page, and its
options, are in its module.
"""

from dataclasses import dataclass

_CLUBS, _PEOPLE, _KEEPING, _PARTS = "Clubs", "Teams and people", "Keeping it running", "Parts, one by one"


@dataclass(frozen=True, slots=True)
class Entry:
    """One command, or one group of commands.

    Attributes:
        panel: under which heading the first page shows it.
        place: its function, or the group's Typer, for `pkgutil.resolve_name`.
        first_line: the first paragraph of its own page.
        passes_on: its arguments are another program's.
    """

    name: str
    panel: str
    place: str
    first_line: str
    passes_on: bool = False

    @property
    def is_group(self) -> bool:
        """Whether it is a group of commands."""
        return self.place.endswith(":app")


COMMANDS = (
    Entry(
        "demo",
        _CLUBS,
        "twizzit_pipeline.cli.demo.command:demo",
        "See a simulated club arrive in the database; a second sync changes nothing, a third what changed. Repeatable.",
    ),
    Entry(
        "up",
        _CLUBS,
        "twizzit_pipeline.cli.commands.up:up",
        "Run everything until Ctrl-C: the database at its newest migration, Dagster with its UI, and the HTTP API.",
    ),
    Entry(
        "credentials",
        _CLUBS,
        "twizzit_pipeline.cli.commands.credentials:app",
        "Twizzit logins, their passwords encrypted as ShotSpot encrypts them.",
    ),
    Entry(
        "config",
        _CLUBS,
        "twizzit_pipeline.cli.commands.config:app",
        "When a club syncs by itself, what, and what its account's words mean.",
    ),
    Entry("sync", _CLUBS, "twizzit_pipeline.cli.commands.sync:sync", "Sync what a club's account sees in Twizzit."),
    Entry(
        "plans",
        _CLUBS,
        "twizzit_pipeline.cli.commands.plans:app",
        "What a sync would do, kept for seven days: list, show, discard.",
    ),
    Entry(
        "backfill",
        _CLUBS,
        "twizzit_pipeline.cli.commands.backfill:backfill",
        "Sync clubs and seasons one after the other, wait for each, and show its result.",
    ),
    Entry(
        "status",
        _CLUBS,
        "twizzit_pipeline.cli.commands.status:status",
        "Show the state of every credential, the most urgent first; times are local (with --json, ISO 8601 with zone).",
    ),
    Entry(
        "history",
        _CLUBS,
        "twizzit_pipeline.cli.commands.history:history",
        "Show the syncs of a club, newest first; times are local (with --json, ISO 8601 with zone).",
    ),
    Entry(
        "undo",
        _CLUBS,
        "twizzit_pipeline.cli.commands.undo:undo",
        "Take back what a sync did in ShotSpot; what was changed since is left and listed. An undo can be undone.",
    ),
    Entry("requests", _CLUBS, "twizzit_pipeline.cli.commands.requests:app", "Syncs that were requested."),
    Entry(
        "registered",
        _PEOPLE,
        "twizzit_pipeline.cli.commands.registered:registered",
        "Show who of a team may play, who may not, and why: all people of the team in Twizzit and in ShotSpot.",
    ),
    Entry(
        "rejected",
        _PEOPLE,
        "twizzit_pipeline.cli.commands.rejected:rejected",
        "Show what the last syncs of a club rejected, could not apply and set aside, and why.",
    ),
    Entry(
        "changes",
        _PEOPLE,
        "twizzit_pipeline.cli.commands.changes:changes",
        "Show what syncs changed in ShotSpot, newest first; times are local (with --json, ISO 8601 with zone).",
    ),
    Entry(
        "departures",
        _PEOPLE,
        "twizzit_pipeline.cli.commands.departures:app",
        "Who and what Twizzit does not list any more, and what waits for a decision.",
    ),
    Entry(
        "mappings",
        _PEOPLE,
        "twizzit_pipeline.cli.commands.mappings:app",
        "Which row of ShotSpot is which of Twizzit.",
    ),
    Entry(
        "conflicts",
        _PEOPLE,
        "twizzit_pipeline.cli.commands.conflicts:app",
        "What both sides changed, and links that are not clear: until a person decides.",
    ),
    Entry(
        "doctor",
        _KEEPING,
        "twizzit_pipeline.cli.doctor.command:doctor",
        "Look at everything that can be wrong, and say what to do; exit 1 if there is a problem. Changes nothing.",
    ),
    Entry(
        "coaches",
        _KEEPING,
        "twizzit_pipeline.cli.commands.coaches:app",
        "Which clubs a coach may see in the HTTP API.",
    ),
    Entry(
        "notifications",
        _KEEPING,
        "twizzit_pipeline.cli.commands.notifications:app",
        "Notifications of syncs that fail, are late, or work again.",
    ),
    Entry(
        "migrate",
        _KEEPING,
        "twizzit_pipeline.cli.commands.database:migrate",
        "Bring the database to the newest migration; nothing of ShotSpot's is dropped, renamed or retyped.",
    ),
    Entry(
        "detach",
        _KEEPING,
        "twizzit_pipeline.cli.commands.database:detach",
        "Take out of the way what hangs on ShotSpot's columns, before ShotSpot's own migrations; no row is lost.",
    ),
    Entry(
        "attach",
        _KEEPING,
        "twizzit_pipeline.cli.commands.database:attach",
        "Put back what `twizzit detach`, or a migration of ShotSpot's, took away.",
    ),
    Entry(
        "check-migrations",
        _KEEPING,
        "twizzit_pipeline.cli.commands.database:check_migrations",
        "Say whether the database is at the newest migration and whether the models match it; exit 1 if not.",
    ),
    Entry(
        "database",
        _KEEPING,
        "twizzit_pipeline.cli.commands.database:app",
        "The database into a file, and back into an empty one.",
    ),
    Entry(
        "prune",
        _KEEPING,
        "twizzit_pipeline.cli.commands.prune:prune",
        "Delete what is older than TWIZZIT_RETENTION_DAYS (a year); never the audit log. Dagster does it every night.",
    ),
    Entry(
        "audit",
        _KEEPING,
        "twizzit_pipeline.cli.commands.audit:audit_log",
        "Show who changed what, newest first; times are local (with --json, ISO 8601 with zone).",
    ),
    Entry(
        "dagster",
        _PARTS,
        "twizzit_pipeline.cli.commands.dagster:dagster",
        "Run a Dagster command on this project's instance: `twizzit dagster dev` is the UI with its daemon.",
        passes_on=True,
    ),
    Entry(
        "api",
        _PARTS,
        "twizzit_pipeline.cli.commands.api:api",
        "Serve the HTTP API under /api/twizzit until Ctrl-C.",
    ),
    Entry(
        "token",
        _PARTS,
        "twizzit_pipeline.cli.commands.api:token",
        "Print a token for the HTTP API, signed with JWT_SECRET or with the embedded mode's own secret.",
    ),
    Entry(
        "link",
        _PARTS,
        "twizzit_pipeline.cli.commands.link:link",
        "Print a link that signs a person in to the pages of one club, once.",
    ),
    Entry(
        "worker",
        _PARTS,
        "twizzit_pipeline.cli.commands.worker:worker",
        "Carry out runs that TWIZZIT_RUN_LAUNCHER=celery put into the queue, until Ctrl-C.",
    ),
    Entry(
        "simulate",
        _PARTS,
        "twizzit_pipeline.cli.commands.simulate:simulate",
        "Run a Twizzit of its own until Ctrl-C: both dialects, faults and changes on demand.",
    ),
)
