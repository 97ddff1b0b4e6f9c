"""A credential's account at Twizzit: its client, whether it works, and what it lists at this moment."""
