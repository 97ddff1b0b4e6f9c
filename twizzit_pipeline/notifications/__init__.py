"""Notifications: what is sent to people, and how. They follow the history, so every sync counts, however it began."""
