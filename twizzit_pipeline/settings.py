"""The environment, read here and nowhere else, at run time and never at import."""

import os
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator

from twizzit_pipeline import env_file
from twizzit_pipeline.errors import SettingsError

_OF_PROCESSES = {"TWIZZIT_UP"}  # what `twizzit up` marks its processes with
_KINDS = {"integer": "a whole number", "number": "a number", "boolean": "1 or 0"}
_UNPREFIXED = {"DAGSTER_POSTGRES_URL", "JWT_SECRET"}  # names that other programs use as well


class Settings(BaseModel):
    """What the environment (or a ``.env`` file in the working directory) says.

    Made by `load_settings`; the environment's names are the fields' in capitals with ``TWIZZIT_`` before them, except
    for those in `_UNPREFIXED`.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, allow_inf_nan=False)

    home: Path = Field(Path(".twizzit"), description="Folder of the embedded database, its key and Dagster's files")
    database_url: SecretStr | None = Field(None, description="Your own PostgreSQL; the embedded one never starts then")
    dagster_postgres_url: SecretStr | None = Field(
        None,
        description="Where Dagster keeps its own tables; by default the schema `dagster` of the same database",
    )
    dagster_overlay: Path | None = Field(
        None, description="Your own part of dagster.yaml; by default `dagster.overlay.yaml` in TWIZZIT_HOME"
    )
    concurrent_runs: Annotated[int, Field(ge=1, le=1000)] = Field(
        4, description="Runs of Dagster's under way at once, on all machines together"
    )
    run_launcher: Literal["process", "celery", "kubernetes", "docker"] = Field(
        "process", description="Where runs take place: processes here, Celery's workers, Jobs of Kubernetes, containers"
    )
    broker_url: SecretStr | None = Field(
        None, description="The broker between the daemon and Celery's workers, like redis://host:6379/0"
    )
    run_image: str | None = Field(None, description="The image of runs in Kubernetes or Docker")
    run_namespace: str | None = Field(
        None, description="The namespace of runs in Kubernetes; that of the daemon's pod, unless set"
    )
    dagster_retention_days: Annotated[int, Field(ge=1, le=36500)] = Field(
        30,
        description="Days after which Dagster's own runs and events are pruned, but for the newest of each partition",
    )
    encryption_key: SecretStr | None = Field(None, description="64 hexadecimal characters, or ShotSpot's key as it is")
    encryption_key_previous: SecretStr | None = Field(
        None, description="The key before it, while passwords are stored with it still"
    )
    allow_private_endpoints: bool = Field(False, description="Accept endpoints on loopback and private addresses")
    concurrent_requests: Annotated[int, Field(ge=1, le=32)] = Field(4, description="Calls under way at once")
    requests_per_second: Annotated[float, Field(ge=0.001, le=100_000)] = Field(
        10.0, description="Calls a second at most, of all processes to one Twizzit host"
    )
    request_timeout: Annotated[float, Field(ge=0.001, le=86_400)] = Field(
        30.0, description="Seconds that one call may take, from connecting to the last byte"
    )
    retry_attempts: Annotated[int, Field(ge=1)] = Field(5, description="Tries of one call, the first included")
    retry_seconds: Annotated[float, Field(ge=0, le=604_800)] = Field(
        120.0, description="Seconds that the tries of one call may take"
    )
    call_ceiling: Annotated[int, Field(ge=1)] = Field(5000, description="Calls that one run may make at most")
    run_seconds: Annotated[int, Field(ge=1, le=604_800)] = Field(
        3600, description="Seconds that one run may take; then it is ended, and has failed"
    )
    step_retries: Annotated[int, Field(ge=0, le=10)] = Field(
        2, description="How often a step of an orchestrated run is tried again after a failure that may pass"
    )
    step_retry_seconds: Annotated[float, Field(ge=0, le=900)] = Field(
        60.0, description="Seconds until the first of those tries, at least; twice as many before each further one"
    )
    departure_grace_days: Annotated[int, Field(ge=0, le=365)] = Field(
        7, description="Days between the proof that a person or a match is gone from Twizzit and what is final about it"
    )
    departure_share: Annotated[float, Field(ge=0, le=1)] = Field(
        0.2, description="Share of a club that may leave within a day; more is held back until a person approves it"
    )
    departure_least: Annotated[int, Field(ge=1)] = Field(
        5, description="How many must leave within a day, at least, to be held back"
    )
    jwt_secret: SecretStr | None = Field(
        None,
        description="ShotSpot's secret of its tokens, 32 characters or more; the HTTP API takes the same tokens",
    )
    api_host: str = Field("127.0.0.1", description="Address that the HTTP API listens on")
    api_port: Annotated[int, Field(ge=0, le=65535)] = Field(8000, description="Port of the HTTP API; 0 is any free one")
    pages_url: str | None = Field(
        None, description="Where browsers reach the pages, like https://shotspot.example; default the API's address"
    )
    allowed_origins: str = Field("", description="Origins whose pages may call the HTTP API, with commas between")
    ui_origins: str = Field("", description="Origins of Dagster's UI behind a proxy, with commas between")
    ui_read_only: bool = Field(False, description="Dagster's UI shows everything and changes nothing")
    api_verifications_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        10, description="Verify calls of one user"
    )
    api_live_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        60, description="Calls of one user for live answers"
    )
    api_syncs_per_hour: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        60, description="Syncs that one user may ask for of one credential"
    )
    log_format: Literal["text", "json"] = Field("text", description="How log lines look")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least that is logged")
    retention_days: Annotated[int, Field(ge=30, le=36500)] = Field(
        365, description="Days after which history, journal, usage and requests are pruned; audit rows never are"
    )
    first_sync_players: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        5, description="Players in ShotSpot from which on a first sync that finds almost none of its people is held"
    )
    season_start: str = Field("07-01", description="Month and day on which a season without dates begins")
    notify_webhook_url: SecretStr | None = Field(None, description="Where notifications go as Slack-compatible JSON")
    notify_urls: SecretStr | None = Field(
        None,
        description="URLs of apprise that get notifications, with spaces between: Teams, Telegram, Matrix, …",
    )
    notify_email_from: str | None = Field(None, description="Address that notifications are sent from")
    notify_email_to: str = Field("", description="Addresses that notifications are sent to, with commas between")
    smtp_host: str | None = Field(None, description="The mail server that takes notifications")
    smtp_port: Annotated[int, Field(ge=1, le=65535)] | None = Field(
        None, description="Its port; 587 with STARTTLS, 465 with SSL and 25 without either, unless set"
    )
    smtp_username: str | None = Field(None, description="The login at the mail server, if it wants one")
    smtp_password: SecretStr | None = Field(None, description="The password of that login")
    smtp_security: Literal["starttls", "ssl", "none"] = Field(
        "starttls", description="How the connection to the mail server is encrypted"
    )

    @field_validator("log_format", "log_level", "run_launcher", mode="before")
    @classmethod
    def _small_letters(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("run_launcher")
    @classmethod
    def _reachable_database(cls, value: str, info: ValidationInfo) -> str:
        if value != "process" and info.data.get("database_url") is None:
            raise ValueError(
                f"runs in {value} cannot reach the embedded database: set TWIZZIT_DATABASE_URL to a PostgreSQL that "
                "all of them reach"
            )
        return value

    @field_validator("run_namespace")
    @classmethod
    def _namespace(cls, value: str | None) -> str | None:
        if value is not None and re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", value) is None:
            raise ValueError("it must be the name of a namespace: 1 to 63 small letters, digits and inner hyphens")
        return value

    @field_validator("run_image")
    @classmethod
    def _image(cls, value: str | None) -> str | None:
        if value is not None and re.fullmatch(r"[!-~]+", value) is None:
            raise ValueError("it must be the name of an image, without spaces, like registry.example/twizzit:1.2")
        return value

    @field_validator("broker_url")
    @classmethod
    def _broker(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and re.fullmatch(r"[a-z][a-z0-9+]*://[!-~]+", value.get_secret_value()) is None:
            raise ValueError("it must be a URL like redis://:password@host:6379/0")
        return value

    @field_validator("season_start")
    @classmethod
    def _month_and_day(cls, value: str) -> str:
        with suppress(ValueError):
            if re.fullmatch(r"[0-9]{2}-[0-9]{2}", value):
                date.fromisoformat(f"2001-{value}")
                return value
        raise ValueError("it must be a month and a day, like 07-01")

    @field_validator("allowed_origins", "ui_origins")
    @classmethod
    def _origins(cls, value: str) -> str:
        for origin in _listed(value):
            if re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/?#\s@*]+", origin) is None:
                raise ValueError(
                    "each origin is a scheme and a host, like https://shotspot.example or capacitor://localhost, "
                    "without a slash"
                )
        return value

    @field_validator("pages_url")
    @classmethod
    def _base(cls, value: str | None) -> str | None:
        if value is not None and re.fullmatch(r"https?://[A-Za-z0-9.:\[\]_-]+/?", value) is None:
            raise ValueError("it must be a scheme and a host, like https://shotspot.example, without a path")
        return value

    @field_validator("api_host", "smtp_host")
    @classmethod
    def _host(cls, value: str | None) -> str | None:
        if value is not None and not _is_host(value):
            raise ValueError("it must be the name or the address of one machine, without a port, like 127.0.0.1 or ::1")
        return value

    @field_validator("notify_webhook_url")
    @classmethod
    def _webhook(cls, value: SecretStr | None) -> SecretStr | None:
        url = r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\])(:\d{1,5})?([/?][!-~]*)?"
        if value is not None and re.fullmatch(url, value.get_secret_value()) is None:
            raise ValueError("it must be a URL like https://hooks.example/services/T0/B0/secret")
        return value

    @field_validator("notify_urls")
    @classmethod
    def _urls(cls, value: SecretStr | None) -> SecretStr | None:
        for number, url in enumerate((value.get_secret_value() if value is not None else "").split(), 1):
            if re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,29}://[!-~]+", url) is None:
                raise ValueError(
                    f"URL {number} must be one like ntfy://topic or tgram://token/chat, with spaces between"
                )
        return value

    @field_validator("notify_email_from")
    @classmethod
    def _one_address(cls, value: str | None) -> str | None:
        if len(_listed(value or "")) > 1:
            raise ValueError("it must be one address, like twizzit@club.example")
        return value

    @field_validator("notify_email_from", "notify_email_to")
    @classmethod
    def _addresses(cls, value: str | None) -> str | None:
        for address in _listed(value or ""):
            if re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+", address) is None:
                raise ValueError("each address must be bare, like admin@club.example, with commas between")
        return value

    @property
    def notify_url_list(self) -> tuple[SecretStr, ...]:
        """`notify_urls`, one by one."""
        return tuple(
            SecretStr(url) for url in (self.notify_urls.get_secret_value() if self.notify_urls else "").split()
        )

    @property
    def notify_email_recipients(self) -> tuple[str, ...]:
        """`notify_email_to`, one by one."""
        return _listed(self.notify_email_to)

    @property
    def pages_base(self) -> str:
        """Where browsers reach the pages; where it is not said, the address that the API listens on."""
        if self.pages_url is not None:
            return self.pages_url.rstrip("/")
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.api_host, self.api_host)  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.api_port}"

    @property
    def origins(self) -> tuple[str, ...]:
        """`allowed_origins`, one by one."""
        return _listed(self.allowed_origins)

    @property
    def own_ui_origins(self) -> tuple[str, ...]:
        """`ui_origins`, one by one."""
        return _listed(self.ui_origins)

    @property
    def embedded(self) -> bool:
        """Whether the embedded PostgreSQL is in use."""
        return self.database_url is None


def _is_host(value: str) -> bool:
    """Whether it has the form of a name or an address; `socket` raises another error for a part that is too long."""
    with suppress(ValueError):
        return bool(ip_address(value))
    return len(value) < 254 and re.fullmatch(r"\w[\w-]{0,62}(\.\w[\w-]{0,62})*\.?", value) is not None


def _listed(value: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, value.split(","))))


def load_settings(**overrides: object) -> Settings:
    """The settings of this moment's environment; keyword arguments win over it, and it wins over the `.env` file.

    `_env_file` among the arguments names another file, or None for none.

    Raises:
        SettingsError: a variable is malformed; the message names the variable and the rule, never the value.
    """
    path = overrides.pop("_env_file", ".env")
    of_file = {} if path is None else _fields(_read(Path(str(path))))
    said = {**of_file, **_fields(os.environ)}
    _require_text(said)
    try:
        return Settings(**{**said, **overrides})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]).lower()
        why = str(first["ctx"]["error"]) if first["type"] == "value_error" else f"it must be {takes(field)}"
        raise SettingsError(f"{_variable(field)}: {why}") from None


def given_variables(*, besides: Collection[str] = ()) -> dict[str, str]:
    """What the environment and the `.env` file say of the settings, by variable, for a process on another machine.

    Args:
        besides: fields that are left out.
    """
    said = {**_fields(_read(Path(".env"))), **_fields(os.environ)}
    return {_variable(field): value for field, value in said.items() if field not in besides}


def takes(field: str) -> str:
    """What a setting takes, in words: `a whole number from 1 to 1000`."""
    said = Settings.model_json_schema(by_alias=False)["properties"][field]
    one = said.get("anyOf", [said])[0]
    if "enum" in one:
        return f"one of {', '.join(one['enum'])}"
    least, most = one.get("minimum"), one.get("maximum")
    bounds = f" of {least} or more" if least is not None else ""
    bounds = f" from {least} to {most}" if None not in (least, most) else bounds
    return _KINDS.get(one["type"], "a text") + bounds


def _fields(variables: Mapping[str, str]) -> dict[str, str]:
    """The fields that these variables set, in capitals or not; an empty value sets nothing."""
    said = {name.upper(): value for name, value in variables.items() if value}
    return {field: said[name] for field in Settings.model_fields if (name := _variable(field)) in said}


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
            raise SettingsError(f"{_variable(field)}: it holds a zero byte, or one that is not UTF-8: write it anew")


def _read(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        return env_file.parse(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: it is not UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise SettingsError(f"{path}: it cannot be read: {error.strerror or type(error).__name__}") from None


def _variable(field: str) -> str:
    name = field.upper()
    return name if name in _UNPREFIXED else f"TWIZZIT_{name}"


@dataclass(frozen=True, slots=True)
class Unread:
    """A variable that looks like this project's, and that nothing reads; its value is not kept.

    Attributes:
        where: ``environment``, or ``.env``.
        nearest: the variable that may be meant; None where none is like it.
    """

    name: str
    where: str
    nearest: str | None


def unread_variables() -> list[Unread]:
    """Variables of the environment and of `.env` that begin like this project's and that nothing reads, by name."""
    known = {_variable(field) for field in Settings.model_fields}
    present = {
        **dict.fromkeys(_read(Path(".env")), ".env"),
        **dict.fromkeys(os.environ, "environment"),
    }
    unread = sorted((name, where) for name, where in present.items() if name.upper().startswith("TWIZZIT_"))
    return [
        Unread(name, where, _nearest(name.upper(), known))
        for name, where in unread
        if name.upper() not in known | _OF_PROCESSES
    ]


def _nearest(name: str, known: Collection[str]) -> str | None:
    bare = name.removeprefix("TWIZZIT_")
    if bare in known:
        return bare
    return next(iter(get_close_matches(name, sorted(known), n=1, cutoff=0.75)), None)


def set_in_process(**changes: str) -> None:
    """Sets variables for this process, whose libraries read them, and for its children."""
    os.environ.update(changes)


def process_environment(**changes: str) -> dict[str, str]:
    """The environment for a process that we start: this one's, with `changes`."""
    return {**os.environ, **changes}


def process_environment_of(*names: str) -> dict[str, str]:
    """The environment for a process that needs nothing of this one's but these variables, where they are set."""
    return {name: os.environ[name] for name in names if name in os.environ}
