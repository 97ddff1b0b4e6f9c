"""How hypothesis works here: as long as it takes. A machine with other work to do is no fault of what is tested."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
