"""The dialect v2, the live service: `dialect` is the way in, the other modules each read one kind of row."""
