"""Database URLs: an `@` in a password is taken as Node takes it, and no part of a password is ever shown."""

import traceback

import pytest
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr
from sqlalchemy import URL, create_engine, make_url

from twizzit_pipeline.errors import UnsupportedDatabase
from twizzit_pipeline.storage.urls import for_libpq, parse_url, settings_in, with_option

READ = {
    "postgresql://u:p@ss@host/db": ("u", "p@ss", "host", None, "db"),
    "postgres://u:@@@h:5433/d": ("u", "@@", "h", 5433, "d"),
    "postgresql://u:p%40ss@h/d": ("u", "p@ss", "h", None, "d"),
    "postgresql://u:p/w@h/d": ("u", "p/w", "h", None, "d"),
    "postgresql://u@tenant:p@w@h/d": ("u@tenant", "p@w", "h", None, "d"),
    "postgresql://u:p:w@h/d": ("u", "p:w", "h", None, "d"),
    " postgresql://u:pw@h/d\n": ("u", "pw", "h", None, "d"),
    "postgresql://u@h/d": ("u", None, "h", None, "d"),
    "postgresql:///d?host=/run": (None, None, None, None, "d"),
}


@pytest.mark.parametrize(("url", "wanted"), READ.items())
def test_a_url_is_read(url: str, wanted: tuple[object, ...]) -> None:
    read = parse_url(SecretStr(url), "TWIZZIT_DATABASE_URL")
    assert (read.username, read.password, read.host, read.port, read.database) == wanted


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hush@tail/more@h/d",
        "postgresql://u:hush@tail?more@h/d",
        "postgresql://u:hush@tail#more@h/d",
        "postgresql://u:hush@h/d?options=tail@more",
        "mysql://u:hush@tail@h/d",
        "postgresql://u:hush@tail@h:more/d",
        "postgresql://u:hush@tail@h1:more,h2/d",
        "postgresql://u:hush@tail@h1,/d",
        "postgresql://u:hush@h1,h2/d?host=more",
        "postgresql://u:hush@h1,h2/d?port=5432",
        "postgresql://u:hush@tail@h1,h2:more",
        "hush@tail",
    ],
)
def test_no_part_of_a_password_is_shown(url: str) -> None:
    with pytest.raises(UnsupportedDatabase, match=r"^TWIZZIT_DATABASE_URL") as caught:
        parse_url(SecretStr(url), "TWIZZIT_DATABASE_URL")
    said = "".join(traceback.format_exception(caught.value))
    assert not {"hush", "tail", "more"} & set(said.replace("@", " ").replace("/", " ").split())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("parameter", ["schema=public", "pgbouncer=true", "autocommit=1", "row_factory=x", "ssl=1"])
def test_a_parameter_of_another_library_is_refused(parameter: str) -> None:
    with pytest.raises(UnsupportedDatabase, match=f"has {parameter.partition('=')[0]} behind its .*leave it out"):
        parse_url(SecretStr(f"postgresql://u:p@h/d?sslmode=require&{parameter}"), "TWIZZIT_DATABASE_URL")


def test_what_libpq_reads_in_two_ways_is_read_in_both() -> None:
    read = parse_url(SecretStr("postgresql://u:p%40ss@%2Frun%2Fpost gres:5433/d?ssl=true"), "TWIZZIT_DATABASE_URL")
    assert (read.password, read.host, read.port) == ("p@ss", None, None)
    assert conninfo_to_dict(for_libpq(read)) == {
        "user": "u",
        "password": "p@ss",
        "host": "/run/post gres",
        "port": "5433",
        "dbname": "d",
        "sslmode": "require",
    }


SEVERAL = {
    "postgresql://u:p@ss@h1:5432,h2:5433/d?target_session_attrs=read-write": ("h1,h2", "5432,5433"),
    "postgresql://u:p%40ss@h1,h2:5433/d": ("h1,h2", "5432,5433"),
    "postgres://u:p@ss@h1,h2,h3/d": ("h1,h2,h3", "5432,5432,5432"),
    "postgresql://u:p@ss@[::1]:5433,127.0.0.1/d": ("::1,127.0.0.1", "5433,5432"),
    "postgresql://u:p%40ss@/d?host=h1:5433&host=h2": ("h1,h2", "5433,5432"),
    "postgresql://u:p%40ss@/d?host=h1,h2&port=1,2": ("h1,h2", "1,2"),
}


@pytest.mark.parametrize(("url", "wanted"), SEVERAL.items())
def test_several_hosts_are_spelled_as_every_driver_and_program_reads_them(url: str, wanted: tuple[str, str]) -> None:
    read = parse_url(SecretStr(url), "TWIZZIT_DATABASE_URL")
    assert (read.username, read.password, read.database) == ("u", "p@ss", "d")
    assert (read.host, read.port, read.query["host"], read.query["port"]) == (None, None, *wanted)
    for driver in ("psycopg", "psycopg2"):
        given = create_engine(read.set(drivername=f"postgresql+{driver}")).dialect.create_connect_args(read)[1]
        assert (given["host"], str(given["port"])) == wanted
    programs = conninfo_to_dict(for_libpq(read))
    assert (programs["host"], programs["port"]) == wanted
    assert programs.get("target_session_attrs") == read.query.get("target_session_attrs")


def test_the_settings_in_connection_options_are_distinguished() -> None:
    given = r"-csearch_path=dagster -c lock_timeout=5s --Statement-Timeout=3 -capplication_name=a\ b -clock_timeout=9s"
    assert settings_in(given) == {
        "search_path": "dagster",
        "lock_timeout": "9s",
        "statement_timeout": "3",
        "application_name": "a b",
    }


def test_options_are_kept_apart_for_programs_of_postgresql() -> None:
    """To libpq a `+` is no space, and may be part of a password."""
    url = make_url("postgresql+psycopg://u:a+b@h/d?options=-cjit%3Doff")
    url = url.update_query_dict({"options": with_option(url, "search_path=dagster")})
    assert for_libpq(url) == "postgresql://u:a+b@h/d?options=-cjit%3Doff%20-csearch_path%3Ddagster"


@pytest.mark.parametrize("odd", ["choose one", " a ", "+ +", "%20", "é€ 🤾", "a b@:/?#[]!$&'()*+,;=%\"\\<>^`{|}~-._"])
def test_programs_of_postgresql_read_every_name_and_password(odd: str) -> None:
    """A space is none of their URLs: they refused it in a line that showed the password."""
    url = URL.create("postgresql+psycopg", username=odd, password=odd, host="h", database=odd)
    read = conninfo_to_dict(for_libpq(url))
    assert (read["user"], read["password"], read["dbname"]) == (odd, odd, odd)
