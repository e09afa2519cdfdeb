"""What counts as one source of requests."""

import pytest

from authctl.core.accounts import sources


@pytest.mark.parametrize(
    ("ip", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("64:ff9b::192.0.2.1", "192.0.2.1"),  # NAT64, RFC 6052 §2.4
        ("64:ff9b:1::1", "64:ff9b:1::/64"),
        ("2002:c000:201::1", "192.0.2.1"),  # 6to4
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.0.2.45"),  # Teredo, RFC 4380 §4
    ],
)
def test_everybody_behind_a_translator_is_one_by_themselves(ip, source):
    assert sources.named(ip) == source
