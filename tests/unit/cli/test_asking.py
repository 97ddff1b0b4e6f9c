"""Secrets that are piped in."""

import io
import sys

import pytest
import typer

from twizzit_pipeline.cli import asking


@pytest.mark.parametrize(
    ("piped", "password"),
    [
        (b"hush\n", "hush"),
        (b"hush\r\n", "hush"),
        (b"hush", "hush"),
        (b"\xef\xbb\xbfhush\r\n", "hush"),
        ("\ufeffgéheim ".encode(), "géheim "),
        ("hu\ufeffsh".encode(), "hu\ufeffsh"),
    ],
)
def test_a_line_break_and_a_byte_order_mark_are_no_part_of_it(
    monkeypatch: pytest.MonkeyPatch, piped: bytes, password: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(piped)))
    assert asking.secret("password", from_stdin=True).get_secret_value() == password


@pytest.mark.parametrize("piped", [b"", b"\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n", b"two\nlines\n", b"\xff\xfe"])
def test_what_is_no_line_of_text_is_refused(monkeypatch: pytest.MonkeyPatch, piped: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(piped)))
    with pytest.raises(typer.BadParameter):
        asking.secret("password", from_stdin=True)
