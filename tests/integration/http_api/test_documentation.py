"""What a browser opens: it works without the internet, and the first page says where everything is."""

import re
from collections.abc import Iterator
from importlib.metadata import version

import httpx
import pytest

from tests.support.api_server import PREFIX, ApiServer
from twizzit_pipeline.settings import Settings
from twizzit_pipeline.storage.engine import Database

ADDRESS = re.compile(r"""(?:src|href)\s*=\s*["']([^"']+)["']|(?:url|Url)\s*:\s*["']([^"']+)["']""")


@pytest.fixture
def browser(settings: Settings, database: Database) -> Iterator[httpx.Client]:
    with (
        ApiServer(settings, database) as api,
        httpx.Client(base_url=api.root, headers={"Accept": "text/html,*/*"}, trust_env=False, verify=False) as client,
    ):
        yield client


def addresses(page: str) -> list[str]:
    return [one or other for one, other in ADDRESS.findall(page)]


def test_the_documentation_needs_nothing_from_elsewhere(browser: httpx.Client) -> None:
    answer = browser.get("/docs")
    assert answer.status_code == 200
    assert "//" not in answer.text.replace("<!--", "").replace("// ", ""), "an address of another host"
    asked = addresses(answer.text)
    assert len(asked) == 4  # style, icon, script, document
    for address in asked:
        found = browser.get(f"/{address}")
        assert found.status_code == 200, address
        assert len(found.content) > 1000, address
    assert browser.get("/docs-assets/swagger-ui-bundle.js").headers["content-type"].startswith("text/javascript")
    assert '"validatorUrl": null' in answer.text


def test_the_first_page_says_where_to_go(browser: httpx.Client) -> None:
    page = browser.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert set(addresses(page.text)) == {"twizzit", "docs", "openapi.json", "health", "metrics"}
    for address in addresses(page.text):
        assert browser.get(f"/{address}").status_code in (200, 303, 401), address
    found = browser.get("/", headers={"Accept": "application/json"}).json()
    assert found == {
        "name": "Twizzit integration of ShotSpot",
        "version": version("twizzit-pipeline"),
        "pages": "/twizzit",
        "api": PREFIX,
        "docs": "/docs",
        "openapi": "/openapi.json",
        "health": "/health",
        "metrics": "/metrics",
    }
    assert browser.get(PREFIX, follow_redirects=True).text == page.text


def test_the_pages_are_no_routes_of_the_api(browser: httpx.Client) -> None:
    paths = browser.get("/openapi.json").json()["paths"]
    assert all(path.startswith(PREFIX) for path in paths)
    assert browser.get("/docs-assets/../pyproject.toml").status_code == 404
