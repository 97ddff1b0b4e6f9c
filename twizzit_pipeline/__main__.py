"""`python -m twizzit_pipeline` is `twizzit`."""

from twizzit_pipeline.cli import program

if __name__ == "__main__":
    program()
