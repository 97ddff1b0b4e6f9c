"""What the tables share: the metadata with its naming of constraints, and makers of columns that recur."""

from sqlalchemy import Column, DateTime, ForeignKey, Integer, MetaData, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

# Of a column that ShotSpot's own table may lack without harm.
NOT_NEEDED = {"not_needed": True}
NOW = text("now()")
UTC_NOW = text("timezone('utc', now())")
TRUE = text("true")
FALSE = text("false")
ZERO = text("0")


def identifier() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


def moment(name: str, *, nullable: bool = True, default: bool = False) -> Column[object]:
    """A time with zone."""
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=NOW if default else None)


def utc(name: str, *, nullable: bool = True, default: bool = False) -> Column[object]:
    """A time without zone, in UTC, as ShotSpot's six tables have them."""
    return Column(name, DateTime(timezone=False), nullable=nullable, server_default=UTC_NOW if default else None)


def credential(*, ondelete: str, nullable: bool) -> Column[int]:
    return Column("credential_id", ForeignKey("twizzit_credentials.id", ondelete=ondelete), nullable=nullable)
