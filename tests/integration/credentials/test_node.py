"""Node's own crypto module on the same rows: what it stores is read here, and what is stored here it reads."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.vault_rows import NEW, OLD, add, is_bound, password_of, stored, write_as_shotspot
from twizzit_pipeline.credentials import store
from twizzit_pipeline.storage import audit
from twizzit_pipeline.storage.engine import Database

NODE = shutil.which("node") or shutil.which("nodejs")
PASSWORDS = ["hunter2", "wachtwoord-é€😀", "exactly16bytes!!", "p" * 300, " spaces and \t tab "]

pytestmark = pytest.mark.skipif(NODE is None, reason="no node on the path: on Debian it is the package nodejs")


def node(*requests: dict[str, str]) -> list[dict[str, str]]:
    """Node's answers to these requests, of one process."""
    assert NODE is not None
    done = subprocess.run(
        [NODE, str(Path(__file__).parents[2] / "support" / "node_cipher.mjs")],
        input=json.dumps(requests).encode(),
        capture_output=True,
        check=True,
        timeout=30,
    )
    answers: list[dict[str, str]] = json.loads(done.stdout)
    return answers


def test_node_reads_what_is_stored_here(database: Database) -> None:
    rows = [stored(database, add(database, password=password)) for password in PASSWORDS]
    key = OLD.get_secret_value()
    answers = node(*({"key": key, "cipherText": row.cipher_text_hex, "iv": row.iv_hex} for row in rows))
    assert answers == [{"password": password} for password in PASSWORDS]


def test_what_node_stores_is_read_here(database: Database) -> None:
    answers = node(*({"key": OLD.get_secret_value(), "password": password} for password in PASSWORDS))
    for password, answer in zip(PASSWORDS, answers, strict=True):
        credential_id = add(database)
        assert stored(database, credential_id).mac is not None
        write_as_shotspot(database, credential_id, answer["cipherText"], answer["iv"])
        assert stored(database, credential_id).mac is None
        assert password_of(database, OLD, credential_id) == password
        change = audit.recent(database.engine)[0]
        assert (change.action, change.target_id) == ("password_changed_elsewhere", str(credential_id))


def test_there_and_back_again(database: Database) -> None:
    credential_id = add(database)
    (answer,) = node({"key": OLD.get_secret_value(), "password": "from-node"})
    write_as_shotspot(database, credential_id, answer["cipherText"], answer["iv"])
    password = store.reveal_login(database.engine, OLD, credential_id).password
    login: dict[str, Any] = {"api_username": "a", "api_endpoint": "https://example.org/v1"}
    store.change_login(database.engine, NEW, credential_id, password=password, **login)
    columns = stored(database, credential_id)
    assert is_bound(database, credential_id, NEW)
    (answer,) = node({"key": NEW.get_secret_value(), "cipherText": columns.cipher_text_hex, "iv": columns.iv_hex})
    assert answer == {"password": "from-node"}
