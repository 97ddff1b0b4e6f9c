"""Speaks HTTP with Twizzit, in both dialects; imports no database and no Dagster.

`client` is the way in, `records` what comes out.
"""
