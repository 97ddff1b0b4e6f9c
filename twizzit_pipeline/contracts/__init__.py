"""What a row must be: a pandera model for each entity, in the module of its name, and what becomes of rows."""
