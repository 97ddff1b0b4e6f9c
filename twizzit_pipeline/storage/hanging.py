"""What of ours hangs on ShotSpot's columns, taken out of the way of its migrations, and put back.

PostgreSQL retypes or drops no column that a view or a generated column reads. Ours are the views for monitoring, and
the copy of a team mapping's link where ShotSpot calls that by its other name. ShotSpot's migrations go on after an
error: one that is in their way leaves half of them behind. The triggers that record changes of credentials hang on no
column; they go along, so that nothing of a migration of ShotSpot's waits for the log, and the log says when that was.
"""

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.audit import Actor
from twizzit_pipeline.storage.engine import driver_errors
from twizzit_pipeline.storage.migrations.additive import (
    MADE_HERE,
    audits_credentials,
    empties_macs,
    keeps_registration,
    make_view,
)
from twizzit_pipeline.storage.migrations.triggers import (
    AUDIT_TRIGGERS,
    audit_credentials,
    empty_macs_that_no_longer_fit,
    keep_registration_in_step,
    register_mapped,
)
from twizzit_pipeline.storage.patience import Report, patiently
from twizzit_pipeline.storage.roles import act_as_owner
from twizzit_pipeline.storage.suited import require_suited
from twizzit_pipeline.storage.tables.views import views

_LINK, _OLD_LINK, _LINKED = "local_team_id", "local_club_id", "twizzit_team_mappings"
_OUR_VIEWS = text("""
    SELECT relname FROM pg_class
    WHERE relnamespace = quote_ident(current_schema())::regnamespace AND relkind = 'v' AND relname = ANY(:names)
      AND obj_description(oid, 'pg_class') = :made
    ORDER BY relname
""")
_OUR_TRIGGERS = text(
    "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass('twizzit_credentials') AND tgname = ANY(:names)"
    " ORDER BY tgname"
)
_IS_COPY = text(
    "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(:table) AND attname = :column"
    " AND attgenerated = 's' AND NOT attisdropped)"
)


def detach(engine: Engine, report: Report, *, actor: Actor | None = None) -> list[str]:
    """Drops what hangs on ShotSpot's columns; what was dropped, in words. No row is lost: all of it can be made anew.

    What reads it fails until it is back (`attach`): monitoring, and syncs where the link has its other name. Until then
    no change of a credential by SQL is in the audit log.

    Args:
        actor: whom the audit log names; here and in `attach`, no row is left where it is None.

    Raises:
        DatabaseUnavailable: other transactions keep the tables.
        DatabaseRefused: the user may not, or nothing can be written here.
    """

    def work(connection: Connection) -> list[str]:
        require_suited(connection)
        act_as_owner(connection)
        found = list(connection.scalars(_OUR_VIEWS, {"names": sorted(views.tables), "made": MADE_HERE}))
        if found:
            connection.execute(text(f"DROP VIEW {', '.join(found)}"))
        dropped = [f"view {name}" for name in found]
        if connection.scalar(_IS_COPY, {"table": _LINKED, "column": _LINK}):
            connection.execute(text(f"ALTER TABLE {_LINKED} DROP COLUMN {_LINK}"))
            dropped.append(f"column {_LINKED}.{_LINK}")
        for name in list(connection.scalars(_OUR_TRIGGERS, {"names": list(AUDIT_TRIGGERS)})):
            connection.execute(text(f"DROP TRIGGER {name} ON twizzit_credentials"))
            dropped.append(f"trigger {name}")
        audit.record_if_there(connection, actor, action="detach", target="database", details={"taken": dropped})
        return dropped

    with driver_errors():
        return patiently(engine, work, report)


def attach(engine: Engine, scripts: ScriptDirectory, report: Report, *, actor: Actor | None = None) -> list[str]:
    """Makes what is missing of it in a database at its newest migration; what was made, in words.

    ShotSpot's migrations may have dropped it, or renamed a column: a trigger of ours that is gone comes back too.

    Raises: as `detach`.
    """

    def work(connection: Connection) -> list[str]:
        present = set(inspect(connection).get_view_names())
        absent = {name: query for name, query in newest_views(scripts).items() if name not in present}
        columns = {column["name"] for column in inspect(connection).get_columns(_LINKED)}
        copied = _OLD_LINK in columns and _LINK not in columns
        macs, registered = empties_macs(connection), keeps_registration(connection)
        audited = audits_credentials(connection)
        if not absent and not copied and macs and registered and audited:
            return []
        require_suited(connection)
        act_as_owner(connection)
        if copied:
            copy_renamed_link(connection)
        for name, query in absent.items():
            make_view(connection, name, query)
        if not macs:
            empty_macs_that_no_longer_fit(connection)
        late = 0
        if not registered:
            keep_registration_in_step(connection)
            late = register_mapped(connection)
        if not audited:
            audit_credentials(connection)
        made = [
            *([f"column {_LINKED}.{_LINK}"] if copied else []),
            *(f"view {name}" for name in absent),
            *([] if macs else ["trigger twizzit_empty_mac"]),
            *([] if registered else ["triggers twizzit_register_players and the like"]),
            *([f"the registration of players that were mapped meanwhile ({late})"] if late else []),
            *([] if audited else [f"trigger {name}" for name in AUDIT_TRIGGERS]),
        ]
        audit.record_if_there(connection, actor, action="attach", target="database", details={"made": made})
        return made

    with driver_errors():
        return patiently(engine, work, report)


def newest_views(scripts: ScriptDirectory) -> dict[str, str]:
    """The newest query of each view, those that others read first."""
    found: dict[str, str] = {}
    for revision in reversed(list(scripts.walk_revisions())):
        for name, query in getattr(revision.module, "VIEWS", {}).items():
            found.pop(name, None)  # a query may read views that an older one of the same name did not
            found[name] = query
    return found


def copy_renamed_link(connection: Connection) -> None:
    """`local_team_id` as a copy of the link's other name, so that it reads the same everywhere."""
    connection.execute(
        text(f"ALTER TABLE {_LINKED} ADD COLUMN {_LINK} integer GENERATED ALWAYS AS ({_OLD_LINK}) STORED")
    )
