"""What is read of JSON that a server should not have written."""

import pytest

from twizzit_pipeline.twizzit.json_body import read_json


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (rb'{"name": "Jan\u0000", "a\u0000b": [1, "\ud83e"]}', {"name": "Jan\x7f", "a\x7fb": [1, "\x7f"]}),
        (rb'["\uDFFFx", {"in": ["\udc00"]}]', ["\x7fx", {"in": ["\x7f"]}]),
        (b'["Jo\xed\xa0\x80 e"]', ["Jo\x7f e"]),  # half of a pair as three bytes, which is no UTF-8
        (
            rb'["\ud83e\udd3e", "\\ud800", "\u00e9"]',
            ["\U0001f93e", "\\ud800", "é"],
        ),  # a whole pair, and a text that names one
        ('["é"]'.encode("utf-16"), ["é"]),
        ('["é\ud800"]'.encode("utf-16", "surrogatepass"), ["é\x7f"]),
        (b"[NaN, 1e999, -Infinity, 1.5]", [None, None, None, 1.5]),
    ],
)
def test_what_can_be_neither_stored_nor_sent_is_a_mark_that_can(body: bytes, value: object) -> None:
    assert read_json(body) == value
