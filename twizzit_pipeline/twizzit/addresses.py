"""Which addresses are public: a table of ours, so that every Python gives the same answer.

What belongs here: the judgement of one address. IANA's registries of special addresses grow, and `ipaddress` follows
them at a different pace in each version of Python. Sources: iana-ipv4-special-registry, iana-ipv6-special-registry.
"""

import ipaddress

_V4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # behind a carrier's NAT
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, the metadata of clouds among it
        "172.16.0.0/12",
        "192.0.0.0/24",  # for protocols, the metadata of one cloud among it
        "192.0.2.0/24",  # for documents
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # for benchmarks
        "198.51.100.0/24",  # for documents
        "203.0.113.0/24",  # for documents
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast among it
    )
)
# Only this part of IPv6 is given out as public; what lies outside is refused without a name: loopback, unique local,
# link-local, site-local, multicast, 64:ff9b:1::/48, 100::/64, 5f00::/16 and whatever comes.
_V6_PUBLIC = ipaddress.IPv6Network("2000::/3")
_V6 = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # for protocols: Teredo, ORCHID and others
        "2001:db8::/32",  # for documents
        "2002::/16",  # 6to4: an IPv4 address of any kind lies inside, and no service is reached so any more
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # for documents
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # how a network without IPv4 reaches public IPv4 addresses


def is_public(text: str) -> bool:
    """Whether an address, with or without a zone, is one of the public internet.

    An IPv4 address inside of an IPv6 one (mapped, or NAT64's) is judged itself.

    Raises:
        ValueError: the text is no address.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is None:
            return address in _V6_PUBLIC and not any(address in network for network in _V6)
        address = inner
    return not any(address in network for network in _V4)
