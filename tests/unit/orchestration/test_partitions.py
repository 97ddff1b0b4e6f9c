"""Partition keys: made, read, and kept apart from what cannot be one."""

import dagster as dg
import pytest

from twizzit_pipeline.errors import UnknownCredential
from twizzit_pipeline.orchestration.partitions import (
    CredentialSeason,
    PartitionKeys,
    add_keys,
    credential_id_of,
    credential_season_partitions,
    missing_keys,
    parse,
    partition_keys,
)
from twizzit_pipeline.runs.seasons import usable


def test_a_key_is_read_as_it_was_made() -> None:
    partition = CredentialSeason("3-kcc-antwerpen", "2026-2027")
    assert partition.key == "3-kcc-antwerpen|2026-2027"
    assert parse(partition.key) == parse(str(partition.key)) == partition
    assert partition.credential_id == 3


@pytest.mark.parametrize("key", ["", "3-kcc", "|2026", "3-kcc|", "3|2026|2027"])
def test_what_is_no_partition_is_refused(key: str) -> None:
    with pytest.raises(UnknownCredential, match="is no partition"):
        parse(key)


@pytest.mark.parametrize("key", ["", "kcc", "-3-kcc", "٣-kcc", "3a-kcc"])
def test_what_names_no_credential_is_refused(key: str) -> None:
    with pytest.raises(UnknownCredential, match="is no credential"):
        credential_id_of(key)


def test_an_id_needs_no_name_behind_it() -> None:
    assert credential_id_of("12") == 12


def test_keys_are_ordered_and_seasons_of_several_credentials_come_once() -> None:
    keys = partition_keys({10: "10-b", 2: "2-a"}, {10: ["2026-2027"], 2: ["2026-2027", "2025-2026"]})
    assert keys == PartitionKeys(("2-a", "10-b"), ("2025-2026", "2026-2027"))


@pytest.mark.parametrize("label", ["", "a|b", "a,b", "a[0]", "a...b", "a\nb"])
def test_a_label_that_dagster_keeps_for_itself_does_not_keep_others_out(label: str) -> None:
    assert not usable(label)
    assert partition_keys({}, {1: [label, "Najaar '26 / 27"]}).seasons == ("Najaar '26 / 27",)


def test_keys_reach_an_instance_once() -> None:
    wanted = PartitionKeys(("1-a", "2-b"), ("2026-2027",))
    with dg.DagsterInstance.ephemeral() as instance:
        add_keys(instance, PartitionKeys(("1-a",), ()))
        assert missing_keys(instance, wanted) == PartitionKeys(("2-b",), ("2026-2027",))
        add_keys(instance, wanted)
        assert not missing_keys(instance, wanted)
        keys = credential_season_partitions.get_partition_keys(dynamic_partitions_store=instance)
        assert sorted(keys) == ["1-a|2026-2027", "2-b|2026-2027"]
