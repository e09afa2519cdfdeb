"""Mails as mail programs show them: in a real browser, on a phone and beside a list, light and dark."""

import os
from email import message_from_bytes, policy
from email.headerregistry import Address

import pytest
from doubles.browser import contrast, faces
from doubles.messages import AT, every_mail

from authctl.delivery.email import compose
from authctl.settings import load

LONGEST = {
    "Ada": "Ada",
    "cjk": "数学数学" * 16,
    "one word": "W" * 200,
    "rtl": "فريق الرياضيات " * 5,
    "emoji": "👨‍👩‍👧" * 40,
}
BAD = {
    "wide": ('<table width="700"><tr><td>a</td></tr></table>', "wide", {360}, {"light", "dark"}),
    "unbroken": (f"<p>{'x' * 120}</p>", "wide", {360, 800}, {"light", "dark"}),
    "cut off": ('<p style="margin-left:-1em">a</p>', "wide", {360, 800}, {"light", "dark"}),
    "grey": ('<p style="color:#999">a</p>', "faint", {360, 800}, {"light"}),
    "black": ('<p style="color:#000">a</p>', "faint", {360, 800}, {"dark"}),
    "a light box": ('<p style="background:#eee">a</p>', "faint", {360, 800}, {"dark"}),
    "translucent": ('<p style="color:rgb(0 0 0 / 40%);background:#fff">a</p>', "faint", {360, 800}, {"light", "dark"}),
}
PAGE = '<!doctype html><meta name="color-scheme" content="light dark"><body style="margin:0">'


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """All mails and all bad pages, which one start of the browser is enough for."""
    folder = tmp_path_factory.mktemp("browser")
    environ = {"HOME": str(folder), "AUTHCTL_APPLICATION_NAME": "Example"}
    page = {"AUTHCTL_ACCOUNT_URL": "https://app.example.com/account"}
    mails = {
        f"{mail.kind} {number} {name}": sent(mail)
        for name, chosen in LONGEST.items()
        for number, mail in enumerate(
            every_mail(load(environ | (page if name == "Ada" else {}), system_config=os.devnull), chosen)
        )
        if name == "Ada" or chosen[:5] in mail.text
    }
    return faces(mails | {name: PAGE + bad for name, (bad, *_) in BAD.items()}, folder)


def sent(mail):
    """The HTML of a mail, as it is taken out of what the server gets."""
    address = Address("", "ada", "example.org")
    composed = compose(mail, sender=address, recipient=address, now=AT, random_bytes=bytes)
    return message_from_bytes(composed.as_bytes(), policy=policy.default).get_body(("html",)).get_content()


def test_every_mail_fits_the_window_and_can_be_read(shown):
    mails = [face for face in shown if face.name not in BAD]
    assert {(face.name, face.width, face.scheme): face.wide for face in mails if face.wide} == {}
    assert {(face.name, face.width, face.scheme): face.faint for face in mails if face.faint} == {}


def test_the_subject_comes_first_and_all_is_shown(shown):
    for face in shown:
        if face.name.startswith("magic-url 1"):
            assert face.seen.startswith("Sign in to Example You asked to sign in to Example. Sign in https://")
            assert face.seen.endswith("Nobody gets in without it.")


def test_dark_is_dark(shown):
    for face in shown:
        if face.name not in BAD:
            ground = face.texts[0]["ground"]
            assert min(ground) > 240 if face.scheme == "light" else max(ground) < 40


@pytest.mark.parametrize("name", BAD)
def test_a_bad_page_is_found(shown, name):
    _, fault, widths, schemes = BAD[name]
    found = [face for face in shown if face.name == name and getattr(face, fault)]
    assert {face.width for face in found} == widths
    assert {face.scheme for face in found} == schemes
    assert len(found) == len(widths) * len(schemes)


def test_contrast_is_as_the_standard_has_it():
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((0x77,) * 3, (255, 255, 255)) == pytest.approx(4.48, abs=0.01)
    assert contrast((0x76,) * 3, (255, 255, 255)) == pytest.approx(4.54, abs=0.01)
