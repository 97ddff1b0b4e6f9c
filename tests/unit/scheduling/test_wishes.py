"""Which waiting request brings what another one asks for."""

import pytest

from twizzit_pipeline.scheduling.wishes import RequestOptions, RequestType, Wish

GROUP, OTHER_GROUP = RequestOptions(group_id="77"), RequestOptions(group_id="78")
WITH_PLAYERS = RequestOptions(include_players=True)
NOTHING_NEW = RequestOptions(create_missing=False)
PREVIEW, APPLIED = RequestOptions(preview=True), RequestOptions(plan_id=7)


def wish(sync_type: RequestType, options: RequestOptions = RequestOptions(), season: str | None = None) -> Wish:  # noqa: B008
    return Wish(sync_type, season, options)


@pytest.mark.parametrize(
    ("waiting", "asked"),
    [
        (wish("teams"), wish("teams")),
        (wish("teams", WITH_PLAYERS), wish("teams")),
        (wish("teams", WITH_PLAYERS), wish("players")),
        (wish("all"), wish("teams", WITH_PLAYERS)),
        (wish("all"), wish("competitions")),
        (wish("all"), wish("players", GROUP)),
        (wish("teams"), wish("teams", GROUP)),
        (wish("teams", GROUP), wish("teams", GROUP)),
        (wish("players"), wish("players", NOTHING_NEW)),
        (wish("players", NOTHING_NEW), wish("players", NOTHING_NEW)),
        (wish("teams", season="2025-2026"), wish("teams", season="2025-2026")),
        (wish("all", PREVIEW), wish("all", PREVIEW)),
    ],
)
def test_one_that_brings_at_least_as_much_covers(waiting: Wish, asked: Wish) -> None:
    assert waiting.covers(asked)


@pytest.mark.parametrize(
    ("waiting", "asked"),
    [
        (wish("teams"), wish("players")),
        (wish("players"), wish("teams")),
        (wish("teams"), wish("teams", WITH_PLAYERS)),
        (wish("competitions"), wish("all")),
        (wish("teams", GROUP), wish("teams")),
        (wish("teams", GROUP), wish("teams", OTHER_GROUP)),
        (wish("all", GROUP), wish("competitions")),
        (wish("players", NOTHING_NEW), wish("players")),
        (wish("teams", season="2025-2026"), wish("teams", season="2026-2027")),
        (wish("teams", season="2025-2026"), wish("teams")),
        (wish("teams"), wish("teams", season="2025-2026")),
        (wish("all"), wish("all", PREVIEW)),
        (wish("all", PREVIEW), wish("all")),
        (wish("all"), wish("all", APPLIED)),
        (wish("all", APPLIED), wish("all")),
    ],
)
def test_one_that_brings_less_or_another_season_covers_nothing(waiting: Wish, asked: Wish) -> None:
    assert not waiting.covers(asked)


def test_the_running_season_is_the_same_with_its_label_and_without() -> None:
    unnamed, named = wish("teams"), wish("teams", season="2026-2027")
    assert unnamed.covers(named, "2026-2027")
    assert named.covers(unnamed, "2026-2027")
    assert not unnamed.covers(wish("teams", season="2025-2026"), "2026-2027")


@pytest.mark.parametrize(
    ("wanted", "entities"),
    [
        (wish("all"), {"teams", "players", "competitions"}),
        (wish("all", NOTHING_NEW), {"teams", "players"}),
        (wish("all", GROUP), {"teams", "players"}),
        (wish("all", RequestOptions(sync_types=("players",))), {"players"}),
        (wish("teams", WITH_PLAYERS), {"teams", "players"}),
        (wish("competitions", WITH_PLAYERS), {"competitions"}),
    ],
)
def test_what_a_request_brings(wanted: Wish, entities: set[str]) -> None:
    assert wanted.entities == entities
    assert wanted.options.narrows is (wanted.options in (NOTHING_NEW, GROUP))
