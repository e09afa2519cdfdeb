"""`authctl security` on the command line: policies in and out."""

import io
import json
import os
import tomllib

import pytest

from authctl.cli.output import FORMATS
from authctl.core.policy import policies


def shown(security, options=""):
    return json.loads(security(f"show -o json {options}").stdout)


@pytest.mark.parametrize("preset", policies.PRESETS)
@pytest.mark.parametrize("format", ["toml", "json"])
def test_what_show_writes_apply_reads_and_nothing_changes(security, preset, format):
    assert security(f"apply {preset}").status == 0
    before, log = shown(security), security("list-logs").stdout
    written = security(f"show -o {format}")
    applied = security("apply - -o json", stdin=written.stdout)
    assert (applied.status, applied.stdout, applied.stderr) == (0, "[]\n", "")
    assert (shown(security), security("list-logs").stdout) == (before, log)


def test_policies_travel_between_directories(security):
    """Each policy away from its default, and back by the file of another directory."""
    defaults = security("show -o toml").stdout
    changed = {
        "user-limit": 5, "sign-in-methods": ["email"], "require-verified": "any",
        "email-domains": ["deny:example.com", "deny:disposable"],
        "session-limit": 1, "session-duration": "1m", "session-idle-timeout": "1h",
        "session-max-age": "1h", "recent-sign-in": "off",
        "session-invalidation": False, "session-alerts": True, "password-min-length": 256, "password-history": 20,
        "password-dictionary": False, "password-personal-data": False, "password-strength": ["upper", "symbol"],
        "password-context-words": ["Röcket \"Co\"", "acme"], "password-breached-file": "/srv/pwned.txt",
        "generated-password-expiry": "1h",
        "memberships-privacy": ["user_email"], "sign-in-attempts": 3, "source-attempts": 4, "sign-in-window": "1s",
        "sign-in-lockout": "1d", "trusted-sources": ["192.0.2.7", "2001:db8::/32"], "known-source-expiry": "1d",
        "otp-length": 10, "otp-expiry": "1h", "otp-interval": "0s", "otp-attempts": 1, "otp-hourly-limit": 0,
        "person-hourly-limit": 5, "source-hourly-limit": 6, "email-hourly-limit": 7, "sms-hourly-limit": 0,
        "creation-hourly-limit": 8, "sms-countries": ["1-876", "44", "DE"], "magic-url-expiry": "1m",
        "verification-expiry": "1m", "verification-needs-session": False, "recovery-expiry": "1m", "token-expiry": "1m",
        "invite-expiry": "1y",
        "change-needs-old": "off",
        "mfa-factors": ["totp"], "mfa-required": ["staff"], "challenge-expiry": "1m", "jwt-issuer": "https://id.example.com",
        "jwt-audience": "app", "reason-required": True, "log-retention": "10y",
    }  # fmt: skip
    assert {*changed} == {*policies.DECLARATIONS}
    applied = security("apply - -o json", stdin=json.dumps(changed))
    assert [row["name"] for row in json.loads(applied.stdout)] == list(changed)
    written = security("show -o toml").stdout
    assert tomllib.loads(written) == changed
    assert security("apply -", stdin=defaults).status == 3  # reason-required is on
    assert security("apply - --reason 'back again'", stdin=defaults).status == 0
    assert security("show -o toml").stdout == defaults
    assert security("apply -", stdin=written).status == 0
    assert security("show -o toml").stdout == written


class Ascii(io.StringIO):
    """A stream that takes ASCII alone."""

    encoding = "ascii"

    def write(self, text):
        text.encode("ascii")
        return super().write(text)


def test_toml_survives_a_stream_without_unicode(security):
    assert security("set password-context-words 'Röcket,火箭,🚀🚀'").status == 0
    written = security("show password-context-words -o toml", stdout=Ascii())
    assert tomllib.loads(written.stdout) == {"password-context-words": ["Röcket", "火箭", "🚀🚀"]}


@pytest.mark.parametrize("where", ["before", "behind"])
def test_toml_is_for_policies_alone(authctl, home, where):
    line = "-o toml users list" if where == "before" else "users list -o toml"
    ran = authctl(line)
    assert ran.status == 2
    assert ", ".join(FORMATS) in ran.stderr
    assert os.listdir(home["HOME"]) == []


def test_show_answers_scripts_with_values(security):
    security("set session-duration 2h")
    assert shown(security)["session-duration"] == 7200
    assert shown(security, "session-duration session-idle-timeout") == {
        "session-duration": 7200,
        "session-idle-timeout": None,
    }
    assert security("show session-duration --fields value").stdout == "2h\n"
    assert json.loads(security("show session-duration --fields value,default,range -o json").stdout) == {
        "value": 7200,
        "default": 31_536_000,
        "range": "1m to 1y",
    }
    rows = security("show -o csv --fields name,value,changed").stdout.splitlines()
    assert rows[0] == "name,value,changed"
    assert len(rows) == 1 + len(policies.DECLARATIONS)
    assert [row for row in rows if row.endswith("true")] == ["session-duration,2h,true"]


def test_set_answers_with_the_value(security):
    assert json.loads(security("set session-duration 2h -o json").stdout) == {"session-duration": 7200}
    assert json.loads(security("reset session-duration -o json").stdout) == {"session-duration": 31_536_000}
    assert json.loads(security("reset --all -o json").stdout) == shown(security)


def test_reset_wants_names_or_all(security):
    for line in ("reset", "reset session-limit --all"):
        assert security(line).status == 2


def test_a_dry_run_shows_the_difference_and_changes_nothing(security):
    before = shown(security)
    ran = security("apply supabase --dry-run")
    assert ran.stdout.splitlines() == [
        "recent-sign-in\t10m\toff",
        "password-dictionary\ton\toff",
        "password-personal-data\ton\toff",
        "generated-password-expiry\t7d\toff",
        "source-attempts\t100\t450",
        "otp-expiry\t10m\t1m",
        "email-hourly-limit\t10000\t30",
        "sms-hourly-limit\t1000\t30",
        "creation-hourly-limit\t100\t30",
        "verification-needs-session\ton\toff",
        "change-needs-old\tcancel\tconfirm",
    ]
    assert ran.stderr == "authctl: Dry run: nothing was changed.\n"
    assert json.loads(security("apply supabase --dry-run -o json").stdout)[5] == {
        "name": "otp-expiry",
        "before": 600,
        "after": 60,
        "dry_run": True,
        "changes": [{"resource": "policies/otp-expiry", "before": {"value": 600}, "after": {"value": 60}}],
    }
    assert json.loads(security("set otp-length 8 --dry-run -o json").stdout)["dry_run"] is True
    assert json.loads(security("reset --all --dry-run -o json").stdout)["changes"] == []
    assert shown(security) == before


def test_everything_wrong_in_a_file_is_told_at_once_and_nothing_changes(security, tmp_path):
    file = tmp_path / "policies.toml"
    file.write_text('session-limit = 3\nsession-limits = 3\notp-length = 11\njwt-issuer = ""\n')
    ran = security(f"apply {file} -o json")
    assert (ran.status, ran.stdout) == (3, "")
    assert [each["field"] for each in json.loads(ran.stderr)["error"]["errors"]] == [
        "session-limits",
        "otp-length",
        "jwt-issuer",
    ]
    assert "Did you mean 'session-limit'" in ran.stderr
    assert shown(security, "session-limit") == {"session-limit": 10}


@pytest.mark.parametrize(
    ("content", "status"), [(None, 7), (b"\xff\xfe", 3), (b"x" * 1_048_577, 3), (b"\xef\xbb\xbfotp-length = 7\r\n", 0)]
)
def test_a_file_is_read_as_it_is_or_refused(security, tmp_path, content, status):
    file = tmp_path / "policies.toml"
    if content is not None:
        file.write_bytes(content)
    ran = security(f"apply {file}")
    assert ran.status == status, ran.stderr
    assert shown(security, "otp-length") == {"otp-length": 6 if status else 7}


def test_a_misspelt_preset_names_the_presets(security):
    ran = security("apply superbase")
    assert ran.status == 7
    assert "recommended, appwrite, supabase" in ran.stderr


def test_a_breached_file_that_is_not_here_is_warned_of(security, tmp_path):
    ran = security(f"set password-breached-file {tmp_path}/pwned.txt")
    assert ran.status == 0
    assert "cannot be opened" in ran.stderr
    ran = security("users create --id ada --password-stdin", stdin="correct horse battery\n")
    assert (ran.status, ran.stdout) == (7, "")
    assert security("users get ada").status == 4


def test_a_label_that_nobody_has_is_warned_of(security):
    security("users create --id ada --labels staff")
    assert security("set mfa-required staff").stderr == ""
    warning = "authctl: warning: The policy mfa-required names the label 'of', but no user has it.\n"
    assert warning in security("set mfa-required staff,of").stderr
    assert security("apply -", stdin="mfa-required = ['of']").stderr == warning
    assert security("set mfa-required off").stderr == ""
