"""`twizzit doctor`: everything that can be wrong with an installation, looked at one by one, with what to do.

One file for each part of an installation. A look that fails stops no other one, none changes anything, and no finding
shows a secret or a person's name.
"""
