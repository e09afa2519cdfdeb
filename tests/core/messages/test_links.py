"""Links: to allowed hosts alone, as browsers read them, with what the address had before."""

import os
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, strategies as st

from authctl.core.messages.links import link
from authctl.errors import Invalid
from authctl.settings import load


def allowing(*hosts):
    return load({"AUTHCTL_ALLOWED_REDIRECTS": ",".join(hosts)}, system_config=os.devnull)


APP = allowing("app.example.com")
ALLOWED = allowing("app.example.com", "localhost:3000", "[::1]:3000", "bücher.example", "127.0.0.1", "example.com:8443")


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


def hint_of(settings):
    with pytest.raises(Invalid) as caught:
        link("https://new.example:8443/", settings, secret="s")
    assert caught.value.message == "Links to new.example:8443 are not allowed."
    return caught.value.hint


def test_a_denied_host_is_told_how_to_allow_it(tmp_path):
    home, file = {"HOME": str(tmp_path)}, tmp_path / "config.toml"
    line = 'allowed_redirects = ["new.example:8443"]'
    usual = tmp_path / ".config/authctl/config.toml"
    assert hint_of(load(home, system_config=os.devnull)) == f"Allow it with {line} in {usual}, above its first [table]."
    assert hint_of(load({}, system_config=os.devnull)) == (
        f"Allow it with {line} in a configuration file (name it with --config), above its first [table]."
    )

    file.write_text('allowed_redirects = ["a.example"]\n[profiles.b]\nallowed_redirects = ["b.example"]\n')
    found = load(home, config=str(file), system_config=os.devnull)
    assert hint_of(found) == f'Allow it with allowed_redirects = ["a.example", "new.example:8443"] in {file}.'
    found = load(home, config=str(file), profile="b", system_config=os.devnull)
    assert hint_of(found) == (
        f'Allow it with allowed_redirects = ["b.example", "new.example:8443"] in the profile b in {file}.'
    )
    assert hint_of(APP) == "Allow it with: AUTHCTL_ALLOWED_REDIRECTS=app.example.com,new.example:8443"


def test_the_line_of_the_hint_allows_it(tmp_path):
    home, file = {"HOME": str(tmp_path)}, tmp_path / "config.toml"
    file.write_text('allowed_redirects = ["a.example"]\n')
    hint = hint_of(load(home, config=str(file), system_config=os.devnull))
    file.write_text(hint.removeprefix("Allow it with ").removesuffix(f" in {file}."))
    assert link("https://new.example:8443/", load(home, config=str(file), system_config=os.devnull), secret="s")


def test_nothing_is_allowed_by_itself():
    with pytest.raises(Invalid):
        link("http://localhost/", load({}, system_config=os.devnull), secret="s")


@given(st.text(alphabet="htps:/\\@.#?[]%aple xmcoevi\t\n1080", max_size=40))
def test_whatever_is_given_leads_to_an_allowed_host_or_nowhere(tail):
    try:
        made = link("https://" + tail, APP, secret="s")
    except Invalid:
        return
    assert made.startswith("https://app.example.com/")
