"""What protects the API and those who are in its database: sizes, origins, headers, and errors without words."""

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import httpx
import pytest
from pydantic import SecretStr

from tests.support.api_server import NO_CERTIFICATES, PREFIX, ApiServer, token
from twizzit_pipeline.errors import SettingsError
from twizzit_pipeline.http_api.app import create_app
from twizzit_pipeline.http_api.body_limit import MOST_BYTES
from twizzit_pipeline.http_api.secret import FILE, jwt_secret
from twizzit_pipeline.settings import Settings, load_settings
from twizzit_pipeline.storage.engine import Database


@pytest.fixture
def serve(settings: Settings, database: Database) -> Iterator[Callable[..., ApiServer]]:
    with ExitStack() as running:
        yield lambda **changes: running.enter_context(ApiServer(settings.model_copy(update=changes), database))


@pytest.fixture
def api(serve: Callable[..., ApiServer]) -> ApiServer:
    return serve()


def test_a_body_over_64_kib_is_refused_however_it_comes(api: ApiServer) -> None:
    json_type = {"content-type": "application/json"}
    with api.client(token("admin")) as client:
        for content in (b" " * (MOST_BYTES + 1), (b" " * 1024 for _ in range(65))):
            answer = client.post("/credentials", content=content, headers=json_type)
            assert answer.status_code == 413
            assert answer.json() == {"error": "Request body too large", "message": "At most 64 KiB"}
        just_fits = (b" " * 1024 for _ in range(64))
        assert client.post("/credentials", content=just_fits, headers=json_type).status_code == 400
        assert client.request("GET", "/credentials", content=b" " * (MOST_BYTES + 1)).status_code == 413


def test_a_body_that_is_announced_too_long_is_not_waited_for(api: ApiServer) -> None:
    port = httpx.URL(api.root).port
    with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
        head = f"POST {PREFIX}/credentials HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000000\r\n\r\n"
        plain.sendall(head.encode())
        assert plain.recv(100).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("one", [b"X: " + b"a" * 200_000, b"X: a\r\n" * 40_000], ids=["a long header", "many headers"])
def test_a_request_whose_head_does_not_end_is_cut(api: ApiServer, one: bytes) -> None:
    """No token is asked for before the head is read, so a stranger could fill the memory with one."""
    port = httpx.URL(api.root).port
    with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
        with suppress(ConnectionError):  # it may be cut before all of it is sent
            plain.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n" + one)
        answer = b""
        with suppress(ConnectionError):
            while part := plain.recv(1000):
                answer += part
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")  # a reset may take the answer along
    with api.client(None) as client:
        assert client.get("/health").status_code == 200


def test_no_answer_is_shown_in_a_frame(api: ApiServer) -> None:
    with httpx.Client(base_url=api.root, trust_env=False, verify=NO_CERTIFICATES) as client:
        for path in ("/", "/docs", "/openapi.json", "/health", "/nothing", f"{PREFIX}/credentials", "/twizzit/sign-in"):
            assert client.get(path).headers["x-frame-options"] == "DENY", path


def test_answers_are_not_stored(api: ApiServer) -> None:
    with api.client(token("admin")) as client:
        for path in ("/credentials", "/nothing", "/health"):
            answer = client.get(path)
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "server" not in answer.headers or answer.headers["server"] == "uvicorn"


WRITES = ("POST", "PUT", "DELETE")


def test_no_origin_may_call_unless_it_is_listed(serve: Callable[..., ApiServer]) -> None:
    shotspot = {"Origin": "https://shotspot.example"}
    wanted = "authorization,content-type,x-csrf-token"  # what ShotSpot's front end sends
    asking = {**shotspot, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": wanted}
    with serve().client(token("admin")) as client:
        assert "access-control-allow-origin" not in client.get("/health", headers=shotspot).headers
        assert client.options("/sync/config/1", headers=asking).status_code == 405
    listed = serve(allowed_origins="https://other.example, https://shotspot.example")
    with listed.client(token("admin")) as client:
        preflight = client.options("/sync/config/1", headers=asking)
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == "https://shotspot.example"
        answer = client.get("/mappings/teams", headers=shotspot)
        assert answer.headers["access-control-allow-origin"] == "https://shotspot.example"
        assert "X-Total-Count" in answer.headers["access-control-expose-headers"]
        for reply in (preflight, answer):  # its front end asks with credentials, and a browser checks this header
            assert reply.headers["access-control-allow-credentials"] == "true"
        stranger = client.get("/mappings/teams", headers={"Origin": "https://elsewhere.example"})
        assert "access-control-allow-origin" not in stranger.headers
        refused = client.get("/credentials", headers={**shotspot, "Authorization": "Bearer no"})
        assert refused.headers["access-control-allow-origin"] == "https://shotspot.example"


@pytest.mark.parametrize("origin", ["http://localhost", "capacitor://localhost", "https://shotspot.example:8443"])
def test_the_mobile_app_may_be_listed(serve: Callable[..., ApiServer], origin: str) -> None:
    with serve(allowed_origins=load_settings(_env_file=None, allowed_origins=origin).allowed_origins).client(
        token("admin")
    ) as client:
        asking = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "prefer"}
        assert client.options("/sync/teams/1", headers=asking).headers["access-control-allow-origin"] == origin
        assert client.get("/audit", headers={"Origin": origin}).headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize("origins", ["*", "shotspot.example", "https://a.example/", "https://a.example/path"])
def test_an_origin_that_is_none_is_refused_at_the_start(origins: str) -> None:
    with pytest.raises(SettingsError, match="TWIZZIT_ALLOWED_ORIGINS"):
        load_settings(_env_file=None, allowed_origins=origins)


def test_an_unexpected_error_shows_no_word_of_itself(
    settings: Settings, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    here = settings.model_copy(update={"allowed_origins": "https://shotspot.example"})
    server = ApiServer(here, database, adds_routes=True)

    @server.app.api_route(f"{PREFIX}/broken", methods=["GET", "POST", "PUT", "DELETE"])
    def broken() -> None:
        raise RuntimeError(f"the password is hunter{1 + 1}")

    with caplog.at_level(logging.ERROR, logger="twizzit_pipeline"), server:
        elsewhere = {"Origin": "https://shotspot.example"}
        with server.client(None) as client:
            answers = [client.request(verb, "/broken", headers=elsewhere) for verb in ("GET", *WRITES)]
    # a 5xx on a write is shown as "queued for sync when online" by ShotSpot's front end, and thrown away
    assert [answer.status_code for answer in answers] == [500, 424, 424, 424]
    for answer in answers:
        assert answer.json()["error"] == "Internal server error"
        # without it, a page elsewhere takes the error for no network
        assert answer.headers["access-control-allow-origin"] == "https://shotspot.example"
    assert "RuntimeError" in caplog.text
    assert "in broken" in caplog.text
    assert "hunter2" not in caplog.text


def test_a_database_that_is_gone_is_503_and_not_a_traceback(settings: Settings, database: Database) -> None:
    with ApiServer(settings, database) as api, api.client(token("admin")) as client:
        assert client.get("/health").json()["status"] == "ok"
        with database.engine.begin() as connection:
            name = connection.exec_driver_sql("SELECT current_database()").scalar()
        database.engine.dispose()
        admin = database.engine.url.set(database="postgres", drivername="postgresql")
        _execute(admin.render_as_string(hide_password=False), f"ALTER DATABASE {name} RENAME TO {name}_away")
        try:
            health = client.get("/health")
            assert (health.status_code, health.json()["database"]) == (503, "unavailable")
            answer = client.get("/credentials")
            assert (answer.status_code, answer.json()["error"]) == (503, "Database unavailable")
            for verb, path in (("POST", "/sync/teams/1"), ("POST", "/verify/1"), ("DELETE", "/credentials/1")):
                write = client.request(verb, path)
                assert (write.status_code, write.json()) == (424, answer.json())
            assert str(name) not in answer.text
            assert client.get("/openapi.json").status_code == 200
        finally:
            _execute(admin.render_as_string(hide_password=False), f"ALTER DATABASE {name}_away RENAME TO {name}")
        assert client.get("/health").json()["status"] == "ok"


def test_a_lock_that_another_program_holds_is_no_error_of_this_one(
    settings: Settings, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Wherever the database says so: the answer is the one of a database that cannot answer now."""
    server = ApiServer(settings, database, adds_routes=True)

    @server.app.api_route(f"{PREFIX}/locked", methods=["GET", "POST"])
    def locked() -> None:
        with database.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL lock_timeout = '100ms'")
            connection.exec_driver_sql("LOCK TABLE twizzit_credentials IN ACCESS EXCLUSIVE MODE")

    @server.app.get(f"{PREFIX}/wrong")
    def wrong() -> None:
        with database.engine.begin() as connection:
            connection.exec_driver_sql("SELECT WHERE FROM")

    with database.engine.begin() as other, server, server.client(None) as client:
        other.exec_driver_sql("LOCK TABLE twizzit_credentials IN ACCESS SHARE MODE")
        for verb, status in (("GET", 503), ("POST", 424)):
            answer = client.request(verb, "/locked")
            assert (answer.status_code, answer.json()["error"]) == (status, "Database unavailable")
        assert "Unexpected" not in caplog.text
        assert client.get("/wrong").json()["error"] == "Internal server error"  # a mistake of the program
    assert "Unexpected" in caplog.text


def _execute(url: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def test_no_api_without_a_secret_that_cannot_be_guessed(settings: Settings, database: Database) -> None:
    with pytest.raises(SettingsError, match="JWT_SECRET is not set"):
        create_app(settings, database)
    with pytest.raises(SettingsError, match="32 characters"):
        create_app(settings.model_copy(update={"jwt_secret": SecretStr("x" * 31)}), database)
    create_app(settings.model_copy(update={"jwt_secret": SecretStr("x" * 32)}), database)


def test_the_embedded_mode_keeps_a_secret_of_its_own(settings: Settings) -> None:
    embedded = settings.model_copy(update={"database_url": None})
    first = jwt_secret(embedded)
    assert len(first.get_secret_value()) >= 32
    assert jwt_secret(embedded) == first
    kept = settings.home / FILE
    assert kept.stat().st_mode & 0o777 == 0o600
    given = embedded.model_copy(update={"jwt_secret": SecretStr("y" * 40)})
    assert jwt_secret(given).get_secret_value() == "y" * 40
    kept.write_text("short\n")
    with pytest.raises(SettingsError, match=r"jwt\.secret is too short"):
        jwt_secret(embedded)


def test_the_secret_comes_from_shotspots_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SECRET", "z" * 40)
    loaded = load_settings(_env_file=None)
    assert loaded.jwt_secret is not None
    assert loaded.jwt_secret.get_secret_value() == "z" * 40
    assert "z" * 40 not in repr(loaded)
