"""Speaks HTTP with Twizzit, in both dialects; knows no database and no Dagster.

`client` is the way in, `records` what comes out.
"""
