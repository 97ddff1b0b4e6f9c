"""A person's name in both worlds, for comparing."""

from twizzit_pipeline.plan.rows import LocalPlayer, RemotePlayer
from twizzit_pipeline.transform.names import normalised_name


def full_name(person: LocalPlayer | RemotePlayer) -> str:
    """First and last name in one, as they are."""
    return f"{person.first_name} {person.last_name}"


def name_key(whole_name: str) -> str:
    """The key of a whole name, wherever it stands."""
    return normalised_name(whole_name)


def remote_name(remote: RemotePlayer) -> str:
    """The key of the whole name on Twizzit."""
    return normalised_name(full_name(remote))


def local_name(local: LocalPlayer) -> str:
    """The key of the whole name in ShotSpot."""
    return normalised_name(full_name(local))


def same_gender(local: LocalPlayer, remote: RemotePlayer) -> bool:
    """Whether no gender contradicts that both are one person."""
    return None in (local.gender, remote.gender) or local.gender == remote.gender


def same_words(local: LocalPlayer, remote: RemotePlayer) -> bool:
    """Whether the whole name is the same word for word, wherever it is split and whichever comes first."""
    return sorted(full_name(local).split()) == sorted(full_name(remote).split())


def split_otherwise(local: LocalPlayer, remote: RemotePlayer) -> bool:
    """Whether the same whole name is split elsewhere ("Jean | Luc Devos"), and Twizzit says where.

    A guess of our own proves nothing against what stands in ShotSpot.
    """
    if remote.name_guessed or local_name(local) != remote_name(remote):
        return False
    return normalised_name(local.first_name) != normalised_name(remote.first_name)
