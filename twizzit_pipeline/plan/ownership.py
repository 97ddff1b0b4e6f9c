"""Whose id: which mappings a credential may use, and what it writes into them.

The rule (docs/design/clubs-and-ids.md): remote ids are unique within a host, a dialect and an organization; what a
server says of itself proves nothing about another's. A mapping belongs to a credential. One without a living owner is
adopted by the same organization alone. One that ShotSpot's own integration made has none: there the id decides, since
people rename in ShotSpot, unless what else is known of the row says that another organization's id is meant. One whose
host is not known is adopted where the organization's name and what is known of the row agree as well.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from twizzit_pipeline.plan import DOUBTFUL_LINK, Action, Change, Failed, Table, Warned
from twizzit_pipeline.plan.rows import MappingRow, Owner
from twizzit_pipeline.transform.names import normalised_name

Claim = Literal["ours", "adoptable", "taken", "doubtful", "of_another_host"]

# What is reported of a mapping that ShotSpot's own integration made: it is ours from now on, and whether ShotSpot calls
# its row otherwise than Twizzit does.
TAKEN_OVER = "taken_over"
TAKEN_OVER_RENAMED = "taken_over_renamed"
# The remote id among the values of a mapping: only of one that goes over to another id.
REMOTE_ID = "remote_id"
# Why a credential's own mapping is not used any more: its endpoint is another server now, as far as is known.
HOST_CHANGED = "host_changed"


def by_remote_id(mappings: Iterable[MappingRow], owner: Owner) -> dict[str, MappingRow]:
    """Remote id → the mapping that decides what becomes of it.

    The same organization's comes first, then the credential's own of before, then one of which it is not known whose it
    is. A mapping of another organization, or of another host, does not count for the owner: the same id means
    something else there.
    """
    found: dict[str, tuple[int, MappingRow]] = {}
    for mapping in mappings:
        rank = _rank(mapping, owner)
        if rank is not None and (mapping.twizzit_id not in found or rank < found[mapping.twizzit_id][0]):
            found[mapping.twizzit_id] = (rank, mapping)
    return {remote_id: mapping for remote_id, (_, mapping) in found.items()}


def _rank(mapping: MappingRow, owner: Owner) -> int | None:
    if same_organization(mapping, owner):
        return 0
    if mapping.credential_id == owner.credential_id:
        return 1
    if mapping.dialect is None:
        return 2
    return 3 if mapping.host is None and _same_ids(mapping, owner) else None


def claim(mapping: MappingRow, owner: Owner, *, may_be_same: bool, decided: bool = False) -> Claim:
    """Whether `owner` may use `mapping`: it is ours already, free to adopt, another credential's, or not clear.

    Args:
        mapping: one that `by_remote_id` chose.
        may_be_same: whether what is known of the mapped row fits the remote one; it decides nothing but which mappings
            of an unknown organization or host are doubtful.
        decided: whether a person said that they are the same.
    """
    known = same_organization(mapping, owner)
    if mapping.credential_id == owner.credential_id:
        if known or mapping.dialect is None:
            return "ours"
        if mapping.host is None:
            return "ours" if _same_ids(mapping, owner) else "taken"
        return "of_another_host" if mapping.host != owner.host else "taken"
    if mapping.credential_active:
        return "taken"
    if known or decided:
        return "adoptable"
    named_so = mapping.dialect is None or _is_called(owner, mapping.organization_name)
    return "adoptable" if may_be_same and named_so else "doubtful"


def refused(claimed: Claim, remote_id: str, *local_ids: int) -> Failed | None:
    """The failed item where a mapping may not be used; None where it may."""
    if claimed == "taken":
        return Failed(remote_id, "remote_id_taken", local_ids[:1])
    if claimed == "of_another_host":
        return Failed(remote_id, HOST_CHANGED, local_ids[:1])
    return Failed(remote_id, DOUBTFUL_LINK, local_ids) if claimed == "doubtful" else None


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
    """Whether the ids of `mapping` and `owner` are known to mean the same things."""
    return mapping.host == owner.host and _same_ids(mapping, owner)


def may_mean(
    owner: Owner, host: str | None, dialect: str | None, organization_id: str | None, organization_name: str | None
) -> bool:
    """Whether a mapping of that host and organization is the owner's; of an unknown host, whether it may be."""
    same = _is_organization(owner, dialect, organization_id, organization_name)
    return same and (host == owner.host or (host is None and _is_called(owner, organization_name)))


def _same_ids(mapping: MappingRow, owner: Owner) -> bool:
    """Whether a mapping's ids are the owner's; its host is not compared."""
    return _is_organization(owner, mapping.dialect, mapping.organization_id, mapping.organization_name)


def _is_organization(owner: Owner, dialect: str | None, organization_id: str | None, name: str | None) -> bool:
    if dialect != owner.dialect:
        return False
    if owner.organization_id is not None and organization_id is not None:
        return owner.organization_id == organization_id
    return _is_called(owner, name)


def _is_called(owner: Owner, name: str | None) -> bool:
    return normalised_name(name or "") == normalised_name(owner.organization_name)


def mapping_values(
    owner: Owner, name: str, base: Mapping[str, object] | None, *, team_mapping_id: int | None = None
) -> dict[str, object]:
    """A mapping row as it should be, without its id, its local id and its times."""
    return {
        "twizzit_name": name,
        "credential_id": owner.credential_id,
        "twizzit_host": owner.host,
        "twizzit_dialect": owner.dialect,
        "twizzit_organization_id": owner.organization_id,
        "twizzit_organization_name": owner.organization_name,
        "last_values": base,
        "sync_status": "success",
        "sync_error": None,
        "team_mapping_id": team_mapping_id,
    }


def current_mapping(mapping: MappingRow) -> dict[str, object]:
    """The columns of `mapping_values` as the mapping has them now."""
    return {
        "twizzit_name": mapping.twizzit_name,
        "credential_id": mapping.credential_id,
        "twizzit_host": mapping.host,
        "twizzit_dialect": mapping.dialect,
        "twizzit_organization_id": mapping.organization_id,
        "twizzit_organization_name": mapping.organization_name,
        "last_values": mapping.last_values,
        "sync_status": mapping.sync_status,
        "sync_error": mapping.sync_error,
        "team_mapping_id": mapping.team_mapping_id,
    }


def going_over(
    before: Mapping[str, object], after: Mapping[str, object], earlier: str, remote_id: str
) -> tuple[dict[str, object], dict[str, object]]:
    """The values of a mapping that goes over to another remote id, as they are and as they should be."""
    return {**before, REMOTE_ID: earlier}, {**after, REMOTE_ID: remote_id}


def change_of(
    table: Table,
    action: Action,
    row_id: int,
    remote_id: str,
    values: Mapping[str, object],
    before: Mapping[str, object],
    mapped_as: Mapping[str, object],
    mapping: MappingRow | None,
    conflicts: tuple[str, ...] = (),
) -> Change | None:
    """The change of a row and of its mapping as the plan has it; None where both are as they should be.

    Args:
        values, before: of the local row, as it should be and as it is; see `Change`.
        mapped_as: the mapping as it should be, see `mapping_values`.
        mapping: the one that there is; it goes over to `remote_id` where it has another one.
    """
    after, held = mapped_as, {} if mapping is None else current_mapping(mapping)
    if mapping is not None and mapping.twizzit_id != remote_id:
        held, after = going_over(held, after, mapping.twizzit_id, remote_id)
    if values == before and after == held:
        return None
    return Change(
        table,
        action,
        row_id,
        remote_id,
        values,
        before,
        None if after == held else after,
        held,
        None if mapping is None else mapping.id,
        conflicts,
    )
