"""How often one person may ask for what costs calls to Twizzit.

Counted is who calls (`Caller.identity`), never the text of a token: one token can be spelled in many ways, and one
person has many tokens. All processes of the API count together.
"""

import hashlib
import math
from typing import Literal

from sqlalchemy import Engine

from twizzit_pipeline.http_api.access import Caller
from twizzit_pipeline.http_api.problems import Problem
from twizzit_pipeline.storage.rate_limits import Limit, spend

_SECONDS = {"minute": 60, "hour": 3600}


class RateLimit:
    """So many requests of one person in a minute or an hour.

    Args:
        what: what is asked for, in a word that no other limit has.
    """

    def __init__(self, engine: Engine, what: str, most: int, window: Literal["minute", "hour"] = "minute") -> None:
        self._engine = engine
        self._what = what
        self._limit = Limit(most, _SECONDS[window])

    def spend(self, caller: Caller, credential_id: int | None = None) -> None:
        """Counts one request, in the database.

        Args:
            credential_id: one that there is, where each is counted by itself.

        Raises:
            Problem: 429, with the seconds to wait.
            DatabaseUnavailable: the database does not answer.
        """
        who = hashlib.sha256(caller.identity.encode()).hexdigest()  # an identity may be longer than a key
        wait = spend(self._engine, f"api {self._what} {credential_id or ''} {who}", self._limit)
        if not wait:
            return
        seconds = math.ceil(wait)
        raise Problem(
            429,
            "Too many requests",
            f"Each of these may cost calls to Twizzit, which are scarce: try again in {seconds} s",
            headers={"Retry-After": str(seconds)},
        )
