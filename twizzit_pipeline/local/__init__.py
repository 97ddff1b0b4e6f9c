"""`twizzit up`: the database, Dagster, the HTTP API and, for the demo, a simulated Twizzit, from one terminal.

One process keeps all the others: `story` from the first line to the last, `children` which they are, `supervisor` how
they are started, watched and stopped. What an `up` that was killed leaves behind is ended by `guardian`, or by the next
`up` (`leftovers`).
"""
