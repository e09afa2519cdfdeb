"""Messages in the reader's language: whose templates are taken, and how moments and durations are written in them."""

import os
import sys
from datetime import UTC, datetime, timedelta

import pytest

from authctl.core.messages import compose, languages
from authctl.errors import Invalid
from authctl.settings import load

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def templates(tmp_path):
    """A folder of templates; write(**{"de/recovery.txt": text}) adds files."""
    folder = tmp_path / "templates"

    def write(files):
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        return str(folder)

    return write


@pytest.fixture
def no_babel(monkeypatch):
    for name in [*(name for name in sys.modules if name.partition(".")[0] == "babel"), "babel"]:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.fixture
def written(home, templates):
    """The alert of a sign-in to a reader of that locale, with those files."""

    def write(files, locale, **more):
        environ = home | {"AUTHCTL_APPLICATION_NAME": "Example", "AUTHCTL_TEMPLATES": templates(files)} | more
        settings = load(environ, system_config=os.devnull)
        return compose.sign_in_alert(settings.for_reader(locale), "ada@example.org", at=AT)

    return write


FILES = {
    "sign-in-alert.txt": "Plain",
    "de/sign-in-alert.txt": "Deutsch",
    "zh/sign-in-alert.txt": "Chinese",
    "zh-Hant/sign-in-alert.txt": "Traditional",
}


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("de", "Deutsch"),
        ("de-AT", "Deutsch"),
        ("de-u-co-phonebk", "Deutsch"),
        ("zh-Hant-TW", "Traditional"),
        ("zh-Hans", "Chinese"),
        ("fr", "Plain"),
        (None, "Plain"),
    ],
)
def test_the_closest_folder_is_taken(written, locale, text):
    assert written(FILES, locale).text == f"{text}\n"


def test_without_a_file_in_any_folder_the_text_is_english(written):
    mail = written({"de/recovery.txt": "{code}"}, "de")
    assert "signed in to your account at Example on 2 January 2026, 03:04\nUTC." in mail.text
    assert '<html lang="en">' in mail.html


def test_the_setting_is_the_language_of_those_who_have_none(written):
    assert written(FILES, None, AUTHCTL_LOCALE="de").text == "Deutsch\n"
    assert written(FILES, "fr", AUTHCTL_LOCALE="de").text == "Plain\n"


@pytest.mark.parametrize("locale", ["DE", "de_DE", "german", "../de", "de-"])
def test_a_setting_that_is_no_tag_is_refused(written, locale):
    with pytest.raises(Invalid, match="must be a language tag such as de, pt-BR or zh-Hant"):
        written({}, None, AUTHCTL_LOCALE=locale)


def test_what_a_language_lacks_comes_from_the_plain_folder(written):
    mail = written(FILES | {"sign-in-alert.subject": "Hello", "sign-in-alert.html": "<p>Plain</p>"}, "de")
    assert mail.subject == "Hello"
    assert '<html lang="de">' in mail.html  # of the German text: the plain HTML is of the other
    assert "Deutsch" in mail.html


def test_other_languages_are_written_as_everybody_can_read_them_without_babel(no_babel):
    assert languages.moment(AT, "de") == "2026-01-02 03:04 UTC"
    assert languages.in_words(timedelta(minutes=10), "de") == "10 min"
    assert languages.moment(AT, "en-GB") == "2 January 2026, 03:04 UTC"


@pytest.mark.parametrize(
    ("locale", "moment", "duration"),
    [
        ("de-CH", "2. Januar 2026, 03:04 UTC", "10 Minuten"),
        ("pt-BR", "2 de janeiro de 2026, 03:04 UTC", "10 minutos"),
        ("zh-Hant", "2026年1月2日, 凌晨3:04 UTC", "10 分鐘"),
        ("tlh", "2026-01-02 03:04 UTC", "10 min"),
    ],
)
def test_babel_writes_them_as_their_readers_do(locale, moment, duration):
    pytest.importorskip("babel", reason="the extra `languages`")
    assert languages.moment(AT, locale) == moment
    assert languages.in_words(timedelta(minutes=10), locale) == duration


GERMAN = {
    "de/recovery.subject": "Neues Passwort für {application}",
    "de/recovery.txt": "Ein neues Passwort für {application}:\n\n{link}\n\n{code}\n\nGültig: {validity}.",
    "de/password-changed.txt": "Geändert: {time}.",
    "de/phone-code.txt": "{code} ist dein Code.",
}


def test_people_get_mails_in_their_language(directory, opened, mail, templates, no_babel):
    mailing = opened(mail.environ | {"AUTHCTL_TEMPLATES": templates(GERMAN), "AUTHCTL_APPLICATION_NAME": "Beispiel"})
    directory.users.create(id="ada", email="ada@example.com", email_verified=True, locale="de-AT")
    directory.users.create(id="bob", email="bob@example.com", email_verified=True)
    mailing.tokens.create_recovery("ada")
    message = mail.last.message
    assert message["Subject"] == "Neues Passwort für Beispiel"
    assert mail.last.text.startswith("Ein neues Passwort für Beispiel:\n")
    assert mail.last.text.endswith("Gültig: 1 h.\n")
    assert '<html lang="de">' in mail.last.html
    mailing.tokens.create_recovery("bob")
    assert mail.last.message["Subject"] == "A new password for Beispiel"
    mailing.users.update_password("ada", "another fine password")
    assert "Geändert: 2026-01-02 03:04 UTC." in mail.last.text
    assert mail.last.message["Subject"] == "Your password for Beispiel was changed"


def test_whoever_signs_up_gets_the_first_mail_in_their_language(opened, mail, templates):
    mailing = opened(mail.environ | {"AUTHCTL_TEMPLATES": templates({"de/email-code.txt": "Dein Code: {code}"})})
    mailing.tokens.create_email("ada@example.com", locale="de_AT")
    assert mail.last.text.startswith("Dein Code: ")
    assert mailing.users.get("ada@example.com").locale == "de-AT"
    with pytest.raises(Invalid, match="use one such as de"):
        mailing.tokens.create_email("bob@example.com", locale="german")


def test_all_templates_of_all_languages_are_checked(home, templates):
    wrong = {"de/recovery.txt": "{link} {x}", "de/other.txt": "", "german/recovery.txt": "{link}", "fr/x": ""}
    folder = templates(GERMAN | wrong)
    with pytest.raises(Invalid) as refused:
        compose.check_templates(load(home | {"AUTHCTL_TEMPLATES": folder}, system_config=os.devnull))
    named = [problem.message.split(" ")[0].removeprefix(f"{folder}/") for problem in refused.value.problems]
    assert named == ["de/recovery.txt", "german", "de/other.txt", "fr/x"]


def test_a_wrong_template_of_a_language_is_named(written, templates):
    with pytest.raises(Invalid) as refused:
        written({"de/sign-in-alert.txt": "{x}"}, "de")
    assert "/de/sign-in-alert.txt has an unknown field {x}" in refused.value.message
