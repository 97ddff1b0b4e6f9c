"""Whose id: which mappings a credential may use, and what it writes into them.

The rule (design: "whose id"): remote ids are unique within a dialect and an organization. A mapping belongs to a
credential. One without a living owner is adopted by the same dialect and organization alone; one that ShotSpot's own
integration made knows neither, so there name and club must agree.
"""

from collections.abc import Mapping
from typing import Literal

from twizzit_pipeline.sync.rows import MappingRow, Owner
from twizzit_pipeline.transform.names import normalised_name

Claim = Literal["ours", "adoptable", "taken"]


def claim(mapping: MappingRow, owner: Owner, *, same_name_and_club: bool) -> Claim:
    """Whether `owner` may use `mapping`: it is ours already, free to adopt, or somebody else's."""
    made_by_shotspot = mapping.dialect is None
    if mapping.credential_id == owner.credential_id:
        return "ours" if made_by_shotspot or same_organization(mapping, owner) else "taken"
    if mapping.credential_active:
        return "taken"
    adoptable = same_name_and_club if made_by_shotspot else same_organization(mapping, owner)
    return "adoptable" if adoptable else "taken"


def same_organization(mapping: MappingRow, owner: Owner) -> bool:
    """Whether the ids of `mapping` and `owner` mean the same things."""
    if mapping.dialect != owner.dialect:
        return False
    if owner.organization_id is not None and mapping.organization_id is not None:
        return owner.organization_id == mapping.organization_id
    return normalised_name(mapping.organization_name or "") == normalised_name(owner.organization_name)


def mapping_values(
    owner: Owner,
    name: str,
    base: Mapping[str, object] | None,
    *,
    error: str | None = None,
    team_mapping_id: int | None = None,
) -> dict[str, object]:
    """A mapping row as it should be, without its id, its local id and its times."""
    return {
        "twizzit_name": name,
        "credential_id": owner.credential_id,
        "twizzit_dialect": owner.dialect,
        "twizzit_organization_id": owner.organization_id,
        "twizzit_organization_name": owner.organization_name,
        "last_values": None if base is None else dict(base),
        "sync_status": "success" if error is None else "failed",
        "sync_error": error,
        "team_mapping_id": team_mapping_id,
    }


def current_mapping(mapping: MappingRow) -> dict[str, object]:
    """The same columns as `mapping_values`, as they are."""
    return {
        "twizzit_name": mapping.twizzit_name,
        "credential_id": mapping.credential_id,
        "twizzit_dialect": mapping.dialect,
        "twizzit_organization_id": mapping.organization_id,
        "twizzit_organization_name": mapping.organization_name,
        "last_values": None if mapping.last_values is None else dict(mapping.last_values),
        "sync_status": mapping.sync_status,
        "sync_error": mapping.sync_error,
        "team_mapping_id": mapping.team_mapping_id,
    }
