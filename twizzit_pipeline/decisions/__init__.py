"""What waits for a person, and what becomes of it: conflicts between both sides, links that are not
clear, and departures.

What belongs here: the lists, and one function for each decision, which the command line, the HTTP API and its pages
call alike. A decision is one transaction in which no sync of the organization works: ShotSpot's row, the journal, a
history row of its own and the audit log change together, or not at all.
"""
