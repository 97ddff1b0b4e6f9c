"""The settings of this moment: the environment and the `.env` file, read at run time and never at import."""

import os
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.settings import env_file
from twizzit_pipeline.settings.fields import Settings

_KINDS = {"integer": "a whole number", "number": "a number", "boolean": "1 or 0"}
_UNPREFIXED = {"DAGSTER_POSTGRES_URL", "JWT_SECRET"}  # names that other programs use as well


def load_settings(**overrides: object) -> Settings:
    """The settings of this moment's environment; keyword arguments win over it, and it wins over the `.env` file.

    `_env_file` among the arguments names another file, or None for none.

    Raises:
        SettingsError: a variable is malformed; the message names the variable and the rule, never the value.
    """
    path = overrides.pop("_env_file", ".env")
    of_file = {} if path is None else _fields(env_file.read(Path(str(path))))
    said = {**of_file, **_fields(os.environ)}
    _require_text(said)
    try:
        return Settings(**{**said, **overrides})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]).lower()
        why = str(first["ctx"]["error"]) if first["type"] == "value_error" else f"it must be {takes(field)}"
        raise SettingsError(f"{variable(field)}: {why}") from None


def given_variables(*, besides: Collection[str] = ()) -> dict[str, str]:
    """What the environment and the `.env` file say of the settings, by variable, for a process on another machine.

    Args:
        besides: fields that are left out.
    """
    said = {**_fields(env_file.read(Path(".env"))), **_fields(os.environ)}
    return {variable(field): value for field, value in said.items() if field not in besides}


def takes(field: str) -> str:
    """What a setting takes, in words: `a whole number from 1 to 1000`."""
    said = _schema()[field]
    one = said.get("anyOf", [said])[0]
    if "enum" in one:
        return f"one of {', '.join(one['enum'])}"
    least, most = one.get("minimum"), one.get("maximum")
    bounds = f" of {least} or more" if least is not None else ""
    bounds = f" from {least} to {most}" if None not in (least, most) else bounds
    return _KINDS.get(one["type"], "a text") + bounds


@cache
def _schema() -> Mapping[str, dict[str, Any]]:
    """What pydantic says of each field; to make it takes longer than all else that is done with settings."""
    found: dict[str, dict[str, Any]] = Settings.model_json_schema(by_alias=False)["properties"]
    return found


def _fields(variables: Mapping[str, str]) -> dict[str, str]:
    """The fields that these variables set, in capitals or not; an empty value sets nothing."""
    said = {name.upper(): value for name, value in variables.items() if value}
    return {field: said[name] for field in Settings.model_fields if (name := variable(field)) in said}


def _require_text(said: Mapping[str, str]) -> None:
    """
    Raises:
        SettingsError: a value holds what no other program takes: a zero byte, or bytes that are no UTF-8.
    """
    for field, value in said.items():
        try:
            is_text = b"\0" not in value.encode()
        except UnicodeEncodeError:
            is_text = False
        if not is_text:
            raise SettingsError(f"{variable(field)}: it holds a zero byte, or one that is not UTF-8: set it again")


def variable(field: str) -> str:
    """The environment variable of a setting."""
    name = field.upper()
    return name if name in _UNPREFIXED else f"TWIZZIT_{name}"
