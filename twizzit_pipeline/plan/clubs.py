"""Which of ShotSpot's clubs a name means, and whether a team names another club than its organization."""

from collections import defaultdict
from collections.abc import Iterable

from twizzit_pipeline.plan.club_rights import ClubRights
from twizzit_pipeline.plan.rows import LocalClub, Owner
from twizzit_pipeline.transform.clubs import club_keys
from twizzit_pipeline.transform.names import normalised_name

CLUB_NAME_LENGTH = 100


def names_another(club_name: str | None, club_id: int | None, owner: Owner, rights: ClubRights) -> bool:
    """Whether a team names a club that its credential may not feed: another than the organization, by name and by row.

    Args:
        club_id: the club of ShotSpot that is meant; None where that is not clear.
    """
    if club_name is None or rights.is_federation or club_keys(club_name) & club_keys(owner.organization_name):
        return False
    return club_id is None or not (club_id in rights.home or club_id == rights.said)


class ClubNames:
    """Finds clubs by name: by the very name, then without accents and case, then however else it may be spelled."""

    def __init__(self, clubs: Iterable[LocalClub] = ()) -> None:
        self._ids: set[int] = set()
        self._exact: dict[str, int] = {}
        self._alike: dict[str, set[int]] = defaultdict(set)
        self._keyed: dict[str, set[int]] = defaultdict(set)
        for club in clubs:
            self.add(club.id, club.name)

    def add(self, club_id: int, name: str) -> None:
        """Lets a name mean that club, beside the names that it has already."""
        self._ids.add(club_id)
        self._exact.setdefault(name.strip(), club_id)
        self._alike[normalised_name(name)].add(club_id)
        for key in club_keys(name):
            self._keyed[key].add(club_id)

    def fitting(self, name: str) -> tuple[int, ...]:
        """The ids of the clubs that fit best, sorted; several where it is not clear which is meant."""
        if name.strip() in self._exact:
            return (self._exact[name.strip()],)
        alike = self._alike.get(normalised_name(name))
        if alike:
            return tuple(sorted(alike))
        return tuple(sorted({club_id for key in club_keys(name) for club_id in self._keyed.get(key, ())}))

    def of_team(self, club_name: str | None, owner: Owner) -> tuple[int, ...]:
        """The clubs that fit the name that a team gives (None: the organization is its club).

        The club that an administrator chose for the organization wins over every name of the organization.
        """
        if owner.club_id is not None and self.is_said(club_name, owner):
            return (owner.club_id,)
        return self.fitting((club_name or owner.organization_name)[:CLUB_NAME_LENGTH])

    def is_said(self, club_name: str | None, owner: Owner) -> bool:
        """Whether the team's club was chosen: the name is the organization's, and that club is there."""
        itself = club_name is None or bool(club_keys(club_name) & club_keys(owner.organization_name))
        return itself and owner.club_id in self._ids
