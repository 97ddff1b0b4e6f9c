"""`python -m twizzit_pipeline` is `twizzit`."""

from twizzit_pipeline.cli import main

if __name__ == "__main__":
    main()
