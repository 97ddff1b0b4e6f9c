"""What waits for a person or was decided by one: plans, departures, conflicts and doubtful links.

Their rows hold names: a plan's go after seven days, a conflict's long after it is over (`runs.retention`), all with
their credential. Times carry their zone.
"""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Identity, Index, Integer, String, Table, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from twizzit_pipeline.storage.tables.columns import ZERO, credential, metadata, moment

# What a sync would do, as it was planned at one moment; nothing of it is written until it is applied.
plans = Table(
    "twizzit_plans",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    credential(ondelete="CASCADE", nullable=False),
    Column("season", String(50), nullable=False),
    Column("reason", String(20), nullable=False),  # asked: by a person; review, first_sync: instead of a sync
    Column(
        "status",
        String(20),
        nullable=False,
        server_default=text("'waiting'"),
        doc="waiting, applied, replaced, discarded or expired",
    ),
    Column("calls", Integer, nullable=False, server_default=ZERO),
    Column("counts", JSONB, nullable=False),  # without names
    Column("document", JSONB),  # with names; emptied when the plan expires
    Column("requested_by", String(255)),
    moment("made_at", nullable=False, default=True),
    moment("expires_at", nullable=False),
    moment("decided_at"),
    Column("decided_by", String(255)),
    Column("made_run_id", String(64)),  # of the preview or the sync that made it
    Column("digest", String(64), nullable=False, server_default=text("''")),  # of what it would write: the same is one
    Column("dagster_run_id", String(64)),  # of the sync that applied it
    CheckConstraint("reason IN ('asked', 'review', 'first_sync')", name="reason"),
    CheckConstraint("status IN ('waiting', 'applied', 'replaced', 'discarded', 'expired')", name="status"),
)
Index("ix_twizzit_plans_credential_id", plans.c.credential_id)

# Who or what Twizzit does not list any more: one open row for each remote id.
departures = Table(
    "twizzit_departures",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    credential(ondelete="CASCADE", nullable=False),
    Column("entity", String(50), nullable=False),
    Column("twizzit_id", String(100), nullable=False),
    Column("local_id", Integer, nullable=False),
    Column("season", String(50), nullable=False),
    Column("kind", String(20), nullable=False),  # no_team: still a contact; gone: not listed at all; unproved: v1
    Column("status", String(20), nullable=False),
    Column("before", JSONB),  # the columns of ShotSpot's row that the departure changed
    Column("base", JSONB),  # the mapping's last_values before it
    Column("mapping", JSONB),  # the mapping's row, once it is closed
    moment("missed_at", nullable=False, default=True),  # when a complete scan missed it first
    moment("proved_at"),  # when Twizzit, asked for that very id, did not have it
    moment("applied_at"),
    moment("closed_at"),  # when the mapping was closed
    moment("returned_at"),
    moment("decided_at"),
    Column("decided_by", String(255)),
    CheckConstraint("kind IN ('no_team', 'gone', 'unproved')", name="kind"),
    CheckConstraint(
        "status IN ('waiting', 'held', 'approved', 'refused', 'applied', 'closed', 'returned')", name="status"
    ),
)
Index(
    "twizzit_departures_open_key",
    departures.c.credential_id,
    departures.c.entity,
    departures.c.twizzit_id,
    unique=True,
    postgresql_where=departures.c.returned_at.is_(None),
)

# What two sides say differently, and links that are not clear: until a person, or the other side, settles it.
conflicts = Table(
    "twizzit_conflicts",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    credential(ondelete="CASCADE", nullable=False),
    Column("entity", String(50), nullable=False),
    Column("twizzit_id", String(100), nullable=False),  # of an opponent: the key of its name
    Column("kind", String(20), nullable=False),  # field, doubtful_link, or opponent
    # Of a field; of an opponent: club_id or team_id.
    Column("column_name", String(63), nullable=False, server_default=text("''")),
    Column("local_id", Integer),
    Column("base", JSONB),  # of a field: what Twizzit said before
    Column("local", JSONB),  # what ShotSpot has
    Column("remote", JSONB),  # what Twizzit says; of an opponent: its name, and a match
    Column("candidates", ARRAY(Integer)),  # of a doubtful link and an opponent: the local rows that fit
    Column("status", String(20), nullable=False, server_default=text("'open'")),
    Column("resolution", String(20)),  # twizzit, shotspot, value, link, create; settled: why
    Column("value", JSONB),  # of the resolution: the value, or the local id that was linked (or made)
    moment("found_at", nullable=False, default=True),
    moment("resolved_at"),
    Column("resolved_by", String(255)),
    Column("history_id", ForeignKey("twizzit_sync_history.id", ondelete="SET NULL")),  # of the sync that found it
    CheckConstraint("kind IN ('field', 'doubtful_link', 'opponent')", name="kind"),
    CheckConstraint("status IN ('open', 'resolved', 'settled')", name="status"),  # settled: it is none any more
)
Index(
    "twizzit_conflicts_open_key",
    conflicts.c.credential_id,
    conflicts.c.entity,
    conflicts.c.twizzit_id,
    conflicts.c.column_name,
    unique=True,
    postgresql_where=text("status = 'open'"),
)
Index("ix_twizzit_conflicts_credential_id", conflicts.c.credential_id, conflicts.c.entity)

__all__ = ["conflicts", "departures", "plans"]
