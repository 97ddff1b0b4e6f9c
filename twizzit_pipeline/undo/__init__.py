"""Undo of syncs: the journal back to front. Commands and routes call `undoing`; `rewind` and `settle` are pure."""
