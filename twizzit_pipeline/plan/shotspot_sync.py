"""Distinguishes what ShotSpot's own "Sync Players" leaves in a player's row from what a person writes there.

The rule (docs/beside-shotspot.md, "ShotSpot's own sync button"): it empties the shirt number and parts the whole name
at the first space. A value counts as its own only where there is evidence that it ran since our last sync, and where
it is exactly what it writes: any other value is a person's, and stays.
"""

from dataclasses import replace
from typing import Any

from twizzit_pipeline.plan.person_names import full_name
from twizzit_pipeline.plan.rows import LocalPlayer, MappingRow, RemotePlayer
from twizzit_pipeline.plan.states import PlayerState

REPAIRED = "repaired_after_shotspot"
_NAMES = ("first_name", "last_name")


def shotspot_ran(state: PlayerState, mapping: MappingRow) -> bool:
    """Whether the mapping or the history says that ShotSpot's integration wrote the player since our last sync."""
    return mapping.touched or state.shotspot_synced


def undone(mapping: MappingRow, remote: RemotePlayer, local: LocalPlayer) -> LocalPlayer:
    """The player as they were before ShotSpot's sync: `local` with the base's values where it holds that sync's.

    What a person had written there before is not known any more; then the base is the nearest. `remote` has the whole
    name where Twizzit has changed it since.
    """
    base: dict[str, Any] = dict(mapping.last_values or {})
    repaired: dict[str, Any] = {}
    number = base.get("jersey_number")
    if number is not None and local.jersey_number is None and not base.get("number_withheld"):
        repaired["jersey_number"] = number
    if all(base.get(name) is not None for name in _NAMES):
        before = replace(local, **{name: base[name] for name in _NAMES})
        held = (local.first_name, local.last_name)
        if _at_first_space(before) == held or _at_first_space(remote) == held:
            repaired |= {name: base[name] for name in _NAMES}
    return replace(local, **repaired)


def _at_first_space(person: LocalPlayer | RemotePlayer) -> tuple[str, str]:
    """The whole name as ShotSpot's integration parts it."""
    first, _, last = " ".join(full_name(person).split()).partition(" ")
    return first, last
