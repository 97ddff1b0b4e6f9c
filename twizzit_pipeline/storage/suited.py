"""What a database must be before anything is written into it. Reads alone, and changes nothing."""

from sqlalchemy import Connection, text

from twizzit_pipeline.errors import DatabaseRefused, TwizzitPipelineError, UnsupportedDatabase

_LOOK = text("""
    SELECT current_setting('server_encoding') AS encoding,
           current_setting('transaction_read_only') = 'on' AS read_only,
           pg_is_in_recovery() AS standby,
           to_regclass('clubs') IS NULL
               AND (to_regclass('teams') IS NOT NULL OR to_regclass('players') IS NOT NULL) AS without_clubs
""")


def unsuited(connection: Connection) -> TwizzitPipelineError | None:
    """Why nothing may be written into this database, as an error of one line that says what to do; None if it may."""
    found = connection.execute(_LOOK).one()
    if found.without_clubs:
        return UnsupportedDatabase(
            "This ShotSpot is from before it had clubs (there is a table teams, and none called clubs), which this "
            "version does not support; nothing was changed: update ShotSpot first"
        )
    if found.encoding != "UTF8":
        return UnsupportedDatabase(
            f"The database's encoding is {found.encoding}, which cannot hold every name; nothing was changed: "
            "move to a database with encoding UTF8 (twizzit database --help)"
        )
    if found.standby:
        return DatabaseRefused(
            "Nothing can be written here: the database is a standby; name the primary in TWIZZIT_DATABASE_URL"
        )
    if found.read_only:
        return DatabaseRefused(
            "Nothing can be written here: the database or its user is read-only; take default_transaction_read_only "
            "from them (ALTER DATABASE … RESET, ALTER ROLE … RESET), or name another in TWIZZIT_DATABASE_URL"
        )
    return None


def require_suited(connection: Connection) -> None:
    """
    Raises:
        UnsupportedDatabase: its encoding cannot hold every name, or it is ShotSpot's schema from before it had clubs.
        DatabaseRefused: nothing can be written: a standby, or read-only.
    """
    found = unsuited(connection)
    if found is not None:
        raise found
