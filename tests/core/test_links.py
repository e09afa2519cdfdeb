"""Links: to allowed hosts alone, as browsers read them, with what the address had before."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, strategies as st

from authctl.core.links import link
from authctl.errors import Invalid

ALLOWED = ("app.example.com", "localhost:3000", "[::1]:3000", "bücher.example", "127.0.0.1", "example.com:8443")


@pytest.mark.parametrize(
    ("url", "made"),
    [
        ("https://app.example.com", "https://app.example.com/?secret=s"),
        ("https://app.example.com/in", "https://app.example.com/in?secret=s"),
        ("https://APP.example.com:443/in?a=1&b=%20x+y", "https://app.example.com/in?a=1&b=%20x+y&secret=s"),
        ("https://app.example.com/#/verify?x=1", "https://app.example.com/?secret=s#/verify?x=1"),
        ("https://app.example.com/?secret=old&a=1&s%65cret=old", "https://app.example.com/?a=1&secret=s"),
        ("http://localhost:3000/x", "http://localhost:3000/x?secret=s"),
        ("https://localhost:3000/x", "https://localhost:3000/x?secret=s"),
        ("http://[::1]:3000/x", "http://[::1]:3000/x?secret=s"),
        ("http://127.0.0.1/x", "http://127.0.0.1/x?secret=s"),
        ("https://example.com:8443/", "https://example.com:8443/?secret=s"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/?secret=s"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/?secret=s"),
        ("https://ａpp。example.com/", "https://app.example.com/?secret=s"),
    ],
)
def test_parameters_are_added_and_the_rest_stays(url, made):
    assert link(url, ALLOWED, secret="s") == made


def test_parameters_are_escaped():
    made = link("https://app.example.com/", ALLOWED, userId="a|b&c", secret="ü=#")
    assert parse_qs(urlsplit(made).query) == {"userId": ["a|b&c"], "secret": ["ü=#"]}


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "https://app.example.com.evil.example/",
        "https://sub.app.example.com/",
        "https://app.example.com:8443/",
        "https://example.com/",
        "https://app.example.com./",
        "http://app.example.com/",
        "http://localhost/",
        "http://localhost:3001/",
        "https://evil.example#@app.example.com/",
        "https://evil.example?@app.example.com/",
    ],
)
def test_other_hosts_are_denied(url):
    with pytest.raises(Invalid) as caught:
        link(url, ALLOWED, secret="s")
    assert caught.value.type == "general_redirect_denied"
    assert caught.value.field == "url"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "app.example.com",
        "//app.example.com/",
        "javascript:alert(1)//app.example.com",
        "ftp://app.example.com/",
        "https:///x",
        "https:app.example.com",
        "https://user@app.example.com/",
        "https://evil.example\\@app.example.com/",
        "https://app.example.com/\r\nBcc: eve@example.org",
        "https://app.example.com/\tx",
        " https://app.example.com/",
        "https://app.example.com:99999/",
        "https://app.example.com:0/",
        "https://[::1/",
        "https://app.example.com\0/",
        "https://ex－－ample\u2488com/",
    ],
)
def test_what_is_no_web_address_is_refused(url):
    with pytest.raises(Invalid) as caught:
        link(url, ALLOWED, secret="s")
    assert caught.value.type in ("general_argument_invalid", "general_redirect_denied")


def test_a_denied_host_is_told_how_to_allow_it():
    with pytest.raises(Invalid) as caught:
        link("http://localhost:5173/", ALLOWED, secret="s")
    assert caught.value.hint == "Add localhost:5173 to allowed_redirects in the configuration."


def test_nothing_is_allowed_by_itself():
    with pytest.raises(Invalid):
        link("http://localhost/", (), secret="s")


@given(st.text(alphabet="htps:/\\@.#?[]%aple xmcoevi\t\n1080", max_size=40))
def test_whatever_is_given_leads_to_an_allowed_host_or_nowhere(tail):
    try:
        made = link("https://" + tail, ("app.example.com",), secret="s")
    except Invalid:
        return
    assert made.startswith("https://app.example.com/")
