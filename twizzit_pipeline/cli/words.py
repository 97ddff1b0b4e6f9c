"""The options of `twizzit config set` that say what a word of the account means, and how that is shown.

What belongs here: parsing ``NAME=MEANING`` and formatting it. What a word may mean is in `scheduling.meanings`.
"""

from collections.abc import Iterator, Mapping, Sequence

import typer

from twizzit_pipeline.errors import ConfigurationRefused
from twizzit_pipeline.policies import POLICIES, Policy
from twizzit_pipeline.scheduling import policies
from twizzit_pipeline.scheduling.config import ConfigChanges, SyncConfig
from twizzit_pipeline.scheduling.meanings import LISTS

# Option → the list that it changes. The option's name is also how an account's message names the command.
OPTIONS: Mapping[str, str] = {
    "--function": "functions",
    "--event-type": "event_types",
    "--group-type": "group_types",
    "--status": "statuses",
}
_HEADINGS = {"functions": "Functions", "event_types": "Events", "group_types": "Groups", "statuses": "Statuses"}


def meaning_changes(given: Mapping[str, Sequence[str] | None]) -> ConfigChanges:
    """The changes that these options ask for.

    Args:
        given: option → its values, each ``NAME=MEANING``; a name may hold "=", since it ends at the last one, and
            nothing after that forgets what was said of the name.

    Raises:
        typer.BadParameter: a value that is none of these.
    """
    found = {OPTIONS[option]: dict(_pairs(option, values)) for option, values in given.items() if values}
    changes = ConfigChanges()
    if "functions" in found:
        changes["functions"] = found["functions"]
    if "event_types" in found:
        changes["event_types"] = found["event_types"]
    if "group_types" in found:
        changes["group_types"] = found["group_types"]
    if "statuses" in found:
        changes["statuses"] = found["statuses"]
    return changes


def policy_changes(policy: str | None, of_fields: Sequence[str] | None) -> ConfigChanges:
    """The changes that the options `--conflicts` and `--conflicts-of` ask for.

    Raises:
        typer.BadParameter: a policy or a field that there is not.
    """
    changes = ConfigChanges()
    if policy is not None:
        changes["conflict_policy"] = _policy(policy, "--conflicts")
    if of_fields:
        option, exceptions = "--conflicts-of", dict[str, Policy | None]()
        for value in of_fields:
            field, equals, said = (part.strip() for part in value.rpartition("="))
            if not equals or field in exceptions:
                why = "is there twice" if equals else "is not FIELD=POLICY (FIELD= removes it)"
                raise typer.BadParameter(f"{field if equals else value!r} {why}", param_hint=option)
            exceptions[field] = _policy(said, option) if said else None
        try:
            policies.check(policies.EXCEPTIONS, exceptions)
        except ConfigurationRefused as error:
            raise typer.BadParameter(str(error).removeprefix(f"{policies.EXCEPTIONS}: "), param_hint=option) from None
        changes["conflict_exceptions"] = exceptions
    return changes


def _policy(said: str, option: str) -> Policy:
    found = next((policy for policy in POLICIES if policy == said.strip()), None)
    if found is None:
        raise typer.BadParameter(f"{said!r} is none of {', '.join(POLICIES)}", param_hint=option)
    return found


def meaning_lines(found: SyncConfig) -> Iterator[tuple[str, str]]:
    """What was said of words, a line each: the list's heading before its first word, and ``NAME = MEANING``."""
    for name, heading in _HEADINGS.items():
        for number, (word, meaning) in enumerate(getattr(found, name).items()):
            yield ("" if number else f"{heading}:"), f"{word} = {meaning}"


def _pairs(option: str, values: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    allowed = LISTS[OPTIONS[option]]
    seen: set[str] = set()
    for value in values:
        word, equals, meaning = (part.strip() for part in value.rpartition("="))
        if not equals or not word or meaning not in ("", *allowed):
            usual = " or ".join(f"NAME={one}" for one in allowed)
            raise typer.BadParameter(f"{value!r} is not {usual} (NAME= forgets it)", param_hint=option)
        if word in seen:
            raise typer.BadParameter(f"{word!r} is there twice", param_hint=option)
        seen.add(word)
        yield word, meaning or None
