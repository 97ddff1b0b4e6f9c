"""Who wins where both sides changed a field: what a configuration may say of it, and what that means for an entity.

A policy is the credential's, with exceptions for fields: ``players.first_name`` is the field of one entity,
``first_name`` of every entity that has it; the former comes first.
"""

from collections.abc import Mapping

from twizzit_pipeline.entities import ENTITIES
from twizzit_pipeline.errors import ConfigurationRefused
from twizzit_pipeline.policies import POLICIES, Policies, Policy

USUAL: Policy = "twizzit"
POLICY, EXCEPTIONS = "conflict_policy", "conflict_exceptions"
FIELDS = tuple(f"{entity.name}.{column}" for entity in ENTITIES.values() for column in entity.compared)
_NAMES = frozenset(FIELDS) | {field.partition(".")[2] for field in FIELDS}


def policies_of(entity: str, usual: object, exceptions: object) -> Policies:
    """What a stored configuration says of one entity; a word that is none counts as the usual one."""
    said = kept(exceptions)
    found: dict[str, Policy] = {}
    for column in ENTITIES[entity].compared:
        policy = said.get(f"{entity}.{column}") or said.get(column)
        if policy is not None:
            found[column] = policy
    return Policies(policy_of(usual), found)


def policy_of(stored: object) -> Policy:
    """The stored word, if it is one."""
    return next((policy for policy in POLICIES if policy == stored), USUAL)


def kept(stored: object) -> dict[str, Policy]:
    """The exceptions of the column that are some."""
    rows = stored if isinstance(stored, dict) else {}
    return {name: policy_of(word) for name, word in sorted(rows.items()) if name in _NAMES and word in POLICIES}


def check(name: str, value: object) -> None:
    """
    Raises:
        ConfigurationRefused: a policy, a field or a list of exceptions that there is not.
    """
    if name == POLICY:
        _check_policy(name, value)
        return
    if not isinstance(value, Mapping):
        raise ConfigurationRefused(f"{name} must be fields with their policies", field=name)
    for field, policy in value.items():
        if field not in _NAMES:
            raise ConfigurationRefused(
                f"{name}: there is no field {str(field)[:60]!r}; fields: {', '.join(FIELDS)}", field=name
            )
        if policy is not None:
            _check_policy(name, policy)


def of_fields(exceptions: Mapping[str, Policy]) -> dict[str, Policy]:
    """Each field (``players.first_name``) that does not follow the usual policy, whichever way that was said."""
    found = {field: exceptions.get(field) or exceptions.get(field.partition(".")[2]) for field in FIELDS}
    return {field: policy for field, policy in found.items() if policy is not None}


def rewritten(before: Mapping[str, Policy], wanted: Mapping[str, Policy]) -> dict[str, Policy | None]:
    """The change of the exceptions after which those of `wanted` count, each for one field of one entity; empty where
    they do already. Those that stay are left out, but for parts of one for a column of several entities.
    """
    now = of_fields(before)
    if now in (dict(before), dict(wanted)):
        return {field: wanted.get(field) for field in {*now, *wanted} if now.get(field) != wanted.get(field)}
    return {**dict.fromkeys(before), **wanted}


def changed(before: Mapping[str, Policy], change: Mapping[str, Policy | None]) -> dict[str, Policy]:
    """The exceptions after a change, in which None removes one."""
    after: dict[str, Policy | None] = {**before, **change}
    return {field: policy for field, policy in sorted(after.items()) if policy is not None}


def _check_policy(name: str, value: object) -> None:
    if value not in POLICIES:
        raise ConfigurationRefused(f"{name} must be one of {', '.join(POLICIES)}", field=name)
