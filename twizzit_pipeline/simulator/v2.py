"""The v2 dialect: bare arrays, `organization-ids[]`, limit and offset, kebab-case keys.

Each endpoint selects what it would list, cuts its page out of that, and renders only the page.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, product
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from twizzit_pipeline.simulator import clubs
from twizzit_pipeline.simulator.accounts import Accounts
from twizzit_pipeline.simulator.contact_rows import CONTINUOUS_MEMBERSHIP, contact_row, has_membership, membership_row
from twizzit_pipeline.simulator.group_rows import (
    group_type_rows,
    lasting_id,
    relation_keys,
    season_keys,
    season_row,
    type_ids,
)
from twizzit_pipeline.simulator.paging import Query, page
from twizzit_pipeline.simulator.records import Account, Contact, Group, Link, Organization, Season
from twizzit_pipeline.simulator.v2_events import event_sub_types, event_types, events
from twizzit_pipeline.simulator.wire_habits import listed
from twizzit_pipeline.simulator.world import World

PREFIX = "/v2/api"
RowDict = dict[str, object]
_LISTS: dict[str, object] = {"image": None, "extra-field-values": []}


@dataclass(frozen=True, slots=True)
class Call:
    """One authorised call: its world, the organizations in its scope, its query."""

    world: World
    account: Account
    scope: list[Organization]
    query: Query


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a path lists (`select`), how a row looks (`render`), and the largest page; no `cap`: everything at once."""

    select: Callable[[Call], Iterable[Any]]
    render: Callable[[Call, Any], RowDict] = lambda _, row: row
    cap: int | None = None


def v2_routes(world: World, accounts: Accounts) -> list[Route]:
    """The routes under ``/v2/api``."""

    def route(path: str, endpoint: Endpoint) -> Route:
        def answer(request: Request) -> Response:
            account, headers = accounts.account_of(request)
            with world.lock:
                rows = _rows(world, account, request, path, endpoint)
            return listed([*rows], world.options.quirks, headers, answered=accounts.answers(request, path, bool(rows)))

        async def serve(request: Request) -> Response:
            return answer(request)

        return Route(PREFIX + path, serve, methods=["GET"])

    login = Route(PREFIX + "/authenticate", accounts.authenticate, methods=["POST"])
    return [login, *(route(path, endpoint) for path, endpoint in _endpoints(world).items())]


def _rows(world: World, account: Account, request: Request, path: str, endpoint: Endpoint) -> list[RowDict]:
    query = Query(request, world.options.ignored_filters)
    scope: list[Organization] = []
    if path != "/organizations":
        ids = Query(request).all_ids("organization-ids[]")
        if not ids and world.options.missing_scope == "empty":
            return []
        if not ids:
            raise HTTPException(400, "organization-ids is required")
        if not set(ids) <= set(account.organization_ids):
            raise HTTPException(403, "no access for specified organizations")
        scope = [world.organization(id_) for id_ in dict.fromkeys(ids)]
    call = Call(world, account, scope, query)
    selected = endpoint.select(call)
    if endpoint.cap is not None:
        low = "low_cap" in world.options.quirks
        selected = page(selected, query, cap=endpoint.cap, above=world.options.above_limit, low=low)
    return [endpoint.render(call, row) for row in selected]


def _endpoints(world: World) -> dict[str, Endpoint]:
    whole = world.options.group_contacts == "whole"
    return {
        "/organizations": Endpoint(_organizations),
        "/seasons": Endpoint(_seasons, lambda call, season: season_row(season, call.world.options)),
        "/groups": Endpoint(_groups, _group_row, cap=250),
        "/group-types": Endpoint(lambda call: group_type_rows(call.world)),
        "/group-categories": Endpoint(_group_categories),
        "/group-contacts": Endpoint(
            _group_contacts,
            _whole_link_row if whole else _link_row,
            cap=100 if world.options.group_contacts_paged else None,
        ),
        "/contact-functions": Endpoint(_contact_functions),
        "/contacts": Endpoint(_contacts, lambda call, contact: contact_row(contact, call.world.options), cap=100),
        "/memberships": Endpoint(_memberships, lambda _, pair: membership_row(*pair), cap=100),
        "/membership-types": Endpoint(lambda _: _MEMBERSHIP_TYPES),
        "/extra-fields": Endpoint(lambda _: _EXTRA_FIELDS),
        "/event-types": Endpoint(lambda call: event_types(call.world, call.scope)),
        "/event-sub-types": Endpoint(lambda call: event_sub_types(call.scope)),
        "/events": Endpoint(lambda call: events(call.world, call.scope, call.query), cap=250),
    }


def _organizations(call: Call) -> Iterator[RowDict]:
    prefix = "organization_" if call.world.options.organization_keys == "prefixed" else ""
    for id_ in call.account.organization_ids:
        yield {f"{prefix}id": id_, f"{prefix}name": call.world.organization(id_).name}


def _seasons(call: Call) -> Iterator[Season]:
    if call.world.options.seasons_forbidden:
        raise HTTPException(403, "no access")
    wanted = call.query.ids("season-ids[]")
    current = call.query.one("is-current-season") in ("1", "true")
    for season_id in sorted({season_id for organization in call.scope for season_id in organization.season_ids}):
        season = call.world.seasons[season_id]
        if (wanted is None or season.id in wanted) and (not current or season is call.world.running_season):
            yield season


def _groups(call: Call) -> Iterator[tuple[Organization, Group]]:
    ids, categories = call.query.ids("group-ids[]"), call.query.ids("group-category-ids[]")
    club_ids, series = call.query.ids("club-ids[]"), call.query.ids("series-ids[]")
    season_id, type_ = call.query.number("season-id"), call.query.number("group-type")
    for organization in call.scope:
        for group in organization.groups.values():
            club_id = group.club.id if group.club else None
            fits = (
                ids is None or group.id in ids,
                categories is None or group.category_id in categories,
                club_ids is None or club_id in club_ids,
                series is None,
                season_id is None or group.season_id == season_id,
                type_ is None or type_ in type_ids(call.world, group),
            )
            if all(fits):
                yield organization, group


def _group_row(call: Call, found: tuple[Organization, Group]) -> RowDict:
    organization, group = found
    club: object = None
    if group.club is not None:
        club = group.club.id if group.club.as_organization else {"id": group.club.id, "name": group.club.name}
    category: object = None
    if group.category_id is not None:
        category = {"id": group.category_id, "name": dict(clubs.CATEGORIES[group.category_id % 10][2])}
    return {
        "id": group.id,
        "name": group.name,
        "short-name": group.short_name,
        "club": club,
        "season": season_row(call.world.seasons[group.season_id], call.world.options),
        "category": category,
        **_LISTS,
        **relation_keys(call.world, organization, group),
    }


def _group_categories(call: Call) -> Iterator[RowDict]:
    if call.query.number("group-type") in (None, call.world.options.team_type_id):
        for organization in call.scope:
            for place, (_, _, name) in enumerate(clubs.CATEGORIES):
                yield {"id": organization.id * 10 + place, "name": name}


def _group_contacts(call: Call) -> Iterator[tuple[Organization, Group, Link]]:
    ids, season_ids = call.query.ids("group-ids[]"), call.query.ids("season-ids[]")
    if ids is None and "group-ids[]" not in call.world.options.ignored_filters:
        raise HTTPException(400, "group-ids is required")
    for organization in call.scope:
        for group in organization.groups.values():
            own_ids = {group.id, lasting_id(call.world, organization, group)}
            if (ids is None or own_ids & set(ids)) and (season_ids is None or group.season_id in season_ids):
                yield from ((organization, group, link) for link in organization.rosters[group.id])


def _link_row(call: Call, found: tuple[Organization, Group, Link]) -> RowDict:
    place = _place(call, *found)
    return {"groupId": place.pop("groupId"), "contactId": found[2].contact_id, **place}


def _whole_link_row(call: Call, found: tuple[Organization, Group, Link]) -> RowDict:
    organization, group, link = found
    row = contact_row(organization.contacts[link.contact_id], call.world.options)
    return row | _place(call, organization, group, link)


def _place(call: Call, organization: Organization, group: Group, link: Link) -> RowDict:
    """What a membership says beside the contact: the group, the function and, in some accounts, the season."""
    return {
        "groupId": lasting_id(call.world, organization, group) or group.id,
        "contactFunctionId": organization.function_ids()[link.function],
        **season_keys(call.world, group, link),
    }


def _contact_functions(call: Call) -> Iterator[RowDict]:
    wanted, type_ = call.query.ids("contact-function-ids[]"), call.query.number("contact-function-type")
    for organization in call.scope:
        for name, id_ in organization.function_ids().items():
            own_type = 2 if name in (clubs.CHAIR, clubs.MEMBER) else 1
            if (wanted is None or id_ in wanted) and type_ in (None, own_type):
                yield {"id": id_, "name": organization.function_names(name), "type": own_type, "active": True}


def _contacts(call: Call) -> Iterable[Contact]:
    ids, seasons = call.query.ids("contact-ids[]"), call.query.ids("membership-season-ids[]")
    types, current = call.query.ids("membership-type-ids[]"), call.query.one("current-membership") in ("1", "true")
    if seasons is not None or (types is not None and CONTINUOUS_MEMBERSHIP not in types):
        return ()
    found: Iterable[Contact]
    if ids is None:
        found = chain.from_iterable(organization.contacts.values() for organization in call.scope)
    else:
        pairs = product(call.scope, sorted(set(ids)))
        found = (organization.contacts[id_] for organization, id_ in pairs if id_ in organization.contacts)
    return filter(has_membership, found) if current else found


def _memberships(call: Call) -> Iterator[tuple[Contact, Organization]]:
    return ((contact, organization) for organization in call.scope for contact in organization.contacts.values())


_MEMBERSHIP_TYPES: list[RowDict] = [
    {
        "id": CONTINUOUS_MEMBERSHIP,
        "name": clubs.words("Member", "Lid", "Membre"),
        "type": "Continuously",
        "duration": None,
        "duration-unit": None,
        "end-date": None,
    }
]
_EXTRA_FIELDS: list[RowDict] = [
    {
        "id": 31,
        "name": clubs.words("Shirt size", "Maat", "Taille"),
        "type": "select",
        "location": "contact",
        "options": ["S", "M", "L", "XL"],
        "attributes": [],
    }
]
