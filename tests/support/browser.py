"""Dagster's UI, and our own pages, as people see them: headless Chromium, the system's own; nothing is downloaded.

What belongs here: the browser, what its pages complain of, and pictures of them. What is to be seen is for the tests.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # to import it takes as long as a test, and most processes that import this start no browser
    from playwright.sync_api import Browser as PlaywrightBrowser
    from playwright.sync_api import ConsoleMessage, FloatRect, Locator, Page, Response

CHROMIUM = shutil.which("chromium")
PATIENCE_SECONDS = 60
WIDTH, HEIGHT = 1600, 1000

_FLAGS = (
    "--disable-gpu",
    "--disable-dev-shm-usage",  # a container has little of it
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Pages of the browser's own under its field for addresses, which a window that shows none has too: to load them for
# each window takes longer than what the tests look at.
_NEVER_SEEN = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup")
# What Playwright switches off: the last list is the one that counts.
_BY_PLAYWRIGHT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
)
_LARGEST_PICTURE = 300_000
# What a link within the UI does; the UI asks the server for no page.
_GO = """path => {
    history.pushState({}, "", path)
    dispatchEvent(new PopStateEvent("popstate", {state: {}}))
}"""
_NOWHERE, _NOT_FOUND = "/runs/nowhere", "No run found"


@dataclass
class Browser:
    """One page of a UI.

    Attributes:
        complaints: errors that its pages logged or raised, and answers of the server that are errors.
        pictures: the folder that `picture` writes to; None for none.
    """

    url: str
    page: Page
    pictures: Path | None = None
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_SECONDS * 1000)
        self.page.on("console", self._logged)
        self.page.on("pageerror", lambda error: self.complaints.append(f"raised: {error}"))
        self.page.on("response", self._answered)

    def load(self, path: str) -> Page:
        """The page at this path of the UI, with nothing that was loaded or asked before."""
        self.page.goto(self.url + path)
        return self.page

    def open(self, path: str) -> Page:
        """The page at this path, reached as by a link from one that is loaded: to load it anew takes longer than what
        a test looks at. What the page before showed is gone; what the UI has asked already it may show again first.
        """
        if not self.page.url.startswith(self.url):
            return self.load(path)
        self.page.evaluate(_GO, _NOWHERE)
        self.page.get_by_text(_NOT_FOUND).wait_for()
        self.page.evaluate(_GO, path)
        return self.page

    def text(self, text: str) -> Locator:
        """The first element that shows exactly this; of some the UI keeps an invisible copy, to measure it."""
        return self.page.get_by_text(text, exact=True).filter(visible=True).first

    def picture(self, name: str, left: int, top: int, width: int, height: int, *, sharp: bool = False) -> None:
        """Keeps this part of what is to be seen, if pictures are wanted. `sharp`: of what is drawn small."""
        if self.pictures is None:
            return
        path = self.pictures / f"{name}.png"
        part: FloatRect = {"x": left, "y": top, "width": width, "height": height}
        self.page.screenshot(path=path, clip=part, scale="device" if sharp else "css")
        assert path.stat().st_size < _LARGEST_PICTURE, f"{path.name} is too large for the README"

    def _logged(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"logged: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")


@contextmanager
def browsing(url: str, profile: Path, pictures: Path | None = None) -> Iterator[Browser]:
    """A browser with a new profile. While it is open, nothing else of this thread may run an event loop."""
    from playwright.sync_api import sync_playwright

    assert CHROMIUM is not None
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=CHROMIUM,
            args=_flags(),
            viewport={"width": WIDTH, "height": HEIGHT},
            device_scale_factor=1.5 if pictures else 1,
        )
        try:
            yield Browser(url, context.pages[0], pictures)
        finally:
            context.close()


@contextmanager
def chromium() -> Iterator[PlaywrightBrowser]:
    """A browser whose windows are opened one by one, each with cookies of its own."""
    from playwright.sync_api import sync_playwright

    assert CHROMIUM is not None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_flags())
        try:
            yield browser
        finally:
            browser.close()


def _flags() -> list[str]:
    without = f"--disable-features={','.join((*_NEVER_SEEN, *_BY_PLAYWRIGHT))}"
    return [*_FLAGS, without, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
