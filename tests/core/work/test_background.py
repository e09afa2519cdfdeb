"""Notices that a thread sends: nobody waits for a mail server, and none is lost in silence."""

import os
import subprocess
import sys
import textwrap
import threading

import pytest
from conftest import CHEAP
from doubles.mail import HangingServer

import authctl
from authctl.core.directory import opening
from authctl.core.work import background
from authctl.core.work.background import ROOM, Background
from authctl.core.work.unit import Actor
from authctl.errors import Invalid
from authctl.settings import load

NEW = "another fine password"


@pytest.fixture
def opened(home, database_url, clock, dice, directory):
    """Opens the directory once more, with a mail server, so that notices are sent in the background."""
    directory.users.create(id="ada", email="ada@example.com", email_verified=True)

    def open_(server):
        settings = load(home | server.environ, options={"database_url": database_url}, system_config=os.devnull)
        options = {"clock": clock, "random_bytes": dice, "hash_parameters": CHEAP, "notices": "background"}
        return opening.open_directory(settings, Actor("tester@example.com"), **options)

    return open_


def test_nobody_waits_for_a_mail_server_that_hangs(opened, directory, caplog):
    with HangingServer() as server, opened(server) as sending:
        for _ in range(3):
            sending.users.update_password("ada", NEW)
        assert directory.security.list_logs(events=["users.notify"]) == []  # nobody has waited for the end of it
        server.hang_up()
    told = [event.details for event in directory.security.list_logs(events=["users.notify"])]
    assert told == [{"refused": "delivery_failed"}] * 3
    assert [record.message.partition(":")[0] for record in caplog.records] == ["User ada was not notified by mail"] * 3


def test_what_waits_is_sent_before_the_directory_is_closed(opened, mail):
    with opened(mail) as sending:
        sending.users.update_password("ada", NEW)
        sending.users.update_email("ada", "countess@example.com")
    assert [each.recipients[0] for each in mail.mails] == ["ada@example.com", "ada@example.com"]


def test_a_server_that_fails_again_and_again_gets_none_of_those_that_wait(opened, directory, caplog):
    with HangingServer() as server, opened(server) as sending:
        for _ in range(8):
            sending.users.update_password("ada", NEW)
        server.hang_up()
    assert len(directory.security.list_logs(events=["users.notify"])) == 8
    assert caplog.records[-1].message.startswith("4 users were not notified by mail")


def test_mailboxes_that_are_gone_keep_nobody_from_being_told(opened, directory, mail, caplog):
    mail.mailbox.recipient_answer = "550 5.1.1 No such user"
    with opened(mail) as sending:
        for _ in range(8):
            sending.users.update_password("ada", NEW)
    assert len([record for record in caplog.records if record.message.startswith("User ada was not")]) == 8


def test_other_words_are_refused(tmp_path):
    with pytest.raises(Invalid, match="must be at-once or background"):
        authctl.open(f"sqlite:///{tmp_path}/none.db", notices="later")


# The queue


class Sender:
    """Sends when it may, and remembers what."""

    def __init__(self, *, fails_with=None):
        self.may_send = threading.Event()
        self.sent = []
        self.fails_with = fails_with

    def __call__(self, some, warn):
        for each in some:
            self.may_send.wait()
            if each == self.fails_with:
                raise ValueError(each)
            self.sent.append(each)


def test_more_than_a_thousand_do_not_wait():
    sender = Sender()
    queue = Background(sender)
    assert queue.take(range(ROOM))
    while queue.take([0]):  # the thread may have taken one by now
        pass
    sender.may_send.set()
    queue.join()
    assert sender.sent[:ROOM] == list(range(ROOM))
    assert queue.take([1])
    queue.join()
    assert sender.sent[-1] == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_one_that_cannot_be_written_is_not_the_end_of_the_others():
    sender = Sender(fails_with=1)
    queue = Background(sender)
    queue.take([0, 1, 2])
    sender.may_send.set()
    queue.join()  # of the thread that failed, which began the next before
    queue.join()
    assert sender.sent == [0, 2]


def test_where_no_thread_can_be_started_whoever_asks_sends(monkeypatch):
    def refuse(thread):
        raise RuntimeError

    monkeypatch.setattr(background.threading.Thread, "start", refuse)
    queue = Background(Sender())
    assert not queue.take([1])
    queue.join()


def test_a_fork_sends_its_own_alone():
    sender = Sender()
    queue = Background(sender)
    queue.take([0, 1])
    with queue._queues[os.getpid()].lock:  # as another thread may hold it at a fork
        child = os.fork()
        if child == 0:
            sender.may_send.set()
            os._exit(0 if queue.take([2]) and not queue.join() and sender.sent == [2] else 1)
    assert os.waitpid(child, 0)[1] == 0
    sender.may_send.set()
    queue.join()
    assert sender.sent == [0, 1]


def test_the_end_of_python_waits_for_what_is_to_be_sent():
    script = """
        import threading
        from authctl.core.work.background import Background
        def send(some, warn):
            threading.main_thread().join()
            print(*some)
        Background(send).take([1, 2])
    """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("1 2\n", "")
