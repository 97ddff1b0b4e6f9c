"""What the database's user may do, and the statement that gives what is missing. Reads alone, and changes nothing.

A migration adds columns to ShotSpot's tables, which their owner alone may do. It therefore works as that owner (SET
ROLE), if the user may: so everything that it makes belongs to ShotSpot's role, whose `pg_dump` must read it all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from twizzit_pipeline.errors import DatabaseRefused
from twizzit_pipeline.storage.migrations import VERSION_TABLE
from twizzit_pipeline.storage.tables import metadata
from twizzit_pipeline.storage.tables.views import views

_OWN_PREFIX = "twizzit_"
_NAMED = 3  # tables in a message; the statement names them all
_OWNERS = text("""
    SELECT DISTINCT pg_get_userbyid(relowner) AS owner, pg_has_role(relowner, 'USAGE') AS acts_as,
           pg_has_role(relowner, CASE WHEN current_setting('server_version_num')::int < 160000
                                      THEN 'MEMBER' ELSE 'SET' END) AS becomes
    FROM pg_class
    WHERE relnamespace = quote_ident(current_schema())::regnamespace
      AND relkind IN ('r', 'p', 'v') AND relname = ANY(:names)
    ORDER BY 1
""")
_ME = text("""
    SELECT quote_ident(current_user) AS name, quote_ident(current_schema()) AS schema,
           quote_ident(current_database()) AS database, current_user AS bare
""")
_LACKING = text("""
    SELECT privileges, string_agg(name, ', ' ORDER BY name) AS names, count(*) AS tables
    FROM (SELECT string_agg(privilege, ', ' ORDER BY privilege) AS privileges, quote_ident(name) AS name
          FROM unnest(CAST(:names AS text[]), CAST(:privileges AS text[])) AS wanted(name, privilege)
          WHERE to_regclass(quote_ident(name)) IS NOT NULL AND NOT has_table_privilege(quote_ident(name), privilege)
          GROUP BY name) AS of_tables
    GROUP BY privileges ORDER BY min(name)
""")
_SEQUENCES = text("""
    SELECT quote_ident(sequence.relname)
    FROM pg_class AS sequence JOIN pg_depend ON pg_depend.objid = sequence.oid AND deptype IN ('a', 'i')
    JOIN pg_class AS owning ON owning.oid = pg_depend.refobjid
    WHERE sequence.relnamespace = quote_ident(current_schema())::regnamespace AND owning.relname = ANY(:names)
      AND CASE sequence.relkind WHEN 'S' THEN NOT has_sequence_privilege(sequence.oid, 'USAGE') ELSE false END
    ORDER BY 1
""")
# Row-level security hides rows in silence, and lets a statement write none of them. What a policy for everyone says
# with USING (true) hides nothing; one that restricts, or says anything else, may.
_HIDDEN = text("""
    SELECT string_agg(quote_ident(c.relname), ', ' ORDER BY c.relname) AS names, count(*) AS tables
    FROM pg_class AS c
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')
      AND c.relname = ANY(:names) AND row_security_active(c.oid)
      AND (:by_any OR EXISTS (
          SELECT FROM unnest(ARRAY['r', 'a', 'w'] || CASE WHEN c.relname LIKE :own THEN ARRAY['d'] END) AS use(command)
          WHERE NOT EXISTS (
              SELECT FROM pg_policy AS p
              WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('*', command::"char")
                AND coalesce(pg_get_expr(p.polqual, p.polrelid), 'true') = 'true'
                AND coalesce(pg_get_expr(p.polwithcheck, p.polrelid), 'true') = 'true'
                AND EXISTS (SELECT FROM unnest(p.polroles) AS role WHERE role = 0 OR pg_has_role(role, 'USAGE')))
      ) OR EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND NOT p.polpermissive))
""")
_UNREADABLE = text("""
    SELECT quote_ident(n.nspname) AS schema, count(*) AS relations
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'S') AND n.nspname IN (current_schema(), :dagster)
      AND NOT (has_schema_privilege(:owner, n.oid, 'USAGE')
               AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege(:owner, c.oid, 'SELECT')
                                  ELSE has_table_privilege(:owner, c.oid, 'SELECT') END)
    GROUP BY 1 ORDER BY 1
""")


_DAGSTERS = text("""
    SELECT to_regnamespace(:schema) IS NOT NULL AS there,
           has_database_privilege(current_database(), 'CREATE') AS may_make,
           coalesce(has_schema_privilege(to_regnamespace(:schema), 'CREATE')
                    AND has_schema_privilege(to_regnamespace(:schema), 'USAGE'), false) AS may_use,
           (SELECT count(*) FROM pg_class
            WHERE relnamespace = to_regnamespace(:schema) AND relkind IN ('r', 'S')
              AND CASE relkind WHEN 'S' THEN NOT has_sequence_privilege(oid, 'USAGE')
                               ELSE NOT has_table_privilege(oid, 'INSERT') END) AS closed
""")


@dataclass(frozen=True, slots=True)
class Lack:
    """What the database's user may not do.

    Attributes:
        wrong: what it is, in a line.
        statement: the SQL that gives it, to be run as the tables' owner or a superuser.
    """

    wrong: str
    statement: str


def owner_to_act_as(connection: Connection) -> str | None:
    """The role that ShotSpot's tables belong to, where that is one, another than this user, and may be taken on."""
    owners = connection.execute(_OWNERS, {"names": _names()}).all()
    me = connection.execute(_ME).one()
    if len(owners) != 1 or owners[0].owner == me.bare or not owners[0].becomes:
        return None
    return str(owners[0].owner)


def act_as_owner(connection: Connection) -> None:
    """To the end of the transaction this user is the owner of ShotSpot's tables, where it may be."""
    owner = owner_to_act_as(connection)
    if owner is not None:
        connection.execute(text(f"SET LOCAL ROLE {_quoted(connection, owner)}"))


def lacking_to_migrate(connection: Connection) -> list[Lack]:
    """What the user lacks for migrations; empty where they may."""
    me = connection.execute(_ME).one()
    found = [
        Lack(
            f"The tables belong to {owner.owner}, and migrations add columns to them",
            f"GRANT {_quoted(connection, owner.owner)} TO {me.name}",
        )
        for owner in connection.execute(_OWNERS, {"names": _names()})
        if not owner.acts_as
    ]
    if found:
        return found
    if me.schema is None:
        no_schema = f"The search_path of {me.name} names no schema that is there and that they may use"
        return [Lack(no_schema, f"ALTER ROLE {me.name} IN DATABASE {me.database} SET search_path = public")]
    maker = owner_to_act_as(connection) or me.bare
    may_make = text("SELECT has_schema_privilege(:role, current_schema(), 'CREATE')")
    if not connection.scalar(may_make, {"role": maker}):
        found.append(
            Lack(
                f"{maker} may not make tables in the schema {me.schema}",
                f"GRANT CREATE ON SCHEMA {me.schema} TO {_quoted(connection, maker)}",
            )
        )
    return found


def lacking_to_sync(connection: Connection) -> list[Lack]:
    """What the user lacks for syncs, in a database that is migrated; empty where nothing is."""
    return list(_lacking_to_sync(connection))


def lacking_to_undo(connection: Connection) -> list[Lack]:
    """What the user lacks to take away rows that a sync made, in a migrated database; empty where nothing is."""
    names = [name for name in sorted(metadata.tables) if not name.startswith(_OWN_PREFIX)]
    return list(_lacking(connection, [(name, "DELETE") for name in names]))


def require_may_undo(connection: Connection) -> None:
    """
    Raises:
        DatabaseRefused: the user may not; the message has the statement that mends it.
    """
    for lack in lacking_to_undo(connection):
        raise DatabaseRefused(
            f"An undo takes away rows that a sync made, and the database's user lacks {lack.wrong}; "
            f"as the tables' owner or a superuser: {lack.statement}"
        )


def sight_to_undo(connection: Connection) -> list[Lack]:
    """Where row-level security keeps an undo from knowing what refers to a row; empty where it does not."""
    return list(_hidden(connection, by_any=True))


def require_sight(connection: Connection) -> None:
    """For what makes a plan of the rows that are there: one that it does not see would be made once more.

    Raises:
        DatabaseRefused: row-level security hides rows from the user; the message has the statement that mends it.
    """
    for lack in _hidden(connection):
        raise DatabaseRefused(
            f"Nothing was done, since the database's user lacks {lack.wrong}; as a superuser: {lack.statement}"
        )


def lacking_for_dagster(connection: Connection, schema: str) -> list[Lack]:
    """What the user lacks for Dagster's tables in the schema of that name; empty where nothing is."""
    me = connection.execute(_ME).one()
    found = connection.execute(_DAGSTERS, {"schema": schema}).one()
    if not found.there:
        to_make = Lack(
            "CREATE on the database, for Dagster's schema", f"GRANT CREATE ON DATABASE {me.database} TO {me.name}"
        )
        return [] if found.may_make else [to_make]
    lacks = []
    if not found.may_use:
        lacks.append(
            Lack(f"USAGE and CREATE on the schema {schema}", f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {me.name}")
        )
    if found.closed:
        lacks.append(
            Lack(
                f"rights on {found.closed} tables and sequences of Dagster's",
                f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {me.name}; "
                f"GRANT ALL ON ALL SEQUENCES IN SCHEMA {schema} TO {me.name}",
            )
        )
    return lacks


def is_migrated(connection: Connection) -> bool:
    """Whether migrations ever ran here, whether the user may read of it or not."""
    return bool(connection.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": VERSION_TABLE}))


def unreadable_to_owner(connection: Connection, dagster_schema: str) -> list[Lack]:
    """What the owner of ShotSpot's tables may not read, so that its `pg_dump` fails; empty where it may all."""
    me = connection.execute(_ME).one()
    owner = connection.scalar(text("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = to_regclass('clubs')"))
    if owner is None or owner == me.bare:
        return []
    role = _quoted(connection, owner)
    return [
        Lack(
            f"{owner} may not read {row.relations} tables and sequences of the schema {row.schema}: its pg_dump fails",
            f"GRANT USAGE ON SCHEMA {row.schema} TO {role}; "
            f"GRANT SELECT ON ALL TABLES IN SCHEMA {row.schema} TO {role}; "
            f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA {row.schema} TO {role}",
        )
        for row in connection.execute(_UNREADABLE, {"owner": owner, "dagster": dagster_schema})
    ]


def require_may_migrate(connection: Connection) -> None:
    """
    Raises:
        DatabaseRefused: the user may not; the message has the statement that mends it.
    """
    for lack in lacking_to_migrate(connection):
        raise DatabaseRefused(f"{lack.wrong}; as its owner or a superuser: {lack.statement}")


def _lacking(connection: Connection, needed: Sequence[tuple[str, str]]) -> Iterator[Lack]:
    """`needed`: tables and privileges."""
    me = connection.execute(_ME).one()
    wanted = {"names": [name for name, _ in needed], "privileges": [privilege for _, privilege in needed]}
    for row in connection.execute(_LACKING, wanted):
        some = row.names if row.tables <= _NAMED else f"{row.tables} tables"
        yield Lack(f"{row.privileges} on {some}", f"GRANT {row.privileges} ON {row.names} TO {me.name}")


def _lacking_to_sync(connection: Connection) -> Iterator[Lack]:
    me = connection.execute(_ME).one()
    needed = [(name, privilege) for name in sorted(metadata.tables) for privilege in _needed(name)]
    needed += [(name, "SELECT") for name in (VERSION_TABLE, *views.tables)]
    yield from _lacking(connection, needed)
    sequences = connection.scalars(_SEQUENCES, {"names": sorted(metadata.tables)}).all()
    if sequences:
        some = sequences[0] if len(sequences) == 1 else f"{len(sequences)} sequences"
        yield Lack(f"USAGE on {some}", f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {me.schema} TO {me.name}")
    if not connection.scalar(text("SELECT has_database_privilege(current_database(), 'TEMPORARY')")):
        yield Lack(
            "TEMPORARY on the database, for the rows of a plan",
            f"GRANT TEMPORARY ON DATABASE {me.database} TO {me.name}",
        )
    yield from _hidden(connection)


def _hidden(connection: Connection, *, by_any: bool = False) -> Iterator[Lack]:
    """Tables whose rows are hidden; with `by_any` each with row-level security, also where its policies hide none."""
    me = connection.execute(_ME).one()
    wanted = {"names": sorted(metadata.tables), "own": f"{_OWN_PREFIX}%", "by_any": by_any}
    row = connection.execute(_HIDDEN, wanted).one()
    if row.tables:
        some = row.names if row.tables <= _NAMED else f"{row.tables} tables"
        yield Lack(f"the sight of every row of {some} (row-level security)", f"ALTER ROLE {me.name} BYPASSRLS")


def _needed(table: str) -> tuple[str, ...]:
    """Nothing of ShotSpot's is ever deleted by a sync; an undo takes away what a sync made (`lacking_to_undo`)."""
    return ("SELECT", "INSERT", "UPDATE", *(("DELETE",) if table.startswith(_OWN_PREFIX) else ()))


def _names() -> list[str]:
    return sorted([*metadata.tables, *views.tables])


def _quoted(connection: Connection, role: str) -> str:
    return str(connection.scalar(text("SELECT quote_ident(:role)"), {"role": role}))
