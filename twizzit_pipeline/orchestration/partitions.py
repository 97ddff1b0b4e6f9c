"""The partitions: one for each credential and season, both known only at run time.

What belongs here: the definitions, their keys, and how missing keys reach a Dagster instance. Which credentials and
seasons there are is read by `runs.seasons`; the form of a partition's key is decided there and never changed.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import dagster as dg
from sqlalchemy import Engine

from twizzit_pipeline.errors import UnknownCredential, UnknownSeason
from twizzit_pipeline.runs.seasons import known_partitions, usable

CREDENTIAL = "credential"
SEASON = "season"

credential_partitions = dg.DynamicPartitionsDefinition(name=CREDENTIAL)
season_partitions = dg.DynamicPartitionsDefinition(name=SEASON)
credential_season_partitions = dg.MultiPartitionsDefinition(
    {CREDENTIAL: credential_partitions, SEASON: season_partitions}
)


@dataclass(frozen=True, slots=True)
class CredentialSeason:
    """One partition: a credential (`3-kcc-antwerpen`) and a season (`2026-2027`)."""

    credential: str
    season: str

    @property
    def credential_id(self) -> int:
        """The id of the credential, which the key begins with.

        Raises:
            UnknownCredential: the key does not begin with an id.
        """
        return credential_id_of(self.credential)

    @property
    def key(self) -> dg.MultiPartitionKey:
        """The key as Dagster wants it: ``3-kcc-antwerpen|2026-2027``."""
        return dg.MultiPartitionKey({CREDENTIAL: self.credential, SEASON: self.season})


@dataclass(frozen=True, slots=True)
class PartitionKeys:
    """Keys of the two dimensions."""

    credentials: tuple[str, ...]
    seasons: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.credentials or self.seasons)

    def less(self, other: "PartitionKeys") -> "PartitionKeys":
        """These keys less those of the other."""
        credentials, seasons = set(other.credentials), set(other.seasons)
        return PartitionKeys(
            tuple(key for key in self.credentials if key not in credentials),
            tuple(key for key in self.seasons if key not in seasons),
        )


def credential_id_of(partition_key: str) -> int:
    """The id in a credential's partition key: the digits before its first hyphen.

    Raises:
        UnknownCredential: there are none.
    """
    digits = partition_key.partition("-")[0]
    if not (digits.isascii() and digits.isdigit()):
        raise UnknownCredential(f"{partition_key!r} is no credential: its key begins with the credential's id")
    return int(digits)


def parse(key: str) -> CredentialSeason:
    """What a partition key (``3-kcc-antwerpen|2026-2027``, as Dagster prints it) stands for.

    Raises:
        UnknownCredential: it is not of that form.
    """
    if isinstance(key, dg.MultiPartitionKey):
        return CredentialSeason(key.keys_by_dimension[CREDENTIAL], key.keys_by_dimension[SEASON])
    credential, bar, season = key.partition("|")
    if not (bar and credential and season) or "|" in season:
        raise UnknownCredential(f"{key!r} is no partition: it is credential|season")
    return CredentialSeason(credential, season)


def require_known(
    instance: dg.DagsterInstance, engine: Engine, partition: CredentialSeason, *, of_sensor: bool = False
) -> None:
    """Nothing where the instance has both keys: a run of another partition could record nothing of what it did.

    A key that a person has deleted in Dagster's UI is made again, as the sensor's next tick would.

    Args:
        of_sensor: the sensor has made the run, and the partition's season with it: an account that was never read lists
            none.

    Raises:
        UnknownCredential, UnknownSeason: it has not, nor the database.
    """
    missing = PartitionKeys(
        () if instance.has_dynamic_partition(CREDENTIAL, partition.credential) else (partition.credential,),
        () if instance.has_dynamic_partition(SEASON, partition.season) else (partition.season,),
    )
    if not missing:
        return
    listed = partition_keys(*known_partitions(engine))
    seasons = (*listed.seasons, partition.season) if of_sensor else listed.seasons
    unknown = missing.less(PartitionKeys(listed.credentials, seasons))
    if unknown.credentials:
        raise UnknownCredential(
            f"Dagster lists no credential {partition.credential}: choose one of its partitions; a new credential is "
            "among them after a few seconds"
        )
    if unknown.seasons:
        raise UnknownSeason(
            f"Dagster lists no season {partition.season}: choose one of its partitions, or read that season once with "
            f"twizzit sync {credential_id_of(partition.credential)} --season {partition.season}"
        )
    add_keys(instance, missing)


def partition_keys(credentials: Mapping[int, str], seasons: Mapping[int, Collection[str]]) -> PartitionKeys:
    """The keys of what `runs.seasons.known_partitions` found, in order: credentials by id, seasons by label.

    A label that cannot be a key is left out, so that it does not keep the others from becoming one.
    """
    return PartitionKeys(
        tuple(credentials[credential_id] for credential_id in sorted(credentials)),
        tuple(sorted({label for labels in seasons.values() for label in labels if usable(label)})),
    )


def missing_keys(instance: dg.DagsterInstance, wanted: PartitionKeys) -> PartitionKeys:
    """The keys that this instance does not have yet."""
    return wanted.less(known_keys(instance))


def add_keys(instance: dg.DagsterInstance, keys: PartitionKeys) -> None:
    """Add keys to the instance; ones that it has already do no harm."""
    if keys.credentials:
        instance.add_dynamic_partitions(CREDENTIAL, list(keys.credentials))
    if keys.seasons:
        instance.add_dynamic_partitions(SEASON, list(keys.seasons))


def known_keys(instance: dg.DagsterInstance) -> PartitionKeys:
    """The keys that this instance has."""
    return PartitionKeys(
        tuple(instance.get_dynamic_partitions(CREDENTIAL)), tuple(instance.get_dynamic_partitions(SEASON))
    )


def add_requests(keys: PartitionKeys) -> list[dg.AddDynamicPartitionsRequest]:
    """What `add_keys` does, as the answer of a sensor."""
    return [
        definition.build_add_request(list(added))
        for definition, added in ((credential_partitions, keys.credentials), (season_partitions, keys.seasons))
        if added
    ]


def delete_requests(keys: PartitionKeys) -> list[dg.DeleteDynamicPartitionsRequest]:
    """The answer of a sensor that deletes keys from the instance."""
    return [
        definition.build_delete_request(list(gone))
        for definition, gone in ((credential_partitions, keys.credentials), (season_partitions, keys.seasons))
        if gone
    ]


def register_partitions(instance: dg.DagsterInstance, engine: Engine) -> PartitionKeys:
    """Make every credential and season of the database a partition of the instance; returns the keys that were new.

    Raises:
        DatabaseUnavailable, MigrationsPending: as `runs.seasons.known_partitions`.
    """
    new = missing_keys(instance, partition_keys(*known_partitions(engine)))
    add_keys(instance, new)
    return new
