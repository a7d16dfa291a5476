"""Which addresses a webhook may have: never one inside our own network."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

LONGEST_URL = 2000  # characters

# Public in form, but of the cloud that we may run in: Azure's metadata and DNS, AWS's over NAT64.
_METADATA = frozenset({IPv4Address("168.63.129.16")})
# What older Pythons take for the internet: protocol assignments (metadata of Oracle's cloud among
# them), documentation.
_SPECIAL_4 = IPv4Network("192.0.0.0/24")
_SPECIAL_6 = IPv6Network("3fff::/20")
_GLOBAL_6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_TUNNELS = (IPv6Network("2002::/16"), IPv6Network("2001::/32"))  # 6to4, Teredo
_LOCAL_NAMES = ("localhost", "localdomain", "local", "internal", "home.arpa")


class WebhookUrlInvalid(ValueError):
    """The url cannot be that of a webhook; the message says why."""


def check_url(url: str, *, private: bool) -> None:
    """Raises WebhookUrlInvalid for what can be seen without asking anybody.

    With `private` http and addresses of our own network are allowed. Where a name leads to is
    checked each time that somebody connects.
    """
    parts = _parts(url)
    if parts.scheme not in ({"http", "https"} if private else {"https"}):
        raise WebhookUrlInvalid("must begin with https://" + (" or http://" if private else ""))
    if "@" in parts.netloc:
        raise WebhookUrlInvalid("must not hold a user name or password")
    if "#" in url:
        raise WebhookUrlInvalid("must not have a fragment")
    _check_host(parts.hostname or "", private=private)


def is_public(address: str) -> bool:
    """Does it lead out into the internet, in whatever form it is written? Zones never do."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return _is_public_4(found)
    return _is_public_6(found)


def _parts(url: str) -> SplitResult:
    if len(url) > LONGEST_URL:
        raise WebhookUrlInvalid(f"must be at most {LONGEST_URL} characters long")
    if any(not "!" <= character <= "~" for character in url) or "\\" in url:
        raise WebhookUrlInvalid("must be printable ASCII characters, no spaces or backslashes")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise WebhookUrlInvalid("is not a URL") from None
    if port == 0:
        raise WebhookUrlInvalid("has no valid port")
    return parts


def _check_host(host: str, *, private: bool) -> None:
    labels = host.removesuffix(".").split(".")
    is_literal = ":" in host
    if not is_literal and not all(_is_label(label) for label in labels):
        raise WebhookUrlInvalid("has no valid host")
    if private:
        return
    if is_literal or _is_number(labels[-1]):  # as browsers and resolvers see it
        if not is_public(host):
            raise WebhookUrlInvalid("must not be an address of a private network")
    elif len(labels) < 2 or host.removesuffix(".").endswith(_LOCAL_NAMES):
        raise WebhookUrlInvalid("must not be a name of a private network")


def _is_label(label: str) -> bool:
    return 0 < len(label) < 64 and label.replace("-", "a").replace("_", "a").isalnum()


def _is_number(label: str) -> bool:
    return label.isdecimal() or label.startswith("0x")


def _is_public_4(address: IPv4Address) -> bool:
    if address in _METADATA or address in _SPECIAL_4:
        return False
    return address.is_global and not address.is_multicast


def _is_public_6(address: IPv6Address) -> bool:
    if address.scope_id is not None:
        return False
    inner = address.ipv4_mapped
    if address in _NAT64:
        inner = IPv4Address(int(address) & 0xFFFF_FFFF)
    if inner is not None:
        return _is_public_4(inner)
    if any(address in tunnel for tunnel in (*_TUNNELS, _SPECIAL_6)):
        return False
    return address in _GLOBAL_6 and address.is_global
