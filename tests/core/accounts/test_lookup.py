"""Accounts whose ids another system made: they stay as they are, and name nobody else, wherever ids pass."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from doubles.given import Given

from authctl.core.accounts import lookup, throttle
from authctl.errors import Conflict, NotFound
from authctl.transfer import importing
from authctl.transfer.records import Record

CLEAR = ["waad|AbC~d!", "{8281CEC3-5A3A-4C5E-9D6B-0A6F6C0B1A2B}", "李雷", "/x?y=%2F&z", "a" + "x" * 254]
UNCLEAR = ["samlp|corp|jane@corp.com", "Jane Doe", "+44 20 7946 0123", "email:jane@corp.com"]
HOOK = "https://app.example.com/in"


@pytest.fixture
def arrive(directory, tmp_path):
    """Imports records with these ids, and answers the counts."""

    def arriving(*ids, **fields):
        (tmp_path / "given").write_text("given")
        records = [Record(number, id, None, id=id, **fields) for number, id in enumerate(ids, 1)]
        return importing.import_users(directory, [str(tmp_path / "given")], source=Given(*records)).counts

    return arriving


def test_ids_of_any_script_come_in_and_are_found(directory, arrive):
    assert arrive(*CLEAR, *UNCLEAR)["created"] == len(CLEAR + UNCLEAR)
    for id in CLEAR:
        assert directory.users.get(id).id == directory.users.get(f"id:{id}").id == id
    for id in UNCLEAR:
        assert directory.users.get(f"id:{id}").id == id
        assert directory.users.get(lookup.reference(id)).id == id
        with pytest.raises(NotFound):
            directory.users.get(id)
    assert {user.id for user in directory.users.iterate()} == {*CLEAR, *UNCLEAR}
    assert arrive(*CLEAR, *UNCLEAR)["reasons"] == {"import_unchanged": len(CLEAR + UNCLEAR)}


def test_an_id_that_could_be_read_otherwise_takes_nobodys_place(directory, arrive):
    """Who is named by an email or phone is its owner, whatever another system calls somebody else."""
    directory.users.create(id="jane", email="jane@corp.com", phone="+442079460123")
    arrive("jane@corp.com", "+442079460123", "442079460123")
    for named in ("jane@corp.com", "email:jane@corp.com", "+442079460123", "442079460123"):
        assert directory.users.get(named).id == "jane"
    assert directory.users.get("id:442079460123").id == "442079460123"


def test_an_imported_id_and_a_username_are_one_name(directory, arrive):
    arrive("Jané")
    with pytest.raises(Conflict):
        directory.users.create(username="jANÉ")


@pytest.mark.parametrize("id", UNCLEAR + CLEAR[:3])
def test_a_link_leads_to_the_account(opened, directory, mail, arrive, id):
    sending = opened(mail.environ | {"AUTHCTL_ALLOWED_REDIRECTS": "app.example.com"})
    arrive(id, email="jane@example.com", email_verified=True)
    sending.tokens.create_recovery("email:jane@example.com", url=HOOK)
    query = _query(mail.last.text)
    password = "another fine password"
    assert sending.tokens.redeem(query["userId"], query["secret"], kind="recovery", new_password=password).id == id
    sending.teams.create("Maths", id="maths")
    sending.teams.create_membership("maths", user=lookup.reference(id), invite=True, url=HOOK)
    query = _query(mail.last.text)
    accept = sending.teams.update_membership_status
    assert accept(query["teamId"], query["membershipId"], query["userId"], query["secret"]).user_id == id


def _query(text):
    (link,) = [word for word in text.split() if word.startswith(HOOK)]
    return {name: value for name, (value,) in parse_qs(urlsplit(link).query).items()}


def test_events_are_found_by_the_id(directory, arrive):
    for id in UNCLEAR:
        arrive(id)
        directory.users.update_name(f"id:{id}", "Jane")
        (event,) = directory.users.list_logs(f"id:{id}")
        assert event.resource == f"users/{id}"
        directory.users.delete(f"id:{id}")
        assert len(directory.users.list_logs(f"id:{id}")) == 2


def test_attempts_at_one_account_are_no_other_accounts(directory, arrive):
    """The counters of ada's sources are called as another system may call somebody."""
    arrive("ada", "ada@192.0.2.7", "ada/x", "ada#locks")
    users = [directory.users.get(f"id:{id}") for id in ("ada", "ada@192.0.2.7", "ada/x", "ada#locks")]
    buckets = [throttle._bucket(user, "", "", None, is_second_factor=False) for user in users]
    assert buckets[0] == "user:ada"
    assert not any(bucket.startswith(("user:ada@", "user:ada/", "user:ada#")) for bucket in buckets)


def test_ids_from_a_pipe_are_ids_first(directory, arrive, authctl, database_url):
    def run(line, **options):
        return authctl(line, env={"AUTHCTL_DATABASE_URL": database_url}, **options)

    directory.users.create(id="jane", email="jane@corp.com", phone="+442079460123")
    directory.users.create(id="bob", email="bob@corp.com")
    arrive("jane@corp.com", *UNCLEAR, *CLEAR)
    ids = run("users list --all --fields id -o jsonl").stdout
    ids = "".join(json.loads(line)["id"] + "\n" for line in ids.splitlines())
    kept = ids.replace("jane\n", "").replace("bob\n", "")
    assert kept == run("users list --all --fields id").stdout.replace("jane\n", "").replace("bob\n", "")
    assert run("users delete - --yes", stdin=kept + "bob@corp.com\n").status == 0
    assert [user.id for user in directory.users.iterate()] == ["jane"]
    assert run("users get id:{x}").status == 4
    assert run(["users", "delete", "-", "--yes"], stdin="nobody@corp.com\nNo Body\n").status == 8


def test_completion_offers_safe_ids_only(directory, arrive, authctl, database_url):
    arrive(*CLEAR, *UNCLEAR, "jane-1")
    ran = authctl(["__complete", "users="], env={"AUTHCTL_DATABASE_URL": database_url})
    assert set(ran.stdout.split("\n")) <= {"jane-1", CLEAR[-1], ""}
