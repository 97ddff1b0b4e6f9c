"""What an entity is stands in `entities.py`: few other files spell its name."""

from pathlib import Path

import twizzit_pipeline
from twizzit_pipeline.entities import COMPETITIONS

ROOT = Path(twizzit_pipeline.__file__).parent


def test_few_files_spell_the_name_of_an_entity() -> None:
    spelled = {
        path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py") if f'"{COMPETITIONS.name}"' in path.read_text()
    }
    assert "entities.py" in spelled
    assert len(spelled) <= 8, f"read it from entities.py: {sorted(spelled)}"
