"""A plan as people read it: what changes ShotSpot first, what is only remembered last."""

from typing import Any

from twizzit_pipeline.http_api.pages import previews
from twizzit_pipeline.http_api.pages.texts import texts_of

ENGLISH = texts_of("en")


def item(twizzit_id: str, action: str, **columns: Any) -> dict[str, Any]:
    return {
        "twizzit_id": twizzit_id,
        "name": f"Match {twizzit_id}",
        "action": action,
        "why": "",
        "columns": {name: {"old": old, "new": new} for name, (old, new) in columns.items()},
    }


def test_what_leaves_shotspot_as_it_is_comes_last_and_under_its_own_name() -> None:
    found = previews._part(
        {
            "entity": "matches",
            "error": None,
            "counts": {"unchanged": 4},
            "items": [item("1", "update"), item("2", "update", status=("scheduled", "cancelled")), item("3", "create")],
            **dict.fromkeys(("failed", "rejected", "warned", "set_aside"), ()),
        },
        ENGLISH,
    )
    keys = {action: [one.key for one in items] for action, items in found.actions.items()}
    assert keys == {"update": ["matches:2"], "create": ["matches:3"], previews.REMEMBER: ["matches:1"]}
    assert list(keys)[-1] == previews.REMEMBER
    assert found.actions[previews.REMEMBER][0].why == ENGLISH("why.remembered")
    assert found.actions["update"][0].why == ENGLISH("why.update")
