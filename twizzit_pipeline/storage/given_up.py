"""Connections whose other end goes without a word: each end gives them up after some 45 seconds.

Where a machine, or what stands between two, is gone without closing its connections (a cut cable, a failover, a
firewall that forgets), an answer would be waited for a quarter of an hour, an idle connection kept for two hours. At
the server such a session keeps its locks for as long: the lease of a sync, and rows of ShotSpot's.
"""

from sqlalchemy import URL

from twizzit_pipeline.storage.urls import settings_in, with_option

# libpq's parameter, of this end → the server's setting of its own end, the value of both.
_BOTH_ENDS = {
    "keepalives_idle": ("tcp_keepalives_idle", "15"),
    "keepalives_interval": ("tcp_keepalives_interval", "5"),
    "keepalives_count": ("tcp_keepalives_count", "6"),
    "tcp_user_timeout": ("tcp_user_timeout", "45000"),
}
# A new one, of each host; a server that is there and says nothing would be waited for without an end.
_CONNECT_SECONDS = "10"
PARAMETERS = {"connect_timeout": _CONNECT_SECONDS, **{name: value for name, (_, value) in _BOTH_ENDS.items()}}


def giving_up(url: URL) -> URL:
    """The URL with what makes both ends give up; what it says of these itself counts, at both."""
    here = url.update_query_dict({name: value for name, value in PARAMETERS.items() if name not in url.query})
    said = settings_in(with_option(url, "twizzit.said=on"))
    wanted = [
        f"{there}={here.query[name]}"
        for name, (there, _) in _BOTH_ENDS.items()
        if there not in said and str(here.query[name]).isdigit()
    ]
    return here.update_query_dict({"options": with_option(here, " -c".join(wanted))}) if wanted else here


def is_of_one_connection(setting: str) -> bool:
    """Whether the server's setting is about the connection to it: behind a pooler that is the pooler's own."""
    return setting in {there for there, _ in _BOTH_ENDS.values()}
