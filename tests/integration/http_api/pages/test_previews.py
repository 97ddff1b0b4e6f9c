"""The preview on the pages: asked for, shown row by row, applied in part or discarded."""

import re
from collections.abc import Iterator

import pytest

from tests.integration.http_api.pages.conftest import House
from tests.support.page_visitor import PageVisitor, link_to, sign_in, visitor
from tests.support.previewed import previewed
from tests.support.signs_of_life import beat
from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.http_api.pages import previews
from twizzit_pipeline.runs import plans
from twizzit_pipeline.runs.plans import StoredPlan
from twizzit_pipeline.scheduling import config, requested
from twizzit_pipeline.scheduling.cancelling import cancel
from twizzit_pipeline.scheduling.requested import Request
from twizzit_pipeline.storage import tables
from twizzit_pipeline.storage.audit import this_user


@pytest.fixture
def coach(house: House) -> Iterator[PageVisitor]:
    """A coach may look and apply, as over the API."""
    beat(house.world.database.engine, "an orchestrator")
    with visitor(house.api) as browser:
        sign_in(browser, link_to(house.world.database, house.club, role="coach"))
        yield browser


def plan_of(house: House) -> StoredPlan:
    """One that waits, of teams and players: the calendar is no part of what these tests ask."""
    return previewed(house.world, house.club, entities=["teams", "players"]).plan


def asked(house: House) -> Request:
    """The one request that waits, taken back so that the next test begins without."""
    engine = house.world.database.engine
    [one], _ = requested.listing(engine, credential_ids=[house.club])
    cancel(engine, one.request.id, actor=this_user())
    return one.request


def test_a_plan_is_asked_for(house: House, coach: PageVisitor) -> None:
    place = f"/twizzit/clubs/{house.club}/preview"
    coach.get(place)
    assert "No plan is waiting." in coach.text
    coach.post(place, back=place)
    assert "The plan was asked for" in coach.text
    assert 'hx-trigger="every 2s"' in coach.page.text
    made = asked(house)
    assert (made.sync_type, made.options.preview, made.season) == ("all", True, None)
    assert (made.requested_by or "").startswith("token:link-")


def test_a_plan_is_shown_row_by_row_and_applied_without_what_is_ticked(house: House, coach: PageVisitor) -> None:
    world, place = house.world, f"/twizzit/clubs/{house.club}"
    one, other = world.roster(1)[1][2:4]
    before = {player: world.player(player) for player in (one, other)}
    for player in (one, other):
        world.simulator.changes.rename_person(player, before[player]["first_name"], f"<i>Plan{player}")
    plan = previewed(world, house.club).plan
    coach.get(f"{place}/preview")
    for player in (one, other):
        assert f"Last name was {before[player]['last_name']} → is now <i>Plan{player}" in coach.text
        assert f'name="without" value="players:{player}"' in coach.page.text
        assert world.player(player)["last_name"] == before[player]["last_name"]
    assert "<i>" not in coach.page.text
    assert "Twizzit says something else than at the last sync." in coach.text
    assert f"The plan: {plan.changes} changes" in coach.text
    coach.post(f"{place}/plans/{plan.id}/apply", without="players:999999", back=f"{place}/preview")
    assert "does not wait any more, or has expired" in coach.text
    everything = [f"{entity}:{number}" for entity in ENTITIES for number in range(999_000, 999_400)]
    coach.get(f"{place}/preview")
    coach.post(f"{place}/plans/{plan.id}/apply", without=everything, back=f"{place}/preview")
    assert "does not wait any more, or has expired" in coach.text
    coach.post(f"{place}/plans/{plan.id}/apply", without=f"players:{other}", back=f"{place}/preview")
    assert "The plan is applied" in coach.text
    made = asked(house)
    assert (made.options.plan_id, made.options.without) == (plan.id, (("players", str(other)),))
    assert (plans.get(world.database.engine, plan.id).decided_by or "").startswith("token:link-")


def test_the_second_of_two_who_apply_a_plan_in_part_is_refused_at_once(house: House, coach: PageVisitor) -> None:
    """The first one's part is written: what the second left out would come with it, and they would not see it."""
    place = f"/twizzit/clubs/{house.club}"
    player = house.world.roster(1)[1][4]
    house.world.simulator.changes.rename_person(player, house.world.player(player)["first_name"], "Tweemaal")
    plan = plan_of(house)
    with visitor(house.api) as admin:
        sign_in(admin, link_to(house.world.database, house.club))
        admin.get(f"{place}/preview")
        assert 'name="without"' in admin.page.text
        coach.get(f"{place}/preview")
        coach.post(f"{place}/plans/{plan.id}/apply", back=f"{place}/preview")
        coach.post(f"{place}/plans/{plan.id}/apply", back=f"{place}/preview")
        assert "The plan is applied" in coach.text, "a button that is pressed twice"

        admin.post(f"{place}/plans/{plan.id}/apply", without=f"players:{player}", back=f"{place}/preview")

        assert "being applied already, as was asked first: what you chose now does not count" in admin.text
        admin.get(f"{place}/preview")
        assert "This plan is being applied already." in admin.text
        assert 'name="without"' not in admin.page.text
        assert f"plans/{plan.id}/apply" not in admin.page.text
    decider = plans.get(house.world.database.engine, plan.id).decided_by
    made = asked(house)
    assert (made.options.without, made.requested_by) == ((), decider)
    coach.get(f"{place}/preview")
    assert f"plans/{plan.id}/apply" in coach.page.text, "it was taken back"


def test_a_plan_is_discarded_and_is_then_over(house: House, coach: PageVisitor) -> None:
    place, plan = f"/twizzit/clubs/{house.club}", plan_of(house)
    coach.get(f"{place}/preview")
    assert re.search(rf'formaction="{place}/plans/{plan.id}/discard"', coach.page.text)
    coach.post(f"{place}/plans/{plan.id}/discard", back=f"{place}/preview")
    assert "The plan was discarded" in coach.text
    assert plans.get(house.world.database.engine, plan.id).status == "discarded"
    assert house.world.rows(tables.audit_log, action="discard")[-1]["actor_role"] == "coach"
    coach.post(f"{place}/plans/{plan.id}/apply", back=f"{place}/preview")
    assert "does not wait any more, or has expired" in coach.text


def test_a_plan_that_is_to_be_applied_is_not_discarded_and_who_applied_it_sees_why_it_failed(
    house: House, coach: PageVisitor
) -> None:
    place, plan = f"/twizzit/clubs/{house.club}", plan_of(house)
    coach.get(f"{place}/preview")
    coach.post(f"{place}/plans/{plan.id}/apply", back=f"{place}/preview")
    coach.post(f"{place}/plans/{plan.id}/discard", back=f"{place}/preview")
    assert "This plan is being applied already" in coach.text
    made = asked(house)
    assert "The plan was not applied" not in coach.text
    said = f"Plan {plan.id} was replaced by a newer one already"
    with house.world.connected() as connection:  # as the orchestrator ends it
        ended = "UPDATE twizzit_sync_requests SET status = 'failed', error = %s WHERE id = %s"
        connection.execute(ended, [said, made.id])
    coach.get(f"{place}/preview")
    assert f"The plan was not applied, or not all of it: For the operator of this installation: {said}" in coach.text
    plan_of(house)
    coach.get(f"{place}/preview")
    assert "The plan was not applied" not in coach.text


def test_a_plan_counts_the_rows_too_that_it_does_not_show(
    house: House, coach: PageVisitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, place = house.world, f"/twizzit/clubs/{house.club}"
    players = world.roster(2)[1][:3]
    before = {player: world.player(player) for player in players}
    for player, row in before.items():
        world.simulator.changes.rename_person(player, row["first_name"], f"Geteld{player}")
    plan = plan_of(house)
    [updated] = [
        one for one in plans.document(world.database.engine, plan.id)["entities"] if one["entity"] == "players"
    ]
    count = sum(item["action"] == "update" for item in updated["items"])
    assert count >= len(players)
    monkeypatch.setattr(previews, "_MOST_SHOWN", 1)
    coach.get(f"{place}/preview")
    of_players = coach.page.text.partition('id="players"')[2].partition("</section>")[0]
    assert f"({count})</summary>" in of_players
    assert of_players.count("<h3>") == 1
    coach.post(f"{place}/plans/{plan.id}/discard", back=f"{place}/preview")
    for player, row in before.items():
        world.simulator.changes.rename_person(player, row["first_name"], row["last_name"])


def test_a_plan_of_another_club_is_none_of_this_one(house: House, coach: PageVisitor) -> None:
    plan = plan_of(house)
    with visitor(house.api) as other:
        sign_in(other, link_to(house.world.database, house.other))
        for action in ("apply", "discard"):
            other.get(f"/twizzit/clubs/{house.other}/preview")
            assert f"plans/{plan.id}" not in other.page.text
            assert other.post(f"/twizzit/clubs/{house.other}/plans/{plan.id}/{action}").status_code == 404
    assert plans.get(house.world.database.engine, plan.id).status == "waiting"


def test_the_settings_can_ask_for_a_plan_always(house: House) -> None:
    place = f"/twizzit/clubs/{house.other}/settings"
    with visitor(house.api) as admin:
        sign_in(admin, link_to(house.world.database, house.other))
        admin.get(place)
        assert config.read(house.world.database.engine, house.other).review is False
        admin.post(place, review="on", every="1", unit="hours", conflict_policy="twizzit", back=place)
        assert config.read(house.world.database.engine, house.other).review is True
