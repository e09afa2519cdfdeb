"""A proxy before a Postgres server that tells how often a client waited for it, by the messages and not by a clock.

A round trip is all that a client sends from the last answer on, up to where it asks for the next: statements that are
sent together, before one Sync, are one. What greets a new connection is not counted.
"""

import selectors
import shutil
import socket
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

from doubles.databases import url_of
from psycopg.conninfo import conninfo_to_dict

# Of the client's messages, those that ask for answers, and of these, those whose answers end with READY.
ASKING = b"QSFHc"  # Query, Sync, FunctionCall; Flush, CopyDone
ENDING = b"QSF"
PARSE, BIND, QUERY, TERMINATE = b"PBQX"
# Of the server's, those that end an answer, that the client waits for in the middle of one, and that nobody asked for.
READY = ord("Z")  # ReadyForQuery
COPYING = b"GW"  # CopyInResponse, CopyBothResponse
UNASKED = b"SNA"  # ParameterStatus, NoticeResponse, NotificationResponse
PORT = 5432  # of which the socket's name is made
CHUNK = 65_536


class PostgresProxy:
    """`with PostgresProxy(url) as proxy, proxy.counting() as trips: …`, of whoever connects to `proxy.url` meanwhile.

    A trip is the list of the statements that were sent in it.
    """

    def __init__(self, url):
        self._info = conninfo_to_dict(url)
        self._trips = []

    def __enter__(self):
        self._folder = Path(tempfile.mkdtemp(prefix="authctl-proxy-"))
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._folder / f".s.PGSQL.{PORT}"))
        self._listener.listen(128)
        self._wake, self._stop = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        self.url = url_of(self._info | {"host": str(self._folder), "port": str(PORT)})
        return self

    def __exit__(self, *exception):
        self._stop.close()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()
        shutil.rmtree(self._folder)

    @contextmanager
    def counting(self):
        """The list of the trips that are made meanwhile, which is filled at the end."""
        trips, before = [], len(self._trips)
        yield trips
        trips += self._trips[before:]

    def _serve(self):
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                if key.fileobj.fileno() >= 0:  # else it went with the other end, just now
                    key.data()

    def _accept(self):
        client, _ = self._listener.accept()
        server = _connected(self._info)
        conversation = _Conversation(self._trips)
        self._pass_on(client, server, conversation.sent)
        self._pass_on(server, client, conversation.answered)

    def _pass_on(self, source, target, read):
        def pass_on():
            try:
                chunk = source.recv(CHUNK)
                read(chunk)  # before the other side can do anything about it
                target.sendall(chunk)
            except OSError:  # the other side is gone
                chunk = b""
            if not chunk:
                for end in (source, target):
                    self._selector.unregister(end)
                    end.close()

        self._selector.register(source, selectors.EVENT_READ, pass_on)


def _connected(info):
    host, port = info.get("hostaddr") or info.get("host", "127.0.0.1"), int(info.get("port", PORT))
    if not host.startswith("/"):
        return socket.create_connection((host, port))
    server = socket.socket(socket.AF_UNIX)
    server.connect(f"{host}/.s.PGSQL.{port}")
    return server


class _Conversation:
    """One connection: what the client sends since the last answer, and whether it has one."""

    def __init__(self, trips):
        self._trips = trips
        self._trip = []
        self._is_asked = self._is_answered = False
        self._due = -1  # answers to Syncs and Queries; below 0 until the connection is greeted
        self._prepared = {}  # texts of statements, by their names
        self._from_client, self._from_server = bytearray(), bytearray()
        self._is_started = False

    def sent(self, chunk):
        """Take in what the client sent."""
        self._from_client += chunk
        if not self._is_started and len(self._from_client) >= 4:  # the first message has a length and no type
            size = int.from_bytes(self._from_client[:4])
            self._is_started = len(self._from_client) >= size
            del self._from_client[: size if self._is_started else 0]
        if self._is_started:
            for kind, body in _messages(self._from_client):
                if self._due >= 0 and kind != TERMINATE:
                    self._send(kind, body)

    def _send(self, kind, body):
        if self._is_answered:
            self._trip, self._is_asked, self._is_answered = [], False, False
        if statement := self._statement(kind, body):
            self._trip.append(statement)
        if kind in ASKING and not self._is_asked:
            self._trips.append(self._trip)
            self._is_asked = True
        self._due += kind in ENDING

    def _statement(self, kind, body):
        """The text of a statement that this message runs."""
        if kind == QUERY:
            return body[:-1].decode()
        name, _, rest = body.partition(b"\0")
        if kind == PARSE:
            self._prepared[name] = rest.partition(b"\0")[0].decode()
        if kind == BIND:  # the first name is the portal's
            return self._prepared[rest.partition(b"\0")[0]]
        return None

    def answered(self, chunk):
        """Take in what the server answered."""
        self._from_server += chunk
        for kind, _ in _messages(self._from_server):
            if kind == READY:
                self._due = max(self._due - 1, 0)
            # Before the last answer that is due, the client may still be sending.
            is_last = self._due == 0 and kind not in UNASKED
            if self._is_asked and (is_last or kind in COPYING):
                self._is_answered = True


def _messages(buffer):
    """The whole messages of a buffer, which are taken out of it: type and body."""
    while len(buffer) >= 5 and len(buffer) >= (end := 1 + int.from_bytes(buffer[1:5])):
        yield buffer[0], bytes(buffer[5:end])
        del buffer[:end]
