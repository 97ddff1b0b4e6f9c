"""`twizzit demo`: a simulated club arrives in a real PostgreSQL, and a second sync writes nothing."""
