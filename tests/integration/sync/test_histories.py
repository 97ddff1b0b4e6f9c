"""Whole histories of a club, drawn: what Twizzit decides is its truth after every sync, and the rest is ShotSpot's.

Remote changes, edits in ShotSpot, every policy and decision, spoiled answers, grace that passes, backfills, previews,
undos and their undos, in any order. To try other histories than these, as many as you like:
`TEST_SEED=7 TEST_HISTORIES=500 .venv/bin/pytest tests/integration/sync/test_histories.py`.
"""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as drawing

from tests.support.club_deeds import HISTORIES, Beginnings, live
from tests.support.memory_account import MemoryAccount, answered_from
from tests.support.sync_world import quick
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database

HISTORIES_OF_A_SEED = int(os.environ.get("TEST_HISTORIES", "50"))
SEEDS = [int(os.environ["TEST_SEED"])] if "TEST_SEED" in os.environ else list(range(1, 11))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", SEEDS, ids="seed {}".format)
def test_whole_histories_end_with_the_truth(
    number: int, settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = MemoryAccount()
    answered_from(account, monkeypatch)

    @seed(number)
    @drawing(
        max_examples=HISTORIES_OF_A_SEED,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(HISTORIES)
    def check(history: list[Any]) -> None:
        live(beginnings.club(), history)

    with Beginnings(quick(settings), database, account) as beginnings:
        check()
