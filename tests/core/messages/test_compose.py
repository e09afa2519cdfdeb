"""What is written to people: the words, that nobody else adds to them, and that operators may."""

import os
import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from doubles.messages import AT, LINK, TEN_MINUTES, TO, every_mail, every_text_message

from authctl.core.messages import compose, languages
from authctl.core.messages.builtin import MessageKind
from authctl.delivery import Channel
from authctl.errors import Invalid, Unavailable
from authctl.settings import load

HOSTILE = 'Eve\r\nBcc: x@y.example\n\nYour code is 666666 <script>alert("&")</script>\u202e\x1b[31m {code}'


@pytest.fixture
def settings(home):
    def make(**variables):
        given = {f"AUTHCTL_{name.upper()}": value for name, value in variables.items()}
        return load({**home, "AUTHCTL_APPLICATION_NAME": "Example", **given}, system_config=os.devnull)

    return make


@pytest.fixture
def template(home):
    """Write a file of a template."""

    def write(name, text):
        path = os.path.join(home["HOME"], ".config", "authctl", "templates", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path

    return write


class Reader(HTMLParser):
    """What a reader sees of a page, where its links lead, and what it loads or runs."""

    def __init__(self, page):
        super().__init__()
        self.seen, self.links, self.tags = "", [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in ("href", "src", "background")]

    def handle_data(self, data):
        self.seen += data


# The words


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("St. Mary's Maths Team", "St. Mary's Maths Team"),
        ("Team 2.0: the 10:30 class", "Team 2.0: the 10:30 class"),
        ("https://evil.example/pay?now", "https: // evil. example/pay?now"),
        ("www.evil.example", "www. evil. example"),
        ("evil\u3002example evil\uff0eexample", "evil\u3002 example evil\uff0e example"),
        ("mailto:win@evil.example", "mailto: win@ evil. example"),
        ("tel:+1900555", "tel: +1900555"),
        ("//evil.example", "// evil. example"),
        ("x" * 65, "x" * 63 + "…"),
    ],
)
def test_what_people_choose_is_short_and_no_link(settings, given, shown):
    assert compose.chosen(given, compose.MAX_NAME) == shown
    mail = compose.invitation(settings(), TO, team=given, inviter=given, secret="s" * 64, validity=None)
    assert mail.text.replace("\n", " ").count(shown) >= 2
    assert shown in mail.subject
    assert shown in compose.invitation_sms(settings(), "+14255550123", team=given, secret="s" * 64).body
    alert = compose.sign_in_alert(settings(), TO, at=AT, user_agent=given)
    assert given == shown or given not in alert.text or given.startswith("x")


def test_every_kind_is_written(settings):
    made = [*every_mail(settings()), *every_text_message(settings())]
    assert {message.kind for message in made} == set(MessageKind)


def test_an_email_code_reads_like_this(settings):
    mail = compose.secret_email(
        settings(), MessageKind.EMAIL_CODE, TO, secret="482913", validity=TEN_MINUTES, phrase="amber walrus"
    )
    assert mail.subject == "Your code for Example"
    assert mail.text == (
        "Your code for Example is:\n\n482913\n\n"
        "It is valid for 10 minutes and works once. Never give it to anyone.\n\n"
        "Your security phrase: amber walrus\n"
        "If you were shown another phrase, do not use the code.\n\n"
        "If you did not ask for a code, ignore this mail. Nobody gets in without\nit.\n"
    )
    assert (mail.to, mail.secret) == (TO, "482913")


def test_without_a_phrase_nothing_is_said_of_one(settings):
    mail = compose.secret_email(settings(), MessageKind.EMAIL_CODE, TO, secret="482913", validity=TEN_MINUTES)
    assert "phrase" not in mail.text
    assert "phrase" not in mail.html


def test_without_a_link_the_secret_is_the_code(settings):
    linked, bare = (
        compose.secret_email(settings(), MessageKind.RECOVERY, TO, secret="s" * 64, validity=TEN_MINUTES, link=link)
        for link in (LINK, None)
    )
    assert f"\n{LINK}\n" in linked.text
    assert "use this code" not in linked.text
    assert f"\n{'s' * 64}\n" in bare.text
    assert "link" not in bare.text


def test_text_and_html_say_the_same(settings):
    for mail in every_mail(settings()):
        said = re.sub(r"([^:\n]+):\s+(https:\S+)", r"\1 \2", mail.text)  # a link with a label is a button
        seen = Reader(mail.html.partition("</title>")[2]).seen
        assert "".join(seen.split()) == "".join(f"{mail.subject} {said}".split())


def test_lines_fit_where_they_can(settings):
    for mail in every_mail(settings()):
        assert all(len(line) <= 72 for line in mail.text.splitlines() if line != LINK)


def test_html_loads_nothing_and_follows_nobody(settings):
    for mail in every_mail(settings()):
        page = Reader(mail.html)
        assert set(page.links) <= {LINK}
        allowed = {"html", "head", "meta", "title", "body", "div", "h1", "p", "br", "a", "strong"}
        assert set(page.tags) <= allowed
        assert "http" not in mail.html.replace(LINK.replace("&", "&amp;"), "")


def test_an_invitation_without_an_inviter_or_an_end(settings):
    mail = compose.invitation(settings(), TO, team="Maths", secret="s", validity=None, link=LINK)
    assert mail.text == (
        f"Join the team “Maths” at Example.\nJoin the team:\n{LINK}\n\nIf you do not want to join, ignore this mail.\n"
    )
    assert mail.subject == "Invitation to Maths at Example"


def test_a_changed_phone_is_named_by_its_end(settings):
    mail = compose.phone_changed(settings(), TO, at=AT, new_phone="+14255550123")
    assert "ends in 23." in mail.text
    assert "555" not in mail.text
    assert "ends in" not in compose.phone_changed(settings(), TO, at=AT, new_phone=None).text


def test_a_text_message_is_the_template_of_the_settings(settings):
    sms = compose.code_sms(settings(), MessageKind.PHONE_CODE, "+14255550123", code="482913", channel=Channel.WHATSAPP)
    assert (sms.body, sms.code, sms.channel) == ("482913 is your code for Example.", "482913", Channel.WHATSAPP)
    own = compose.code_sms(
        settings(sms_template="{application}: {code}"), MessageKind.PHONE_CODE, "+14255550123", code="482913"
    )
    assert own.body == "Example: 482913"


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=90), "90 seconds"),
        (TEN_MINUTES, "10 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(days=7), "7 days"),
    ],
)
def test_durations_are_said_as_people_say_them(duration, words):
    assert languages.in_words(duration) == words


def test_moments_are_said_as_people_say_them():
    assert languages.moment(AT) == "2 January 2026, 03:04 UTC"


# What others chose


def test_nobody_adds_lines_or_tags(settings):
    for mail, plain in zip(every_mail(settings(), HOSTILE), every_mail(settings()), strict=True):
        assert mail.subject.isprintable()
        assert mail.text.count("\n\n") == plain.text.count("\n\n")
        assert Reader(mail.html).tags == Reader(plain.html).tags
        assert not re.search("[\x1b\u202e]", mail.text + mail.html)
    for sms, plain in zip(every_text_message(settings(), HOSTILE), every_text_message(settings()), strict=True):
        assert sms.body.count("\n") == plain.body.count("\n")


def test_the_applications_name_is_escaped(settings):
    mail = compose.trial_email(settings(application_name="<b>A & B</b> {code}"), TO)
    assert "<b>" not in mail.html
    assert "&lt;b&gt;A &amp; B&lt;/b&gt; {code}" in mail.html
    assert mail.subject == "A test mail from <b>A & B</b> {code}"


def test_a_long_name_is_cut(settings):
    mail = compose.invitation(settings(), TO, team="x" * 500, secret="s", validity=None, link=LINK)
    assert "x" * 63 + "…" in mail.subject
    assert "x" * 128 not in mail.subject


def test_emoji_stay_whole(settings):
    mail = compose.invitation(settings(), TO, team="👨‍👩‍👧 Zoë", secret="s", validity=None, link=LINK)
    assert "👨‍👩‍👧 Zoë" in mail.subject


# Operators' own words


def test_a_text_of_ones_own_changes_the_html_too(settings, template):
    template("email-code.txt", "Ahoj! {application}:\n\n{code}\n\n{phrase}\n")
    mail = compose.secret_email(settings(), MessageKind.EMAIL_CODE, TO, secret="482913", validity=TEN_MINUTES)
    assert mail.text == "Ahoj! Example:\n\n482913\n"
    assert "<p>Ahoj! Example:</p>" in mail.html
    assert mail.subject == "Your code for Example"


def test_a_subject_and_html_of_ones_own(settings, template):
    template("invitation.subject", "{team} ruft\n")
    template("invitation.html", "<style>p {{color: red}}</style><p>{team} – {subject}: {link}</p>")
    mail = compose.invitation(settings(), TO, team="A & B", secret="s", validity=None, link=LINK)
    assert mail.subject == "A & B ruft"
    escaped = LINK.replace("&", "&amp;")
    assert mail.html == f"<style>p {{color: red}}</style><p>A &amp; B – A &amp; B ruft: {escaped}</p>"


def test_a_file_goes_before_the_setting(settings, template):
    template("phone-change.txt", "Neu: {code}")
    own = settings(sms_template="{code} …")
    assert compose.code_sms(own, MessageKind.PHONE_CHANGE, "+14255550123", code="482913").body == "Neu: 482913"
    assert compose.code_sms(own, MessageKind.PHONE_CODE, "+14255550123", code="482913").body == "482913 …"


def test_another_folder_may_be_named(settings, tmp_path):
    (tmp_path / "phone-code.txt").write_text("Hier: {code}")
    sms = compose.code_sms(settings(templates=str(tmp_path)), MessageKind.PHONE_CODE, "+14255550123", code="482913")
    assert sms.body == "Hier: 482913"


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("email-code.txt", "{cod}", "needs {code}"),
        (
            "email-code.txt",
            "{code} {nmae}",
            "has an unknown field {nmae}; known fields: {application}, {code}",
        ),
        ("email-code.txt", "{code} {code.__class__}", "has an unknown field {code.__class__}"),
        ("email-code.txt", "{code} {code[0]}", "has an unknown field {code[0]}"),
        ("email-code.txt", "{code!r}", "needs {code}"),
        ("email-code.txt", "{code} {application:>9999999999}", "has an unknown field {application:>9999999999}"),
        ("email-code.txt", "{code} {}", "has an unknown field {}"),
        ("email-code.txt", "{code} {", "has a { or } that belongs to no field"),
        ("email-code.html", "<style>p {color: red}</style>{code}", "has an unknown field {color: red}"),
        ("email-code.html", "<p>hello</p>", "needs {code}"),
        ("email-code.subject", "{link} {secret}", "has an unknown field {secret}"),
        ("email-code.txt", b"\xff{code}", "is not UTF-8"),
    ],
)
def test_a_wrong_template_is_named(settings, template, name, text, complaint):
    path = template(name, text)
    for attempt in (
        lambda: compose.secret_email(settings(), MessageKind.EMAIL_CODE, TO, secret="482913", validity=TEN_MINUTES),
        lambda: compose.check_templates(settings()),
    ):
        with pytest.raises(Invalid) as caught:
            attempt()
        assert caught.value.type == "general_config_invalid"
        assert caught.value.message.startswith(f"{path} {complaint}")
        assert "482913" not in caught.value.message


def test_all_wrong_templates_are_told_at_once(settings, template):
    paths = [template("email-code.txt", "{x}"), template("phone-code.txt", "{y}"), template("emailcode.txt", "{code}")]
    with pytest.raises(Invalid) as caught:
        compose.check_templates(settings())
    assert [problem.message.split(" ")[0] for problem in caught.value.problems] == paths


def test_the_built_in_templates_are_in_order(settings):
    compose.check_templates(settings())


def test_a_template_that_cannot_be_read_is_told(settings, tmp_path):
    (tmp_path / "trial-email.txt").mkdir()
    with pytest.raises(Unavailable) as caught:
        compose.trial_email(settings(templates=str(tmp_path)), TO)
    assert caught.value.message == f"Cannot read {tmp_path}/trial-email.txt: Is a directory."
