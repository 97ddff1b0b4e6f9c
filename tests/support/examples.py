"""How many examples hypothesis tries: as many as a test names, or fewer with the profile `quick` of `make unit`."""

from hypothesis import settings

USUAL = 100  # what hypothesis tries of a test that names no number, with the profile `patient`


def examples(number: int) -> int:
    """This number with the profile `patient`, and the same share of it as of the usual number with another."""
    return max(1, number * settings().max_examples // USUAL)
