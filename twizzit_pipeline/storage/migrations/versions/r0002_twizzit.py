"""ShotSpot's six `twizzit_*` tables, with the columns that the pipeline adds to them.

The unique constraint on a credential's `organization_name` is not made (two clubs may share a name in two dialects);
where ShotSpot made it, it stays. Newer ShotSpot databases call the link of a team mapping `local_club_id`: there
`local_team_id` becomes a generated copy, so that it reads the same everywhere.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from twizzit_pipeline.storage.migrations.additive import columns_of, ensure_index, ensure_table, keeps_registration

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _credentials()
    _copy_renamed_link()
    _mappings()
    _history()
    if not keeps_registration(op.get_bind()):
        _keep_registration_in_step()


def _identifier() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _utc(name: str, *, default: bool = False, nullable: bool = True) -> sa.Column[object]:
    stamp = sa.text("timezone('utc', now())") if default else None
    return sa.Column(name, sa.DateTime, server_default=stamp, nullable=nullable)


def _credentials() -> None:
    ensure_table(
        "twizzit_credentials",
        _identifier(),
        sa.Column("organization_name", sa.String(255), nullable=False),
        sa.Column("api_username", sa.String(255), nullable=False),
        sa.Column("encrypted_password", sa.Text, nullable=False),
        sa.Column("encryption_iv", sa.Text, nullable=False),
        sa.Column("api_endpoint", sa.String(500), server_default=sa.text("'https://api.twizzit.com/v1'")),
        sa.Column("is_active", sa.Boolean, server_default=sa.true()),
        _utc("last_verified_at"),
        _utc("created_at", default=True),
        _utc("updated_at", default=True),
        sa.Column("partition_key", sa.String(100), unique=True),
        sa.Column("twizzit_organization_id", sa.String(100)),
        sa.Column("twizzit_organization_name", sa.String(255)),
    )
    credential = sa.ForeignKey("twizzit_credentials.id", ondelete="CASCADE")
    ensure_table(
        "twizzit_sync_config",
        _identifier(),
        sa.Column("credential_id", sa.Integer, credential, nullable=False, unique=True),
        sa.Column("sync_teams", sa.Boolean, server_default=sa.true()),
        sa.Column("sync_players", sa.Boolean, server_default=sa.true()),
        sa.Column("sync_competitions", sa.Boolean, server_default=sa.true()),
        sa.Column("sync_interval_minutes", sa.Integer, server_default=sa.text("60")),
        sa.Column("auto_sync_enabled", sa.Boolean, server_default=sa.false()),
        _utc("last_sync_at"),
        _utc("next_sync_at"),
        _utc("created_at", default=True),
        _utc("updated_at", default=True),
    )


def _copy_renamed_link() -> None:
    columns = columns_of("twizzit_team_mappings")
    if "local_club_id" in columns and "local_team_id" not in columns:
        op.execute(
            "ALTER TABLE twizzit_team_mappings"
            " ADD COLUMN local_team_id integer GENERATED ALWAYS AS (local_club_id) STORED"
        )


def _mapping(name: str, *own: sa.Column[object]) -> None:
    ensure_table(
        name,
        _identifier(),
        *own,
        _utc("last_synced_at"),
        sa.Column("sync_status", sa.String(50), server_default=sa.text("'pending'")),
        sa.Column("sync_error", sa.Text),
        _utc("created_at", default=True),
        _utc("updated_at", default=True),
        sa.Column("credential_id", sa.Integer, sa.ForeignKey("twizzit_credentials.id", ondelete="SET NULL")),
        sa.Column("twizzit_dialect", sa.String(10)),
        sa.Column("twizzit_organization_id", sa.String(100)),
        sa.Column("twizzit_organization_name", sa.String(255)),
        sa.Column("last_values", postgresql.JSONB),
    )


def _link(name: str, target: str) -> sa.Column[object]:
    return sa.Column(name, sa.Integer, sa.ForeignKey(target, ondelete="CASCADE"), nullable=False, unique=True)


def _mappings() -> None:
    _mapping(
        "twizzit_team_mappings",
        _link("local_team_id", "teams.id"),
        sa.Column("twizzit_team_id", sa.String(100), nullable=False, unique=True),
        sa.Column("twizzit_team_name", sa.String(255)),
    )
    _mapping(
        "twizzit_player_mappings",
        _link("local_player_id", "players.id"),
        sa.Column("twizzit_player_id", sa.String(100), nullable=False, unique=True),
        sa.Column("twizzit_player_name", sa.String(255)),
        sa.Column("team_mapping_id", sa.Integer, sa.ForeignKey("twizzit_team_mappings.id", ondelete="CASCADE")),
    )
    _mapping(
        "twizzit_competition_mappings",
        _link("local_competition_id", "competitions.id"),
        sa.Column("twizzit_competition_id", sa.String(100), nullable=False, unique=True),
        sa.Column("twizzit_competition_name", sa.String(255)),
        sa.Column("season", sa.String(50)),
    )


def _history() -> None:
    ensure_table(
        "twizzit_sync_history",
        _identifier(),
        sa.Column("credential_id", sa.Integer, sa.ForeignKey("twizzit_credentials.id", ondelete="CASCADE")),
        sa.Column("sync_type", sa.String(50), nullable=False),
        sa.Column("sync_direction", sa.String(20), nullable=False),
        sa.Column("status", sa.String(50), nullable=False),
        sa.Column("items_processed", sa.Integer, server_default=sa.text("0")),
        sa.Column("items_succeeded", sa.Integer, server_default=sa.text("0")),
        sa.Column("items_failed", sa.Integer, server_default=sa.text("0")),
        sa.Column("error_message", sa.Text),
        _utc("started_at", nullable=False),
        _utc("completed_at"),
        _utc("created_at", default=True),
        sa.Column("dagster_run_id", sa.String(64)),
        sa.Column("details", postgresql.JSONB),
    )
    ensure_index(
        "ix_twizzit_sync_history_credential_started",
        "twizzit_sync_history",
        ["credential_id", sa.text("started_at DESC")],
    )
    ensure_index("ix_twizzit_sync_history_dagster_run_id", "twizzit_sync_history", ["dagster_run_id"])


def _keep_registration_in_step() -> None:
    """A player is registered as long as a mapping says so: ShotSpot lets no other player play an official match."""
    op.execute(
        """
        CREATE FUNCTION twizzit_register_players() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE players SET is_twizzit_registered = true, twizzit_verified_at = timezone('utc', now())
            WHERE id IN (SELECT local_player_id FROM mapped);
            RETURN NULL;
        END $$;
        CREATE FUNCTION twizzit_unregister_players() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE players SET is_twizzit_registered = false, twizzit_verified_at = NULL
            WHERE id IN (SELECT local_player_id FROM unmapped)
              AND NOT EXISTS (SELECT FROM twizzit_player_mappings AS kept WHERE kept.local_player_id = players.id);
            RETURN NULL;
        END $$;
        CREATE FUNCTION twizzit_move_registration() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE players SET is_twizzit_registered = false, twizzit_verified_at = NULL
            WHERE id = OLD.local_player_id
              AND NOT EXISTS (SELECT FROM twizzit_player_mappings AS kept WHERE kept.local_player_id = players.id);
            UPDATE players SET is_twizzit_registered = true, twizzit_verified_at = timezone('utc', now())
            WHERE id = NEW.local_player_id;
            RETURN NULL;
        END $$;
        CREATE TRIGGER twizzit_register_players AFTER INSERT ON twizzit_player_mappings
            REFERENCING NEW TABLE AS mapped FOR EACH STATEMENT EXECUTE FUNCTION twizzit_register_players();
        CREATE TRIGGER twizzit_unregister_players AFTER DELETE ON twizzit_player_mappings
            REFERENCING OLD TABLE AS unmapped FOR EACH STATEMENT EXECUTE FUNCTION twizzit_unregister_players();
        CREATE TRIGGER twizzit_move_registration AFTER UPDATE OF local_player_id ON twizzit_player_mappings
            FOR EACH ROW WHEN (OLD.local_player_id IS DISTINCT FROM NEW.local_player_id)
            EXECUTE FUNCTION twizzit_move_registration();
        """
    )
