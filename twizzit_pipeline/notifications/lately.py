"""What a channel was sent lately, and whether syncs go on: what the choice of the next message depends on."""

from datetime import datetime

from sqlalchemy import Connection, Select, exists, func, or_, select

from twizzit_pipeline.notifications import choice
from twizzit_pipeline.notifications.choice import Sent
from twizzit_pipeline.storage.tables import credentials, leases, notifications, sync_config, sync_requests

BOOKMARK = "bookmark"  # the kind and the key of a channel's own row, which is no notification

_table = notifications.c


def sent_lately(connection: Connection, channel: str, now: datetime) -> Sent:
    """The messages of the last hour: what was delivered in one has one moment."""
    messages = (
        select(
            _table.delivered_at,
            func.bool_or(_table.kind.in_(choice.URGENT)).label("urgent"),
            func.bool_and(_table.kind.in_(choice.DIGEST)).label("digest"),
        )
        .where(
            _table.channel == channel,
            _table.kind != BOOKMARK,
            _table.delivered_at > now - choice.DIGEST_EVERY,
            _table.delivered_at <= now,  # what lies ahead was sent before the clock was put back
        )
        .group_by(_table.delivered_at)
    )
    rows = connection.execute(messages).all()
    lately = [row for row in rows if row.delivered_at > now - choice.IN_TIME and not row.digest]
    return Sent(
        urgent=sum(row.urgent for row in lately),
        all=len(lately),
        last_digest=max((row.delivered_at for row in rows if row.digest), default=None),
        syncing=bool(connection.scalar(_syncing())),
    )


def _syncing() -> Select[tuple[bool]]:
    """Whether a sync is under way, was asked for, or is due."""
    config = sync_config.c
    utc_now = func.timezone("utc", func.clock_timestamp())
    due = (
        exists()
        .where(
            credentials.c.id == config.credential_id,
            credentials.c.is_active.is_not(False),
            config.auto_sync_enabled,
            func.coalesce(config.next_sync_at, utc_now) <= utc_now,
            func.coalesce(config.paused_until, utc_now) <= utc_now,
        )
        .correlate(None)
    )
    asked = exists().where(sync_requests.c.completed_at.is_(None)).correlate(None)
    return select(or_(exists(select(leases.c.organization)).correlate(None), asked, due))
