"""The command line: `twizzit`. One file for each group of commands; the entry points alone live here."""


def program() -> None:
    """The program `twizzit`: the command that the arguments name, and the end of the process."""
    from twizzit_pipeline.cli.ending import end_quickly  # noqa: PLC0415  (this one comes before all others)

    with end_quickly():
        main()


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    from twizzit_pipeline.cli.streams import open_missing  # noqa: PLC0415  (this one comes before all others)
    from twizzit_pipeline.garbage import collect_seldom  # noqa: PLC0415  (and this one before the rest)

    open_missing()
    collect_seldom()
    from twizzit_pipeline.cli.app import run  # noqa: PLC0415  (only the entry point needs the command line)

    run()
