"""What a sync would write, before a person says yes: planned from the last scan, and written nowhere."""
