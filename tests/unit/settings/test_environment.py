"""The environment: its names, its rules, and that values stay out of errors."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.http_api.server import listen
from twizzit_pipeline.local.ports import taken_for
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.settings.environment import given_variables, takes


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory without a `.env`."""
    monkeypatch.chdir(tmp_path)


def test_without_any_variable_the_database_is_embedded_in_the_working_directory() -> None:
    settings = load_settings()
    assert settings.embedded
    assert settings.home == Path(".twizzit")
    assert settings.encryption_key is None
    assert settings.allow_private_endpoints is False


def test_variables_are_read_when_asked_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_settings()
    monkeypatch.setenv("TWIZZIT_DATABASE_URL", "postgresql://u:hush@db/x")
    monkeypatch.setenv("TWIZZIT_CONCURRENT_REQUESTS", "7")
    monkeypatch.setenv("TWIZZIT_ALLOW_PRIVATE_ENDPOINTS", "1")
    after = load_settings()
    assert before.embedded
    assert not after.embedded
    assert (after.concurrent_requests, after.allow_private_endpoints) == (7, True)


def test_dagsters_url_keeps_dagsters_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", "postgresql://u@db/dagster")
    url = load_settings().dagster_postgres_url
    assert url is not None
    assert url.get_secret_value() == "postgresql://u@db/dagster"


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIZZIT_DATABASE_URL", "")
    assert load_settings().embedded


def test_a_dot_env_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("TWIZZIT_REQUEST_TIMEOUT=3\nTWIZZIT_RETRY_ATTEMPTS=2\nUNRELATED=x\n", encoding="utf-8")
    monkeypatch.setenv("TWIZZIT_RETRY_ATTEMPTS", "4")
    settings = load_settings()
    assert (settings.request_timeout, settings.retry_attempts) == (3.0, 4)


def test_what_is_given_goes_on_to_another_machine_by_the_names_of_variables(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("TWIZZIT_RUN_SECONDS=60\nJWT_SECRET=hush\nTWIZZIT_STEP_RETRIES=1\n")
    monkeypatch.setenv("twizzit_step_retries", "0")
    monkeypatch.setenv("TWIZZIT_SMTP_HOST", "")
    found = given_variables(besides={"jwt_secret"})
    assert found == {"TWIZZIT_RUN_SECONDS": "60", "TWIZZIT_STEP_RETRIES": "0"}


def test_arguments_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIZZIT_CALL_CEILING", "10")
    assert load_settings(call_ceiling=20).call_ceiling == 20


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TWIZZIT_CONCURRENT_REQUESTS", "0"),
        ("TWIZZIT_CONCURRENT_REQUESTS", "many"),
        ("TWIZZIT_REQUESTS_PER_SECOND", "-1"),
        ("TWIZZIT_RETRY_SECONDS", "-0.5"),
        ("TWIZZIT_CALL_CEILING", "0"),
        ("TWIZZIT_SEASON_START", "13-01"),
        ("TWIZZIT_SEASON_START", "02-30"),
        ("TWIZZIT_PAGES_URL", "shotspot.example"),
        ("TWIZZIT_PAGES_URL", "https://shotspot.example/twizzit"),
        ("TWIZZIT_PAGES_URL", "javascript://x"),
        *(
            (name, value)
            for name in ("TWIZZIT_API_HOST", "TWIZZIT_SMTP_HOST")
            for value in (
                "a b",
                " ",
                "127.0.0.1:8000",
                "http://host",
                "[::1]",
                "a..b",
                "-a",
                "host/x",
                "a" * 64,
                "1::2::3",
            )
        ),
    ],
)
def test_a_malformed_variable_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name}: ") as caught:
        load_settings()
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


# Field → values that it refuses; the rest takes any text, whose meaning is judged where it is used.
REFUSED = {
    "whole numbers": ["many", "-1", "1.5", "nan", "inf", " ", "1e3x"],
    "numbers": ["many", "-1", "nan", "inf", "-inf", " ", "1e308"],
    "words": ["many", "-1", " "],
    "others": ["?? ??"],
}
TAKES_ANY_TEXT = {
    "home", "database_url", "dagster_postgres_url", "dagster_overlay", "encryption_key", "encryption_key_previous",
    "jwt_secret", "smtp_username", "smtp_password",
}  # fmt: skip


def refused_values() -> Iterator[tuple[str, str]]:
    for field in sorted(set(Settings.model_fields) - TAKES_ANY_TEXT):
        said = takes(field)
        kinds = {"a whole": "whole numbers", "a numbe": "numbers", "a text": "others"}
        yield from ((field, value) for value in REFUSED[kinds.get(said[:7], "words")])


def test_a_setting_that_is_wrong_is_one_plain_line_without_the_value() -> None:
    for field, value in refused_values():
        name = f"TWIZZIT_{field.upper()}"
        with pytest.MonkeyPatch.context() as patch, pytest.raises(SettingsError) as caught:
            patch.setenv(name, value)
            load_settings()
        said = str(caught.value)
        plain = rf"{name}: (it must be|each origin is|each address must be|URL 1 must be) [^\n]+"
        assert re.fullmatch(plain, said), (field, value)
        assert not re.search(r"(?i)value error|input should|isoformat|string should|unable to", said), said
        assert value.strip() in ("", "-1", "nan", "inf", "-inf", "1.5") or value not in said, (field, value)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("concurrent_runs", "a whole number from 1 to 1000"),
        ("call_ceiling", "a whole number of 1 or more"),
        ("request_timeout", "a number from 0.001 to 86400"),
        ("requests_per_second", "a number from 0.001 to 100000"),
        ("retry_seconds", "a number from 0 to 604800"),
        ("departure_share", "a number from 0 to 1"),
        ("smtp_port", "a whole number from 1 to 65535"),
        ("ui_read_only", "1 or 0"),
        ("log_format", "one of text, json"),
    ],
)
def test_what_a_setting_takes_in_words(field: str, words: str) -> None:
    assert takes(field) == words


@pytest.mark.parametrize("field", sorted(TAKES_ANY_TEXT))
def test_bytes_that_are_no_text_are_refused_in_one_line(monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    name = field.upper() if field in ("jwt_secret", "dagster_postgres_url") else f"TWIZZIT_{field.upper()}"
    Path(".env").write_text(f"{name}=a\0b\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=f"^{name}: it holds a zero byte, or one that is not UTF-8: set it again$"):
        load_settings()
    monkeypatch.setenv(name, "a\udce9")  # as Python reads a byte that is no UTF-8
    with pytest.raises(SettingsError, match=f"^{name}: it holds a zero byte, or one that is not UTF-8: set it again$"):
        load_settings()
    monkeypatch.setenv(name, "café")
    assert load_settings()


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "::1", "fe80::1%eth0", "localhost", "my_host-1.example.", "boîte.example"]
)
def test_a_host_is_a_name_or_an_address(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("TWIZZIT_API_HOST", host)
    assert load_settings().api_host == host


@pytest.mark.parametrize("host", ["a b", "a" * 64, "a..b", "\udce9"])
def test_an_option_that_is_no_host_is_no_address_of_this_machine(host: str) -> None:
    for refused in (lambda: listen(host, 0), lambda: taken_for("The HTTP API", host, 0, "--api-port")):
        with pytest.raises(SettingsError, match="is no address of this machine"):
            refused()


def test_runs_elsewhere_need_a_database_that_they_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIZZIT_RUN_LAUNCHER", "celery")
    with pytest.raises(SettingsError, match=r"^TWIZZIT_RUN_LAUNCHER: runs in celery cannot reach the embedded"):
        load_settings()


def test_secrets_are_masked_wherever_settings_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIZZIT_DATABASE_URL", "postgresql://u:hush@db/x")
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", "postgresql://u:hush@db/x")
    monkeypatch.setenv("TWIZZIT_ENCRYPTION_KEY", "cafe" * 16)
    settings = load_settings()
    shown = f"{settings!r} {settings} {settings.model_dump_json()}"
    assert "hush" not in shown
    assert "cafe" not in shown


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().call_ceiling = 1


def test_the_pages_are_where_it_is_said_or_where_the_api_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().pages_base == "http://127.0.0.1:8000"
    assert load_settings(api_host="0.0.0.0", api_port=9).pages_base == "http://127.0.0.1:9"
    assert load_settings(api_host="::1").pages_base == "http://[::1]:8000"
    monkeypatch.setenv("TWIZZIT_PAGES_URL", "https://shotspot.example:8443/")
    assert load_settings().pages_base == "https://shotspot.example:8443"


def test_the_season_start_is_a_day_of_a_year() -> None:
    month, day = (int(part) for part in load_settings().season_start.split("-"))
    assert date(2026, month, day) == date(2026, 7, 1)


def test_a_dot_env_file_that_node_wrote_means_the_same_here(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (
        "\ufeffexport TWIZZIT_DATABASE_URL='postgresql://u:p#w$x@h/d' # ours",
        "TWIZZIT_NOTIFY_EMAIL_TO=",
        'JWT_SECRET=`it\'s "long"`',
        'TWIZZIT_SMTP_PASSWORD="one\\ntwo"',
    )
    Path(".env").write_text("\r\n".join(lines), encoding="utf-8")
    settings = load_settings()
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://u:p#w$x@h/d"
    assert settings.jwt_secret is not None
    assert settings.jwt_secret.get_secret_value() == 'it\'s "long"'
    assert settings.smtp_password is not None
    assert settings.smtp_password.get_secret_value() == "one\ntwo"
    assert settings.notify_email_to == ""


def test_a_dot_env_file_that_is_not_utf_8_is_one_line() -> None:
    Path(".env").write_bytes("JWT_SECRET=é".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"^\.env: it is not UTF-8; save it as UTF-8$"):
        load_settings()
