"""The sensors, and what a tick puts right before it decides anything."""
