"""The host belongs to whose an id is: in the mappings and the opponents, and in what may be there only once.

Rows get the host of their credential's endpoint; that of one whose credential is gone is unknown. Tables that
these migrations made hold an id once for each host, dialect and organization from now on. Those of ShotSpot keep their
constraint on the id alone, and get a column for an id that it does not let them hold.

Only a federation's credential may name other clubs than its organization. Those that have mapped teams of such clubs
are marked as one, so that they go on as before, with a row in the audit log for an administrator to look at.

Revision ID: 0016
"""

import ipaddress
from urllib.parse import urlsplit

import idna
import sqlalchemy as sa
from alembic import op

from twizzit_pipeline.storage.migrations.additive import columns_of, ensure_table, made_here

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_DEFAULT_ENDPOINT = "https://api.twizzit.com/v1"
_MAPPINGS = {
    "twizzit_team_mappings": "twizzit_team_id",
    "twizzit_player_mappings": "twizzit_player_id",
    "twizzit_competition_mappings": "twizzit_competition_id",
    "twizzit_match_mappings": "twizzit_match_id",
}
_ONLY_OURS = "twizzit_match_mappings"
_OPPONENTS = "twizzit_opponents"

# Of rows with an organization alone: those of ShotSpot's own integration speak of none.
_USUAL = """
SELECT known.host
FROM unnest(CAST(:ids AS integer[]), CAST(:hosts AS text[])) AS known (credential_id, host)
JOIN {table} AS written ON written.credential_id = known.credential_id
WHERE written.twizzit_dialect IS NOT NULL
GROUP BY known.host ORDER BY count(*) DESC, known.host LIMIT 1
"""
_FILL = """
UPDATE {table} AS written
SET twizzit_host = CASE WHEN written.twizzit_dialect IS NOT NULL THEN known.host END
FROM {table} AS same
LEFT JOIN unnest(CAST(:ids AS integer[]), CAST(:hosts AS text[])) AS known (credential_id, host)
    ON known.credential_id = same.credential_id
WHERE written.id = same.id
  AND written.twizzit_host IS DISTINCT FROM CASE WHEN written.twizzit_dialect IS NOT NULL THEN known.host END
"""
_MARK = """
WITH naming AS (
    SELECT DISTINCT mapped.credential_id
    FROM twizzit_team_mappings AS mapped
    JOIN teams AS team ON team.id = mapped.local_team_id
    JOIN twizzit_credentials AS credential ON credential.id = mapped.credential_id
    WHERE mapped.last_values ->> 'club_name' IS NOT NULL
      AND lower(btrim(mapped.last_values ->> 'club_name'))
          IS DISTINCT FROM lower(btrim(mapped.twizzit_organization_name))
      AND team.club_id IS DISTINCT FROM credential.club_id
      AND NOT EXISTS (
          SELECT FROM twizzit_team_mappings AS unnamed JOIN teams AS home ON home.id = unnamed.local_team_id
          WHERE unnamed.credential_id = mapped.credential_id AND unnamed.last_values ->> 'club_name' IS NULL
            AND home.club_id = team.club_id
      )
), configured AS (
    INSERT INTO twizzit_sync_config (credential_id)
    SELECT credential_id FROM naming
    WHERE NOT EXISTS (SELECT FROM twizzit_sync_config AS there WHERE there.credential_id = naming.credential_id)
    RETURNING credential_id
), audited AS (
    INSERT INTO twizzit_audit_log (actor_kind, actor_id, action, target, target_id, details)
    SELECT 'trigger', session_user, 'change', 'config', credential_id::text,
           '{"from": {"is_federation": false}, "to": {"is_federation": true}, "by": "migration 0016"}'::jsonb
    FROM naming
)
SELECT array_agg(credential_id) FROM naming
"""
_CONSTRAINTS = sa.text(
    "SELECT k.conname FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]"
    " WHERE k.conrelid = to_regclass(:table) AND k.contype = 'u' AND array_length(k.conkey, 1) = 1"
    " AND a.attname = :column"
)


def upgrade() -> None:
    hosts = _hosts()
    for table, remote in _MAPPINGS.items():
        _add_hosts(table, hosts)
        if table != _ONLY_OURS:
            ensure_table(table, sa.Column("twizzit_remote_id", sa.String(100)))
            _index(table)
        if made_here(op.get_bind(), table):
            _unique_within_organizations(table, remote)
    _add_hosts(_OPPONENTS, hosts)
    federation = sa.Column("is_federation", sa.Boolean, server_default=sa.text("false"), nullable=False)
    if ensure_table("twizzit_sync_config", federation):
        _mark_federations()


def _mark_federations() -> None:
    marked = op.get_bind().scalar(sa.text(_MARK)) or []
    if marked:
        set_ = sa.text("UPDATE twizzit_sync_config SET is_federation = true WHERE credential_id = ANY (:ids)")
        op.get_bind().execute(set_, {"ids": list(marked)})


def _hosts() -> dict[int, str]:
    """Credential → the host of its endpoint, with the port that is not implied; without those that are no URL."""
    found = op.get_bind().execute(sa.text("SELECT id, api_endpoint FROM twizzit_credentials"))
    hosts = {credential_id: _host(endpoint or _DEFAULT_ENDPOINT) for credential_id, endpoint in found}
    return {credential_id: host for credential_id, host in hosts.items() if host}


def _host(endpoint: str) -> str | None:
    try:
        url = urlsplit(endpoint.strip())
        port = url.port
        name = _ascii(url.hostname or "")
    except ValueError:  # idna's own errors are of that kind too
        return None
    if not name:
        return None
    implied = port is None or port == {"http": 80, "https": 443}.get(url.scheme)
    return name if implied else f"{name}:{port}"


def _ascii(name: str) -> str:
    """A host as the client writes it: small letters, ``xn--``, no dot at its end, IPv6 in brackets."""
    if ":" in name:
        return f"[{ipaddress.IPv6Address(name)}]"
    name = name.lower().removesuffix(".")
    return name if name.isascii() else idna.encode(name).decode("ascii")


def _add_hosts(table: str, hosts: dict[int, str]) -> None:
    """Adds the column, filled. A table with it is left alone.

    Most rows have the same host, nearly always: that comes as a default, which PostgreSQL keeps beside the rows without
    writing them, and is taken back at once. So ShotSpot waits for the others' rows alone.
    """
    if "twizzit_host" in columns_of(table):
        return
    values = {"ids": list(hosts), "hosts": list(hosts.values())}
    usual = op.get_bind().scalar(sa.text(_USUAL.format(table=table)), values)
    ensure_table(table, sa.Column("twizzit_host", sa.String(300), server_default=usual))
    if usual is None:
        return
    op.alter_column(table, "twizzit_host", server_default=None)
    op.get_bind().execute(sa.text(_FILL.format(table=table)), values)


def _index(table: str) -> None:
    op.create_index(
        f"ix_{table}_twizzit_remote_id",
        table,
        ["twizzit_remote_id"],
        if_not_exists=True,
        postgresql_where=sa.text("twizzit_remote_id IS NOT NULL"),
    )


def _unique_within_organizations(table: str, remote: str) -> None:
    for name in op.get_bind().scalars(_CONSTRAINTS, {"table": table, "column": remote}).all():
        op.drop_constraint(op.f(name), table, type_="unique")
    host = [remote, "twizzit_host", "twizzit_dialect"]
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_identity_key")
    op.create_unique_constraint(op.f(f"{table}_identity_key"), table, [*host, "twizzit_organization_id"])
    op.create_index(
        f"{table}_named_identity_key",
        table,
        [*host, "twizzit_organization_name"],
        unique=True,
        if_not_exists=True,
        postgresql_where=sa.text("twizzit_organization_id IS NULL"),
    )
