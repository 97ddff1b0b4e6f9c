"""What is asked of a page in a browser: that it can be used by keyboard alone, and that axe finds no fault in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # see `tests.support.browser`
    from playwright.sync_api import Page

AXE = Path(__file__).parents[1] / "browser" / "node_modules" / "axe-core" / "axe.min.js"
MOST_STEPS = 60  # of the Tab key, to any part of a page

SHOWS_FOCUS = """() => {
    const style = getComputedStyle(document.activeElement)
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
}"""
# Only what axe itself calls serious or critical counts.
SERIOUS = """async () => (await axe.run()).violations
    .filter(one => ["serious", "critical"].includes(one.impact))
    .map(one => one.id + ": " + one.nodes.map(node => node.html).join(" ").slice(0, 300))"""


def press_to(page: Page, role: Any, name: str) -> None:
    """Presses Tab until this has the focus, which must be seen at every step."""
    wanted = page.get_by_role(role, name=name, exact=True).element_handle()
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        assert page.evaluate(SHOWS_FOCUS), page.evaluate("document.activeElement.outerHTML")
        if page.evaluate("wanted => document.activeElement === wanted", wanted):
            return
    raise AssertionError(f"{name} cannot be reached by keyboard")


def found_in(page: Page) -> list[str]:
    """Serious faults, and how many pixels are outside of the screen, a line each."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(SERIOUS)
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert page.get_by_role("heading", level=1).count() == 1
    return [*found, *([f"{wide} pixels too wide"] if wide > 0 else [])]
