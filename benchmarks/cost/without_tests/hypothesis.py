"""Stands before the hypothesis of the tests in a process that is measured: where the program runs there is none."""

raise ImportError("hypothesis is hidden from processes that are measured")
