"""What is told to people, and how: it follows the history of the syncs, so that a sync from anywhere is told."""
