"""Settings: what is synced, how often, how many calls, who wins, and who is notified; coaches read them."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, cast

from fastapi import Response

from twizzit_pipeline.errors import ConfigurationRefused
from twizzit_pipeline.http_api.pages.forms import Form
from twizzit_pipeline.http_api.pages.routing import page_router
from twizzit_pipeline.http_api.pages.values import column_of
from twizzit_pipeline.http_api.pages.visits import ClubVisit, at_club
from twizzit_pipeline.policies import POLICIES, Policy
from twizzit_pipeline.scheduling import config, policies, recipients
from twizzit_pipeline.scheduling.config import ConfigChanges, SyncConfig

router = page_router()

_CHANGE = "PUT /sync/config/{credentialId}"
_WAS = "was"  # what the form showed when the page was opened
_OF_FIELD = "policy-of-"  # before the field, in the form
_UNITS: Mapping[str, int] = {"days": 1440, "hours": 60, "minutes": 1}


@router.get("/clubs/{credentialId}/settings")
def settings_page(at: Annotated[ClubVisit, at_club("GET /sync/config/{credentialId}")]) -> Response:
    """What the club's configuration says."""
    shown = _shown(config.read(at.visit.service.engine, at.id), _addresses(at))
    return _page(at, shown, was=json.dumps(shown, sort_keys=True))


@router.post("/clubs/{credentialId}/settings")
def change_settings(at: Annotated[ClubVisit, at_club(_CHANGE)]) -> Response:
    """Change what differs. What cannot be is shown as it was typed, with what is wrong."""
    engine, actor = at.visit.service.engine, at.visit.caller.actor
    now, notified = config.read(engine, at.id), _addresses(at)
    form = _meant(at.visit.form, _shown(now, notified))
    try:
        changes, addresses = _changes(form, now), recipients.checked(form.text("notify_to").splitlines())
        config.change(engine, at.id, actor=actor, **_differing(changes, now))
        if addresses != notified:
            recipients.change(engine, at.id, addresses, actor=actor)
    except ConfigurationRefused as error:
        return _page(at, _typed(form), was=at.visit.form.text(_WAS), field=error.field, code=400)
    return at.visit.go(f"{at.place}/settings", said=at.visit.texts("settings.saved"))


def _addresses(at: ClubVisit) -> tuple[str, ...]:
    """Who is notified: shown to those alone who may change it."""
    return recipients.read(at.visit.service.engine, at.id) if at.visit.may(_CHANGE) else ()


def _page(at: ClubVisit, shown: Mapping[str, Any], *, was: str, field: str | None = None, code: int = 200) -> Response:
    texts = at.visit.texts
    wrong = None
    if field is not None:
        wrong = (
            texts(f"settings.wrong.{field}") if texts.has(f"settings.wrong.{field}") else texts("settings.wrong.any")
        )
    return at.page(
        "settings.html",
        code=code,
        shown=shown,
        was=was,
        field=field,
        wrong=wrong,
        units=tuple(reversed(tuple(_UNITS))),
        policies=POLICIES,
        fields=_fields(at),
        may_change=at.visit.may(_CHANGE),
        now=config.read(at.visit.service.engine, at.id),
    )


def _shown(found: SyncConfig, addresses: tuple[str, ...]) -> dict[str, Any]:
    """The fields of the form as the configuration has them."""
    minutes = found.sync_interval_minutes
    unit = next(name for name, size in _UNITS.items() if minutes % size == 0)
    return {
        "sync_teams": found.sync_teams,
        "sync_players": found.sync_players,
        "sync_competitions": found.sync_competitions,
        "auto_sync_enabled": found.auto_sync_enabled,
        "review": found.review,
        "every": str(minutes // _UNITS[unit]),
        "unit": unit,
        "monthly_call_limit": "" if found.monthly_call_limit is None else str(found.monthly_call_limit),
        "notify_to": "\n".join(addresses),
        "conflict_policy": found.conflict_policy,
    } | {f"{_OF_FIELD}{field}": policy for field, policy in policies.of_fields(found.conflict_exceptions).items()}


def _meant(form: Form, now: Mapping[str, Any]) -> Form:
    """The form, with what its sender left as the page showed it as it is now: another person may have changed it since.

    Args:
        now: the fields of the form as the configuration has them now.
    """
    was = _read(form.text(_WAS))
    left = {name for name, value in _typed(form).items() if name in was and was[name] == value}
    if not left >= {"every", "unit"}:
        left -= {"every", "unit"}
    said = {name: now.get(name, "") for name in sorted(left)}
    boxes = [(name, "on") for name, value in said.items() if value is True]
    texts = [(name, value) for name, value in said.items() if isinstance(value, str)]
    return Form([*(one for one in form.fields if one[0] not in left), *boxes, *texts])


def _read(text: str) -> dict[str, Any]:
    """What the page had shown; nothing where that cannot be read. A field without a policy of its own shows none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return (
        dict.fromkeys((f"{_OF_FIELD}{field}" for field in policies.FIELDS), "") | found
        if isinstance(found, dict)
        else {}
    )


def _typed(form: Form) -> dict[str, Any]:
    """The values of the form as they were typed."""
    boxes = ("sync_teams", "sync_players", "sync_competitions", "auto_sync_enabled", "review")
    own = (f"{_OF_FIELD}{field}" for field in policies.FIELDS)
    texts = ("every", "unit", "monthly_call_limit", "notify_to", "conflict_policy", *own)
    said = {name: "\n".join(form.text(name).splitlines()) for name in texts}  # a browser sends CR LF
    return {name: form.checked(name) for name in boxes} | said


def _fields(at: ClubVisit) -> Mapping[str, Sequence[tuple[str, str]]]:
    """Entity → its fields that may have a policy of their own: name in the form, and in words."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for field in policies.FIELDS:
        entity, _, column = field.partition(".")
        found[entity].append((f"{_OF_FIELD}{field}", column_of(column, at.visit.texts)))
    return found


def _changes(form: Form, now: SyncConfig) -> ConfigChanges:
    """
    Raises:
        ConfigurationRefused: a number is none, or a policy.
    """
    limit = form.text("monthly_call_limit")
    return ConfigChanges(
        sync_teams=form.checked("sync_teams"),
        sync_players=form.checked("sync_players"),
        sync_competitions=form.checked("sync_competitions"),
        auto_sync_enabled=form.checked("auto_sync_enabled"),
        review=form.checked("review"),
        sync_interval_minutes=_number(form.text("every"), "sync_interval_minutes") * _UNITS.get(form.text("unit"), 1),
        monthly_call_limit=_number(limit, "monthly_call_limit") if limit else None,
        conflict_policy=_policy(form.text("conflict_policy"), policies.POLICY),
        conflict_exceptions=policies.rewritten(now.conflict_exceptions, _exceptions(form, now)),
    )


def _differing(changes: ConfigChanges, now: SyncConfig) -> ConfigChanges:
    """The changes without what is so already: another person may change that in this very moment."""
    found = {
        name: value
        for name, value in changes.items()
        if (value if name == policies.EXCEPTIONS else value != getattr(now, name))
    }
    return cast("ConfigChanges", found)


def _exceptions(form: Form, now: SyncConfig) -> dict[str, Policy]:
    """Field → its own policy, as the form says; of a field that it does not name, as it is now.

    Raises:
        ConfigurationRefused: one is no policy.
    """
    found = policies.of_fields(now.conflict_exceptions)
    for field in policies.FIELDS:
        if form.checked(f"{_OF_FIELD}{field}"):
            said = form.text(f"{_OF_FIELD}{field}")
            found.pop(field, None)
            if said:
                found[field] = _policy(said, policies.EXCEPTIONS)
    return found


def _policy(text: str, field: str) -> Policy:
    found = next((policy for policy in POLICIES if policy == text), None)
    if found is None:
        raise ConfigurationRefused(f"{field} must be one of {', '.join(POLICIES)}", field=field)
    return found


def _number(text: str, field: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 11):
        raise ConfigurationRefused(f"{field} must be a whole number", field=field)
    return int(text)
