"""Database URLs: how they are spelled, read without ever showing a password, and the options in them."""

import re
from urllib.parse import unquote

from psycopg import pq
from pydantic import SecretStr
from sqlalchemy import URL, make_url
from sqlalchemy import exc as sqlalchemy_errors

from twizzit_pipeline.errors import UnsupportedDatabase

PORT = 5432  # PostgreSQL's, where a URL names none
_SPELLINGS = frozenset({"postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2"})
_PLACE = re.compile(r"(\[[^\[\]]+\]|[^:\[\]]+)(?::(\d*))?")
_OPTION = re.compile(r"(?:-c\s*|--)([A-Za-z_][\w.-]*)=((?:\\.|\S)*)")


def parse_url(secret: SecretStr, variable: str) -> URL:
    """The URL; an `@` in its password may stand as it is, as ShotSpot's Node takes it.

    Several hosts (`h1:5432,h2:5433`, as libpq takes them) are in its query, as `host=h1,h2&port=5432,5433`: SQLAlchemy,
    both drivers and PostgreSQL's own programs read that alike, and nothing else.

    Args:
        variable: where it comes from, for the message.

    Raises:
        UnsupportedDatabase: it names no PostgreSQL, or has a parameter that libpq has not, or where its password ends
            cannot be said. No part of the password is in the message.
    """
    text = _with_at_signs_encoded(secret.get_secret_value().strip(), variable)
    try:
        url = _with_hosts_in_query(text, variable)
    except (sqlalchemy_errors.ArgumentError, ValueError):
        raise UnsupportedDatabase(
            f"{variable} is no database URL: write postgresql://user:password@host:5432/database"
        ) from None
    if url.drivername not in _SPELLINGS:
        raise UnsupportedDatabase(
            f"{variable} names {url.drivername!r}: only PostgreSQL is supported, as postgresql://user@host:5432/database"
        )
    return _with_libpqs_parameters(url, variable)


def with_option(url: URL, option: str) -> str:
    """The URL's `options` with one more; the last of a name counts."""
    given = url.query.get("options", "")
    before = given if isinstance(given, str) else " ".join(given)
    return f"{before} -c{option}".strip()


def for_libpq(url: URL) -> str:
    """The URL, password and all, as PostgreSQL's own programs and psycopg read it: to them a `+` is no space, and a
    space is none of a URL.

    >>> for_libpq(make_url("postgresql+psycopg://u:a+b%20c@h/d?options=-cjit%3Doff%20-cwork_mem%3D8MB"))
    'postgresql://u:a+b%20c@h/d?options=-cjit%3Doff%20-cwork_mem%3D8MB'
    """
    place, mark, query = url.set(drivername="postgresql").render_as_string(hide_password=False).partition("?")
    return place.replace(" ", "%20") + mark + query.replace("+", "%20")


def settings_in(options: str) -> dict[str, str]:
    """What connection options set: name → value; the last of a name counts.

    >>> settings_in("-csearch_path=dagster -c lock_timeout=5s --timezone=UTC")
    {'search_path': 'dagster', 'lock_timeout': '5s', 'timezone': 'UTC'}
    """
    found = {name.replace("-", "_").lower(): value for name, value in _OPTION.findall(options)}
    return {name: re.sub(r"\\(.)", r"\1", value) for name, value in found.items()}


def _with_at_signs_encoded(text: str, variable: str) -> str:
    """SQLAlchemy ends a password at the first `@`, so the rest of it would be a host, which errors show."""
    scheme, mark, rest = text.partition("://")
    if not mark or "@" not in rest:
        return text
    end = re.compile(r"[/?#]|$").search(rest, rest.index("@"))
    assert end is not None  # the end of the text at the latest
    authority, remaining = rest[: end.start()], rest[end.start() :]
    login, _, host = authority.rpartition("@")
    if "@" in remaining:
        raise UnsupportedDatabase(
            f"{variable}: it is not clear where its password ends; in a password write @ as %40, / as %2F, ? as "
            "%3F and # as %23"
        )
    user, colon, password = login.partition(":")
    return f"{scheme}://{user}{colon}{password.replace('@', '%40')}@{host}{remaining}"


def _with_libpqs_parameters(url: URL, variable: str) -> URL:
    """Those that only another library reads (`schema`, `pgbouncer`) are refused: a driver may take them for its own.

    `ssl=true` is what libpq makes of it.
    """
    if url.query.get("ssl") == "true":
        url = url.difference_update_query(["ssl"]).update_query_dict({"sslmode": "require"})
    unread = sorted(set(url.query) - {option.keyword.decode() for option in pq.Conninfo.get_defaults()})
    if unread:
        raise UnsupportedDatabase(
            f"{variable} has {', '.join(unread)} behind its ?, which PostgreSQL's library does not read: leave it out "
            "(settings of the server are written options=-cNAME%3DVALUE)"
        )
    return url


def _with_hosts_in_query(text: str, variable: str) -> URL:
    scheme, mark, rest = text.partition("://")
    end = re.compile(r"[/?#]|$").search(rest)
    authority, remaining = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    login, at, places = authority.rpartition("@")
    if "," in places:
        given = places.split(",")
        url = make_url(f"{scheme}{mark}{login}{at}/{remaining.removeprefix('/')}")
    else:
        url = _with_socket_in_query(make_url(text))
        hosts = url.query.get("host", ())
        given = [] if isinstance(hosts, str) else list(hosts)  # SQLAlchemy's own: ?host=h1:5432&host=h2:5433
    return _with_places(url, given, variable, twice="," in places and "host" in url.query) if given else url


def _with_socket_in_query(url: URL) -> URL:
    """A host that is a folder (`%2Frun%2Fpostgresql`, as libpq takes it) as SQLAlchemy takes it."""
    folder = unquote(url.host or "")
    if not folder.startswith("/"):
        return url
    port = {} if url.port is None else {"port": str(url.port)}
    without = URL.create(url.drivername, url.username, url.password, database=url.database, query=url.query)
    return without.update_query_dict({"host": folder, **port})


def _with_places(url: URL, given: list[str], variable: str, *, twice: bool) -> URL:
    found = [_PLACE.fullmatch(place) for place in given]
    if not all(found) or "port" in url.query or twice:
        raise UnsupportedDatabase(
            f"{variable} names several hosts in a way that cannot be read: write "
            "postgresql://user:password@host1:5432,host2:5432/database?target_session_attrs=read-write"
        )
    pairs = [(one[1].strip("[]"), one[2] or str(PORT)) for one in found if one]
    return url.update_query_dict(
        {"host": ",".join(host for host, _ in pairs), "port": ",".join(port for _, port in pairs)}
    )
