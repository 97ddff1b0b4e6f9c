"""What a run holds while it works and leaves when it ends: the lease, history rows, seasons; and pruning."""
