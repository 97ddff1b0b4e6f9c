"""Dagster's instance and the processes around it: its home, storage, commands, the guarded UI, and runs that died."""
