"""Whose id: which mappings a credential may use, and what it writes into them.

The rule (design: "whose id"): remote ids are unique within a dialect and an organization. A mapping belongs to a
credential. One without a living owner is adopted by the same dialect and organization alone. One that ShotSpot's own
integration made knows neither: there the id decides, since people rename in ShotSpot, unless what else is known of the
row says that another organization's id is meant.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from twizzit_pipeline.sync.plan import Change, Failed, Warned
from twizzit_pipeline.sync.rows import MappingRow, Owner
from twizzit_pipeline.transform.names import normalised_name

Claim = Literal["ours", "adoptable", "taken", "doubtful"]

# What is reported of a mapping that ShotSpot's own integration made: it is ours from now on, and whether ShotSpot calls
# its row otherwise than Twizzit does.
TAKEN_OVER = "taken_over"
TAKEN_OVER_RENAMED = "taken_over_renamed"


def claim(mapping: MappingRow, owner: Owner, *, may_be_same: bool) -> Claim:
    """Whether `owner` may use `mapping`: it is ours already, free to adopt, somebody else's, or nobody can say.

    Args:
        may_be_same: whether what is known of the mapped row fits the remote one; it decides nothing but which mappings
            of ShotSpot's own integration are doubtful.
    """
    if mapping.credential_id == owner.credential_id:
        return "ours" if mapping.dialect is None or same_organization(mapping, owner) else "taken"
    if mapping.credential_active:
        return "taken"
    if mapping.dialect is None:
        return "adoptable" if may_be_same else "doubtful"
    return "adoptable" if same_organization(mapping, owner) else "taken"


def refused(verdict: Claim, remote_id: str, *local_ids: int) -> Failed | None:
    """The failed item where a mapping may not be used; None where it may."""
    if verdict == "taken":
        return Failed(remote_id, "remote_id_taken", local_ids[:1])
    return Failed(remote_id, "doubtful_link", local_ids) if verdict == "doubtful" else None


def takeovers(changes: Iterable[Change], local_names: Mapping[int, str]) -> list[Warned]:
    """What is to be reported of the mappings that these changes take over from ShotSpot's own integration.

    Args:
        local_names: local id → what ShotSpot calls it before the changes.
    """
    return [
        Warned(
            change.twizzit_id,
            TAKEN_OVER
            if normalised_name(local_names[change.row_id]) == normalised_name(str(change.mapping["twizzit_name"]))
            else TAKEN_OVER_RENAMED,
        )
        for change in changes
        if change.action == "adopt"
        and change.mapping is not None
        and change.twizzit_id is not None
        and change.mapping_before.get("twizzit_dialect") is None
    ]


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
