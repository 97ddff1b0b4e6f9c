"""Teams, players, competitions and matches: for each, what is fetched and judged, and how its plan is applied."""
