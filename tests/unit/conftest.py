"""How hypothesis works here: as long as it takes. A machine with other work to do is no fault of what is tested.

`make test` tries every example (`patient`), `make unit` a fifth of them (`--hypothesis-profile=quick`).
"""

from hypothesis import settings

from tests.support.examples import USUAL

settings.register_profile("patient", deadline=None, max_examples=USUAL)
settings.register_profile("quick", deadline=None, max_examples=USUAL // 5)
settings.load_profile("patient")
