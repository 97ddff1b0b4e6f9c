"""How hypothesis works here: as long as it takes. A machine with other work to do is no fault of what is tested.

`make test` tries every example (`patient`), `make unit` a fifth of them (`--hypothesis-profile=quick`).
"""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support import package_sources
from tests.support.examples import USUAL

settings.register_profile("patient", deadline=None, max_examples=USUAL)
settings.register_profile("quick", deadline=None, max_examples=USUAL // 5)
settings.load_profile("patient")


@pytest.fixture(autouse=True, scope="session")
def _sources_are_let_go() -> Iterator[None]:
    """Half a million nodes would be looked through for garbage at the end, which takes a second and a half."""
    yield
    package_sources.nodes.cache_clear()
    package_sources.tree.cache_clear()
