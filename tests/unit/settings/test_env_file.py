"""A `.env` file is read as Node's dotenv reads it: what is wanted here is what version 16 of it answered."""

import pytest

from twizzit_pipeline.settings import env_file

AS_NODE = {
    "A=1": {"A": "1"},
    "A = 1 ": {"A": "1"},
    "  A=1": {"A": "1"},
    "export A=1": {"A": "1"},
    "A: 1": {"A": "1"},
    "A.B-C=1": {"A.B-C": "1"},
    "A": {},
    "A=": {"A": ""},
    'A=""': {"A": ""},
    "A=\nB=2": {"A": "", "B": "2"},
    "A=1\nA=2": {"A": "2"},
    "A=1\r\nB=2\r\n": {"A": "1", "B": "2"},
    "\ufeffA=1": {"A": "1"},
    "# A=1\nB=2": {"B": "2"},
    "A=b#c": {"A": "b"},
    "A=b #c": {"A": "b"},
    "A=postgres://u:p#w@h/d": {"A": "postgres://u:p"},
    "A='b#c' # x": {"A": "b#c"},
    'A="b#c"': {"A": "b#c"},
    'A=`it\'s "so"`': {"A": 'it\'s "so"'},
    'A="  x  "': {"A": "  x  "},
    "A= ' x ' ": {"A": " x "},
    'A="x\\ny"': {"A": "x\ny"},
    "A='x\\ny'": {"A": "x\\ny"},
    "A=x\\ny": {"A": "x\\ny"},
    'A="x\\\\ny"': {"A": "x\\\ny"},
    'A="t\\tq\\"r"': {"A": 't\\tq\\"r'},
    "A='it\\'s'": {"A": "it\\'s"},
    'A="one\ntwo"\nB=2': {"A": "one\ntwo", "B": "2"},
    "A='one\ntwo'": {"A": "one\ntwo"},
    'A="unclosed': {"A": '"unclosed'},
    "A='a' 'b'": {"A": "a' 'b"},
    "A=$HOME/${B}": {"A": "$HOME/${B}"},
    "A=p@ss=w=rd": {"A": "p@ss=w=rd"},
    "A=éè # ç": {"A": "éè"},
}


@pytest.mark.parametrize(("text", "wanted"), AS_NODE.items())
def test_a_file_is_read_as_node_reads_it(text: str, wanted: dict[str, str]) -> None:
    assert env_file.parse(text) == wanted
