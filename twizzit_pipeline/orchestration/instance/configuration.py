"""`DAGSTER_HOME/dagster.yaml`: our base, the numbers of the settings, and the operator's own file, which wins.

What belongs here: what that file holds and how the parts are put together. Nothing of ours ever writes the operator's
file. The one in DAGSTER_HOME is made from the parts; its first lines say so, with a sum of what follows, by which one
that a person changed is recognized.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.orchestration.instance.launchers import launcher_of, monitoring_of
from twizzit_pipeline.orchestration.run.lanes import LANE_TAG, places_of_a_slow_lane
from twizzit_pipeline.orchestration.run.limit import GRACE_SECONDS
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.settings.os_errors import why_refused

CONFIGURATION, OVERLAY = "dagster.yaml", "dagster.overlay.yaml"

_BACKFILL_KEY = "dagster/backfill"
_SUM = "# Sum: "
_HEADER = """\
# Written by twizzit, and written anew whenever one of its parts changes: the base of the package, the settings
# TWIZZIT_CONCURRENT_RUNS, TWIZZIT_RUN_SECONDS and TWIZZIT_RUN_LAUNCHER, and your own file (dagster.overlay.yaml in
# TWIZZIT_HOME, or TWIZZIT_DAGSTER_OVERLAY), which wins. Change that one.
"""


def overlay_of(settings: Settings) -> Path | None:
    """The operator's own file; None where there is none."""
    if settings.dagster_overlay is not None:
        return settings.dagster_overlay
    usual = settings.home.absolute() / OVERLAY
    return usual if usual.exists() else None


def configuration_text(settings: Settings) -> str:
    """What `DAGSTER_HOME/dagster.yaml` is to hold.

    Raises:
        SettingsError: the operator's file cannot be read, or is no mapping.
    """
    made = _with_settings(yaml.load(_base().read_text(encoding="utf-8"), yaml.CSafeLoader), settings)
    overlay = overlay_of(settings)
    if overlay is not None:
        made = merged(made, _read(overlay))
    body = yaml.dump(made, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=120)
    return f"{_HEADER}{_SUM}{_sum_of(body)}\n{body}"


def is_ours(text: str) -> bool:
    """Whether this is a file that `configuration_text` made, as it made it."""
    _, mark, rest = text.partition(_SUM)
    said, _, body = rest.partition("\n")
    return bool(mark) and said == _sum_of(body)


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `over` on it: mappings are merged, anything else is replaced, null takes a key away.

    Another class, and another kind of storage, replace ours with its whole configuration.
    """
    made = dict(base)
    for key, value in over.items():
        before = made.get(key)
        if value is None:
            made.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(before, Mapping) and key != "storage":
            made[key] = dict(value) if _names_another_class(before, value) else merged(before, value)
        else:
            made[key] = value
    return made


def _names_another_class(before: Mapping[str, Any], value: Mapping[str, Any]) -> bool:
    return "class" in value and (value.get("module"), value["class"]) != (before.get("module"), before.get("class"))


def _with_settings(base: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Dagster takes numbers from no variable."""
    places = settings.concurrent_runs
    launcher = launcher_of(settings)
    return merged(
        base if launcher is None else {**base, "run_launcher": launcher},
        {
            "run_monitoring": {
                "max_runtime_seconds": settings.run_seconds + GRACE_SECONDS,
                **monitoring_of(settings),
            },
            "concurrency": {
                "runs": {
                    "max_concurrent_runs": places,
                    "tag_concurrency_limits": [
                        {**each, "limit": _limit(each, places)}
                        for each in base["concurrency"]["runs"]["tag_concurrency_limits"]
                    ],
                }
            },
        },
    )


def _limit(each: Mapping[str, Any], places: int) -> int:
    """Half of the places for backfills, a quarter for each slow lane, one at least; what is said of any other key."""
    if each["key"] == LANE_TAG:
        return places_of_a_slow_lane(places)
    return max(1, places // 2) if each["key"] == _BACKFILL_KEY else int(each["limit"])


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {why_refused(error)}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: it is not UTF-8; save it as UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        raise SettingsError(
            f"{path}{where}: it is no YAML: {getattr(error, 'problem', None) or 'unreadable'}"
        ) from None
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise SettingsError(f"{path}: it must hold keys and values, as a dagster.yaml does")
    try:
        other = next(_keys_that_are_no_text(found), None)
    except RecursionError:
        raise SettingsError(f"{path}: it refers to itself by an alias (*): write that part out") from None
    if other is not None:
        raise SettingsError(
            f"{path}: a key must be text, and YAML reads one as {other}: correct it, or put it in quotes"
        )
    return found


def _keys_that_are_no_text(value: object) -> Iterator[str]:
    """Of every mapping in it: numbers, dates, nothing, and words such as ``on``, which YAML takes for true."""
    if isinstance(value, Mapping):
        yield from (str(key) for key in value if not isinstance(key, str))
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for part in parts:
        yield from _keys_that_are_no_text(part)


def _sum_of(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _base() -> Path:
    """Ours, beside this module: at the top of the project `dg` would take it for an instance of its own."""
    return Path(__file__).with_name(CONFIGURATION)
