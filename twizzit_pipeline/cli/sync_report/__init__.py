"""One sync from the terminal: the run, and the report that a person reads when it has ended."""
