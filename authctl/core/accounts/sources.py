"""Where a request comes from: what counts as one source.

A source is an IPv4 address or an IPv6 /64, which is what one subscriber has. An IPv6 address that embeds an IPv4 one
(mapped, NAT64, 6to4, Teredo) counts as that one; otherwise everybody behind one translator would be a single source.
Proxies are no source, since everybody comes from them: those in the policy trusted-sources, and this machine.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from authctl import storage
from authctl.core.work.unit import Work
from authctl.model import CLOCKS_DIFFER, User

_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052 §2.1


def find(work: Work) -> str | None:
    """The source of the request, or else of the person's session; None if it is unknown or a proxy."""
    ip = work.actor.ip
    if ip is None and work.person is not None:
        ip = work.person.session.ip
    if ip is None:
        return None
    address = _address(ip)
    if address.is_loopback or any(address in network for network in work.policy["trusted-sources"]):
        return None
    return _name(address)


def named(ip: str) -> str:
    """The source that an address belongs to."""
    return _name(_address(ip))


def known_since(work: Work) -> datetime:
    """Since when a source must have signed in to an account to be known to it."""
    kept: timedelta = work.policy["known-source-expiry"]
    return work.now - kept


def is_known(work: Work, user: User, source: str) -> bool:
    """Whether a source has signed in to an account lately enough to be known to it."""
    return storage.attempts.is_known(work.db, user.seq, source, known_since(work), work.now + CLOCKS_DIFFER)


def _name(address: IPv4Address | IPv6Address) -> str:
    return str(address) if address.version == 4 else str(ip_network((address, 64), strict=False))


def _address(ip: str) -> IPv4Address | IPv6Address:
    """The address, or the IPv4 address that it embeds."""
    address = ip_address(ip)
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(address.packed[-4:])
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address
