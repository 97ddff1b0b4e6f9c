"""What the page of a plan says of the questions that its sync would ask."""

from typing import Any

from twizzit_pipeline.http_api.pages.previews import Asked, _part
from twizzit_pipeline.http_api.pages.texts import texts_of

FIELD = {
    "kind": "field",
    "twizzit_id": "7",
    "local_id": 3,
    "name": "Ann Peeters",
    "column": "team_id",
    "old": {"id": 1, "name": "U15"},
    "shotspot": {"id": 2, "name": "U17"},
    "twizzit": {"id": None, "name": "U19"},
    "candidates": [],
    "why": "both",
}
DOUBT = {**FIELD, "kind": "doubtful_link", "name": "", "column": None, "candidates": [4, 9]}


def document(**more: Any) -> dict[str, Any]:
    kinds: dict[str, list[Any]] = {kind: [] for kind in ("items", "failed", "rejected", "set_aside", "warned")}
    return {"entity": "players", "error": None, "counts": {"unchanged": 0}, **kinds, **more}


def test_a_question_names_the_field_and_both_sides_or_the_rows_that_fit() -> None:
    part = _part(document(questions=[FIELD, DOUBT]), texts_of("nl"))
    assert part.questions == [Asked("Ann Peeters", "Ploeg", "U17", "U19"), Asked("Twizzit 7", None, "4, 9", "7")]


def test_a_question_about_one_who_is_mapped_asks_for_another_row() -> None:
    part = _part(document(questions=[{**DOUBT, "of_mapped": True}]), texts_of("nl"))
    assert part.questions == [Asked("Twizzit 7", None, "4, 9", "7", "links.instead")]


def test_a_question_about_an_opponent_asks_which_club_or_team_it_is() -> None:
    opponent = {**DOUBT, "kind": "opponent", "name": "KC Noord", "twizzit_id": "kc noord", "twizzit": "A - KC Noord 1"}
    found = [
        _part(document(questions=[{**opponent, "column": f"{row}_id"}]), texts_of("en")) for row in ("club", "team")
    ]
    asks = ["links.opponent_club", "links.opponent_team"]
    assert [part.questions for part in found] == [[Asked("KC Noord", None, "4, 9", "kc noord", one)] for one in asks]


def test_a_plan_that_was_stored_without_questions_has_none() -> None:
    assert _part(document(), texts_of("en")).questions == []
