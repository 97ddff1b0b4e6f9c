"""What is said of a body that cannot be read."""

import pytest

from twizzit_pipeline.twizzit.sight import body_shape


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b" \n", "an empty body"),
        (b"<html>", "a web page"),
        (b"Fout", "a text that is no JSON"),
        (b'[{"name": "Jan', "a JSON that breaks off or is spoilt"),
        (b'[{"name": "An\xc3', "a JSON that breaks off or is spoilt"),  # within a character of two bytes
        (b'[{"name": "An",}]', "a JSON that breaks off or is spoilt"),
        ('[{"name": "Zoë"}]'.encode("latin-1"), "a JSON in another encoding than UTF-8"),
        (
            '[{"name": "Zoë'.encode("latin-1"),
            "a JSON that breaks off or is spoilt",
        ),  # its last byte may begin a character
    ],
)
def test_a_body_is_described_by_what_is_wrong_with_it(body: bytes, said: str) -> None:
    assert body_shape(body) == said
