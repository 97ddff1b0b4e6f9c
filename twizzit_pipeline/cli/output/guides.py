"""Where a message points for more: the pages in `docs/`, which a checkout has and an installed wheel has not."""

from pathlib import Path

_CHECKOUT = Path(__file__).parents[3]


def more(page: str, part: str | None = None, *, checkout: Path = _CHECKOUT) -> str:
    """The end of a message: ``; more in docs/vault.md, The key is lost``. Nothing where there are no such pages.

    Args:
        page: a file in `docs/`; `part`: a heading in it.
        checkout: the folder of the project.
    """
    if not ((checkout / "pyproject.toml").is_file() and (checkout / "docs" / page).is_file()):
        return ""
    return f"; more in docs/{page}" + ("" if part is None else f", {part}")
