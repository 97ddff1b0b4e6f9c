"""The settings: each with its type, its default, and what it is for."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from twizzit_pipeline.settings import rules

_IN_SMALL_LETTERS = BeforeValidator(rules.in_small_letters)


class Settings(BaseModel):
    """What the environment (or a ``.env`` file in the working directory) says, as `environment.load_settings` reads it.

    A further setting is a field here, with its default and description; a text that must look like something has its
    rule in `rules`. `environment.variable` is the name of its variable.
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
    run_launcher: Annotated[Literal["process", "celery", "kubernetes", "docker"], _IN_SMALL_LETTERS] = Field(
        "process", description="Where runs take place: processes here, Celery's workers, Jobs of Kubernetes, containers"
    )
    broker_url: Annotated[SecretStr, AfterValidator(rules.broker)] | None = Field(
        None, description="The broker between the daemon and Celery's workers, like redis://host:6379/0"
    )
    run_image: Annotated[str, AfterValidator(rules.image)] | None = Field(
        None, description="The image of runs in Kubernetes or Docker"
    )
    run_namespace: Annotated[str, AfterValidator(rules.namespace)] | None = Field(
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
    run_megabytes: Annotated[int, Field(ge=16, le=1_000_000)] = Field(
        1536, description="Megabytes of memory that what one run reads may take, as estimated; else it has failed"
    )
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
    api_host: Annotated[str, AfterValidator(rules.host)] = Field(
        "127.0.0.1", description="Address that the HTTP API listens on"
    )
    api_port: Annotated[int, Field(ge=0, le=65535)] = Field(8000, description="Port of the HTTP API; 0 is any free one")
    pages_url: Annotated[str, AfterValidator(rules.address_of_pages)] | None = Field(
        None, description="Where browsers reach the pages, like https://shotspot.example; default the API's address"
    )
    allowed_origins: Annotated[str, AfterValidator(rules.origins)] = Field(
        "", description="Origins whose pages may call the HTTP API, separated by commas"
    )
    ui_origins: Annotated[str, AfterValidator(rules.origins)] = Field(
        "", description="Origins of Dagster's UI behind a proxy, separated by commas"
    )
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
    log_format: Annotated[Literal["text", "json"], _IN_SMALL_LETTERS] = Field("text", description="How log lines look")
    log_level: Annotated[Literal["debug", "info", "warning", "error"], _IN_SMALL_LETTERS] = Field(
        "info", description="The least that is logged"
    )
    retention_days: Annotated[int, Field(ge=30, le=36500)] = Field(
        365, description="Days after which history, journal, usage and requests are pruned; audit rows never are"
    )
    first_sync_players: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        5,
        description="A first sync that finds almost none of its people is held if ShotSpot has so many players",
    )
    season_start: Annotated[str, AfterValidator(rules.month_and_day)] = Field(
        "07-01", description="Month and day on which a season without dates begins"
    )
    notify_webhook_url: Annotated[SecretStr, AfterValidator(rules.webhook)] | None = Field(
        None, description="Where notifications go as Slack-compatible JSON"
    )
    notify_urls: Annotated[SecretStr, AfterValidator(rules.urls)] | None = Field(
        None,
        description="URLs of apprise that get notifications, separated by spaces: Teams, Telegram, Matrix, …",
    )
    notify_email_from: Annotated[str, AfterValidator(rules.one_mail_address)] | None = Field(
        None, description="Address that notifications are sent from"
    )
    notify_email_to: Annotated[str, AfterValidator(rules.mail_addresses)] = Field(
        "", description="Addresses that notifications are sent to, separated by commas"
    )
    smtp_host: Annotated[str, AfterValidator(rules.host)] | None = Field(
        None, description="The mail server that takes notifications"
    )
    smtp_port: Annotated[int, Field(ge=1, le=65535)] | None = Field(
        None, description="Its port; 587 with STARTTLS, 465 with SSL and 25 without either, unless set"
    )
    smtp_username: str | None = Field(None, description="The login at the mail server, if it wants one")
    smtp_password: SecretStr | None = Field(None, description="The password of that login")
    smtp_security: Literal["starttls", "ssl", "none"] = Field(
        "starttls", description="How the connection to the mail server is encrypted"
    )

    @field_validator("run_launcher")
    @classmethod
    def _reachable_database(cls, value: str, info: ValidationInfo) -> str:
        if value != "process" and info.data.get("database_url") is None:
            raise ValueError(
                f"runs in {value} cannot reach the embedded database: set TWIZZIT_DATABASE_URL to a PostgreSQL that "
                "all of them reach"
            )
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
        return rules.listed(self.notify_email_to)

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
        return rules.listed(self.allowed_origins)

    @property
    def own_ui_origins(self) -> tuple[str, ...]:
        """`ui_origins`, one by one."""
        return rules.listed(self.ui_origins)

    @property
    def embedded(self) -> bool:
        """Whether the embedded PostgreSQL is in use."""
        return self.database_url is None
