"""Undo of syncs: the journal back to front. Commands, routes and pages call `undoing`."""
