"""What one run records: results, outcomes, failures in words, and when a step is tried again."""
