"""What Dagster calls each credential: the key of its partitions, stored with it so that it stays.

What belongs here: making the keys that are missing. How one is made is in `rows`.
"""

from sqlalchemy import Engine, select, update

from twizzit_pipeline.credentials.rows import new_partition_key
from twizzit_pipeline.storage.tables import credentials


def ensure_partition_keys(engine: Engine) -> int:
    """Make the keys that rows put in by ShotSpot lack; how many were made. A key once made is never changed."""
    lacking = select(credentials.c.id, credentials.c.organization_name).where(credentials.c.partition_key.is_(None))
    with engine.connect() as connection:
        rows = connection.execute(lacking).all()
    if not rows:
        return 0
    made = 0
    with engine.begin() as connection:
        for credential_id, name in rows:
            made += connection.execute(
                update(credentials)
                .where(credentials.c.id == credential_id, credentials.c.partition_key.is_(None))
                .values(partition_key=new_partition_key(credential_id, name))
            ).rowcount
    return made
