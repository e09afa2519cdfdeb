"""`security rotate-key` and `show-jwks`, from the command line, on both databases."""

import json
import os
from pathlib import Path

import pytest

PASSWORD = "correct horse battery\n"


@pytest.fixture
def ran(authctl, database_url, ready):
    def run(line, **given):
        env = {"AUTHCTL_DATABASE_URL": database_url} | given.pop("env", {})
        return authctl(line, env=env, **given)

    assert run("users create --id ada --password-stdin", stdin=PASSWORD).status == 0
    return run


def secret_of(ran):
    return json.loads(ran("sessions create ada --password-stdin --json", stdin=PASSWORD).stdout)["secret"]


def key_of(ran):
    return json.loads(ran("status --json").stdout)["key"]


def test_a_new_secret_key_opens_what_the_old_one_sealed(ran):
    secret = secret_of(ran)
    first = ran("sessions create-jwt --secret-stdin --json", stdin=secret).stdout
    before = key_of(ran)
    rotated = json.loads(ran("security rotate-key --yes --json").stdout)
    after = key_of(ran)
    assert (after["fingerprint"], after["file"], after["state"]) == (rotated["id"], rotated["key_file"], "ok")
    assert after["fingerprint"] != before["fingerprint"]
    assert os.path.exists(before["file"])
    assert os.stat(after["file"]).st_mode & 0o777 == 0o600
    assert rotated["resealed"] == 2
    assert ran("sessions verify-jwt --secret-stdin", stdin=json.loads(first)["jwt"]).status == 0
    assert ran("sessions create-jwt --secret-stdin", stdin=secret).status == 0


def test_a_named_key_file_gets_the_new_key_beside_it(ran, tmp_path):
    kept = tmp_path / "the.key"
    kept.write_text(Path(key_of(ran)["file"]).read_text())
    kept.chmod(0o600)
    env = {"AUTHCTL_SECRET_KEY_FILE": str(kept)}
    rotated = json.loads(ran("security rotate-key --yes --json", env=env).stdout)
    assert rotated["key_file"] == f"{kept}.{rotated['id']}"
    assert ran("users update-name ada Ada", env=env).status == 0


def test_a_key_that_was_given_itself_is_not_rotated(ran):
    env = {"AUTHCTL_SECRET_KEY": Path(key_of(ran)["file"]).read_text().strip()}
    before = key_of(ran)
    refused = ran("security rotate-key --yes", env=env)
    assert (refused.status, key_of(ran)) == (3, before)
    assert "secret_key_file" in refused.stderr
    assert env["AUTHCTL_SECRET_KEY"] not in refused.stderr


def test_a_rotation_that_is_refused_leaves_no_key(ran, home):
    ran("security set reason-required on")
    before, files = key_of(ran), sorted(os.walk(home["HOME"]))
    assert ran("security rotate-key --yes").status == 3
    assert (key_of(ran), sorted(os.walk(home["HOME"]))) == (before, files)
    assert ran("security rotate-key --yes --reason 'a test'").status == 0


def test_a_dry_run_changes_no_key(ran, home):
    before = key_of(ran)
    files = sorted(os.walk(home["HOME"]))
    assert ran("security rotate-key --dry-run").status == 0
    assert ran("security rotate-key --jwt --dry-run").status == 0
    assert key_of(ran) == before
    assert sorted(os.walk(home["HOME"])) == files


def test_without_a_yes_no_key_is_changed(ran):
    assert ran("security rotate-key").status == 2


def test_jwts_outlive_a_new_signing_key_unless_it_leaked(ran):
    secret = secret_of(ran)
    token = json.loads(ran("sessions create-jwt --secret-stdin --json", stdin=secret).stdout)["jwt"]
    assert ran("security rotate-key --jwt --yes").status == 0
    assert len(json.loads(ran("security show-jwks").stdout)["keys"]) == 2
    assert ran("sessions verify-jwt --secret-stdin", stdin=token).status == 0
    assert ran("security rotate-key --jwt --forget --yes --algorithm ES256").status == 0
    [key] = json.loads(ran("security show-jwks").stdout)["keys"]
    assert (key["alg"], "d" in key) == ("ES256", False)
    refused = ran("sessions verify-jwt --secret-stdin --json", stdin=token)
    assert json.loads(refused.stderr)["error"]["type"] == "user_jwt_invalid"


def test_a_jwt_dies_with_its_session(ran):
    secret = secret_of(ran)
    token = json.loads(ran("sessions create-jwt --secret-stdin --json", stdin=secret).stdout)["jwt"]
    assert ran("sessions delete --secret-stdin", stdin=secret).status == 0
    refused = ran("sessions verify-jwt --secret-stdin --json", stdin=token)
    assert (refused.status, json.loads(refused.stderr)["error"]["type"]) == (6, "user_unauthorized")


@pytest.mark.parametrize(
    "line",
    ["security rotate-key --yes", "security rotate-key --yes --jwt", "init", "upgrade", "upgrade --dry-run", "status"],
)
def test_a_person_does_nothing_to_the_database_itself(ran, home, line):
    env = {"AUTHCTL_SESSION": secret_of(ran)}
    before, files = key_of(ran), sorted(Path(home["HOME"]).rglob("*.key"))
    refused = ran(f"{line} --as-session --json", env=env)
    assert (refused.status, json.loads(refused.stderr)["error"]["type"]) == (6, "user_unauthorized")
    assert (key_of(ran), sorted(Path(home["HOME"]).rglob("*.key"))) == (before, files)
