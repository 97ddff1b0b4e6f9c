"""The command for a link to the pages, as `up` prints it: it finds the API where `up` has it."""

from typing import Any

import pytest

from twizzit_pipeline.local.announcement import asking_for_a_link
from twizzit_pipeline.settings import Settings


@pytest.mark.parametrize(
    ("settings", "base", "command"),
    [
        ({}, "http://127.0.0.1:8000", "twizzit link 3 --role admin"),
        ({}, "http://127.0.0.1:40861", "TWIZZIT_PAGES_URL=http://127.0.0.1:40861 twizzit link 3 --role admin"),
        ({"api_port": 40861}, "http://127.0.0.1:40861", "twizzit link 3 --role admin"),
        ({"pages_url": "https://club.example/"}, "http://127.0.0.1:40861", "twizzit link 3 --role admin"),
    ],
)
def test_another_address_than_the_settings_have_is_in_the_command(
    settings: dict[str, Any], base: str, command: str
) -> None:
    assert asking_for_a_link(Settings(**settings), base, "3") == command
