"""What waits for a person: listed, and decided."""
