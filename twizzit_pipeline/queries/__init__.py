"""What people read: mappings, fixtures, registrations, changes, and how every credential is doing. Reads alone."""
