"""Which clubs of ShotSpot a credential may feed: a server says itself what its organization is called."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClubRights:
    """What is known of that when a sync plans.

    Attributes:
        is_federation: an administrator says so: its groups may name other clubs than the organization, any of them.
        said: the club that an administrator said the organization is.
        own: clubs in which teams of its organization are mapped; `home`: of those, the ones of teams that named none.
        others: clubs in which teams of another organization, or of another host's, are mapped.
    """

    is_federation: bool = False
    said: int | None = None
    own: frozenset[int] = frozenset()
    home: frozenset[int] = frozenset()
    others: frozenset[int] = frozenset()

    def may_feed(self, club_id: int) -> bool:
        """Whether a club may get its rows: none feeds it yet, or it does so itself, or an administrator said so."""
        said = self.is_federation or club_id == self.said
        return said or club_id in self.own or club_id not in self.others


NOTHING_FED = ClubRights()
