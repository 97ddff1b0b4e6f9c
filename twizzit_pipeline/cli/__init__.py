"""The command line: `twizzit`. One file for each group of commands; the entry point alone lives here."""


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    from twizzit_pipeline.garbage import collect_seldom  # noqa: PLC0415  (this one comes before all others)

    collect_seldom()
    from twizzit_pipeline.cli.app import run  # noqa: PLC0415  (only the entry point needs the command line)

    run()
