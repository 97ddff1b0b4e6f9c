"""A small club that is synced once for a module, for the tests of registrations."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.registered_world import SMALL


@pytest.fixture(scope="module")
def club_options() -> Mapping[str, Any]:
    return SMALL
