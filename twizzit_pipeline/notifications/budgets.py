"""The month's calls of each credential against what it was allowed: who is near the end of them, or beyond."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Connection, and_, func, or_, select

from twizzit_pipeline.storage.tables import api_usage, credentials, sync_config

NEARLY = 0.8


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """What a credential used in a month of UTC.

    Attributes:
        month: its first day.
        limit: None where only Twizzit has it.
        paused_until: UTC, with zone; None where nothing keeps the automatic syncs back now.
    """

    credential_id: int
    organization: str
    month: date
    calls: int
    limit: int | None
    paused_until: datetime | None = None
    paused_because: str | None = None

    @property
    def is_spent(self) -> bool:
        return self.paused_until is not None or (self.limit is not None and self.calls >= self.limit)

    @property
    def is_nearly_spent(self) -> bool:
        return self.limit is not None and self.calls >= NEARLY * self.limit


def nearly_spent(connection: Connection, now: datetime) -> list[BudgetUse]:
    """Who used 80 % or more of this month's calls, or is paused; credentials that are switched off left out."""
    moment = now.astimezone(UTC).replace(tzinfo=None)
    month = moment.date().replace(day=1)
    config = sync_config.c
    calls = func.coalesce(api_usage.c.calls, 0)
    paused = config.paused_until > moment
    rows = connection.execute(
        select(
            config.credential_id,
            credentials.c.organization_name,
            calls.label("calls"),
            config.monthly_call_limit,
            config.paused_until,
            config.paused_because,
        )
        .join(credentials, credentials.c.id == config.credential_id)
        .outerjoin(api_usage, and_(api_usage.c.credential_id == config.credential_id, api_usage.c.month == month))
        .where(credentials.c.is_active.is_not(False), or_(paused, calls >= NEARLY * config.monthly_call_limit))
        .order_by(config.credential_id)
    )
    found = []
    for row in rows:
        until = row.paused_until if row.paused_until is not None and row.paused_until > moment else None
        found.append(
            BudgetUse(
                credential_id=row.credential_id,
                organization=row.organization_name,
                month=month,
                calls=row.calls,
                limit=row.monthly_call_limit,
                paused_until=until and until.replace(tzinfo=UTC),
                paused_because=row.paused_because if until else None,
            )
        )
    return found
