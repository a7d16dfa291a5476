"""No webhook leads into our own network, in whatever form its address is written."""

import pytest

from domain.webhook_address import WebhookUrlInvalid, check_url, is_public

PUBLIC = ("93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e")
PRIVATE = (
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",  # metadata of one cloud
    "127.0.0.1",
    "168.63.129.16",  # of another
    "169.254.169.254",  # of most
    "172.16.0.1",
    "192.0.0.192",  # of one more
    "192.0.2.1",
    "192.168.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",  # Teredo
    "2001:db8::1",
    "2002:7f00:1::",  # 6to4
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd00:ec2::254%eth0",
    "fe80::1%eth0",
    "2606:4700::1%eth0",
    "ff02::1",
    "fec0::1",
    "no address",
    "127.1",
)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_every_other_address_is_not(address: str) -> None:
    assert not is_public(address)


GOOD = (
    "https://hooks.example.com/a?b=c",
    "https://hooks.example.com:8443",
    "https://xn--bcher-kva.example/",
    "https://93.184.215.14/",
    "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/x",
    "https://under_score.example.com",
    "https://example.com.",
)
BAD = (
    "",
    "hooks.example.com",
    "http://hooks.example.com/",
    "file:///etc/passwd",
    "gopher://hooks.example.com/",
    "javascript:alert(1)",
    "https://",
    "https:///path",
    "https://user:secret@hooks.example.com/",
    "https://hooks.example.com@127.0.0.1/",
    "https://hooks.example.com/#fragment",
    "https://hooks.example.com/a b",
    "https://hooks.example.com/\n",
    "https://hooks.example.com\\@127.0.0.1/",
    "https://bücher.example/",
    "https://hooks.example.com:0/",
    "https://hooks.example.com:65536/",
    "https://hooks.example.com:x/",
    "https://hooks..example.com/",
    "https://-" + "a" * 70 + ".example.com/",
    "https://example.com/" + "a" * 2000,
    "https://localhost/",
    "https://LOCALHOST./",
    "https://intranet/",
    "https://metadata.google.internal/",
    "https://printer.local/",
    "https://127.1/",
    "https://0/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://[fd00:ec2::254%eth0]/",
    "https://[fd00:ec2::254%25eth0]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[::1/",
)


@pytest.mark.parametrize("url", GOOD)
def test_an_https_url_of_the_internet_is_taken(url: str) -> None:
    check_url(url, private=False)


@pytest.mark.parametrize("url", BAD)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(WebhookUrlInvalid, match=r"must|is not|has no"):
        check_url(url, private=False)


def test_where_it_is_allowed_private_addresses_and_http_are_taken() -> None:
    for url in ("http://localhost:8000/", "http://127.0.0.1/x", "https://[::1]/", "http://app"):
        check_url(url, private=True)
    for url in ("ftp://localhost/", "http://a:b@localhost/", "http:///x"):
        with pytest.raises(WebhookUrlInvalid):
            check_url(url, private=True)
