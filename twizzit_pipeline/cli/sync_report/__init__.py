"""One sync from the terminal: its run, and the sync report at the end."""
