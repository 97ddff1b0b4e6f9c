"""The vault: a MAC beside each password, and the log of who changed what.

ShotSpot does not read the MAC. When it stores a password anew the old MAC no longer fits, and the pipeline would take
the row for a damaged one: so a trigger empties it, and leaves a row in the log.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from twizzit_pipeline.storage.migrations.additive import ensure_table

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ensure_table("twizzit_credentials", sa.Column("encryption_mac", sa.Text))
    ensure_table(
        "twizzit_audit_log",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor_kind", sa.String(10), nullable=False),
        sa.Column("actor_id", sa.Text, nullable=False),
        sa.Column("actor_role", sa.Text),
        sa.Column("action", sa.String(50), nullable=False),
        sa.Column("target", sa.String(50), nullable=False),
        sa.Column("target_id", sa.Text),
        sa.Column("details", postgresql.JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.CheckConstraint("actor_kind IN ('token', 'os', 'trigger')", name=op.f("twizzit_audit_log_actor_kind_check")),
    )
    _empty_macs_that_no_longer_fit()


def _empty_macs_that_no_longer_fit() -> None:
    """ShotSpot's database user may lack a right on the log, and its updates must go on working: SECURITY DEFINER.

    Such a function must not find another's table of that name first, so its search path is pinned to this schema.
    """
    schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
    op.execute(
        f"""
        CREATE FUNCTION twizzit_empty_mac() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
        BEGIN
            NEW.encryption_mac := NULL;
            INSERT INTO twizzit_audit_log (actor_kind, actor_id, action, target, target_id, details)
            VALUES ('trigger', session_user, 'password_changed_elsewhere', 'credential', NEW.id::text,
                    jsonb_build_object('application', current_setting('application_name'),
                                       'mac_emptied', OLD.encryption_mac IS NOT NULL));
            RETURN NEW;
        END $$;
        CREATE TRIGGER twizzit_empty_mac BEFORE UPDATE ON twizzit_credentials FOR EACH ROW
            WHEN ((OLD.encrypted_password, OLD.encryption_iv)
                      IS DISTINCT FROM (NEW.encrypted_password, NEW.encryption_iv)
                  AND NEW.encryption_mac IS NOT DISTINCT FROM OLD.encryption_mac)
            EXECUTE FUNCTION twizzit_empty_mac();
        """  # noqa: S608  (a name that the database quoted itself)
    )
