"""What the process of a run needs, loaded once in the process that runs are forked from (`instance.code_server`).

Nothing here opens a connection or starts a thread: neither would outlive a fork.
"""

import gc
import pkgutil

import pandas as pd
import pandera.pandas as pa
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import modes
from cryptography.hazmat.primitives.kdf import hkdf
from sqlalchemy.dialects.postgresql import psycopg2

from twizzit_pipeline.definitions import defs
from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.orchestration.instance import code_server, kept_storage
from twizzit_pipeline.sync.entities import planned
from twizzit_pipeline.twizzit.dialects import DIALECTS

LOADED = (code_server, kept_storage, padding, modes, hkdf)

# What the steps do is looked up when they begin.
for entity in ENTITIES:
    planned(entity)

# By name, as a client has them: which one a credential speaks is known when its run has begun.
for dialect in DIALECTS.values():
    pkgutil.resolve_name(dialect.answered_by)

# What pandera checks a frame with it loads with the first one.
pa.DataFrameSchema().validate(pd.DataFrame())

# Jobs are resolved when they are asked for, which takes as long as a third of a small sync.
defs.get_repository_def().get_all_jobs()

# The driver that Dagster's storage loads with its first connection.
psycopg2.dialect.import_dbapi()  # type: ignore[no-untyped-call]

gc.freeze()  # or a child's first look for garbage copies every page
