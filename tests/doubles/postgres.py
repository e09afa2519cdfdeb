"""A Postgres of a test's own, over TCP on loopback: with TLS or without, and with a clock of its own."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from doubles.programs import missing

HOST = "db.example.com"  # what it is called; it is on this machine


class Postgres:
    """`with Postgres(certificate=…) as server: …` and then `server.url(sslmode="disable")` reaches it.

    certificate: a file of a certificate and its key, for `HOST`. environ: variables of the server, such as a clock's.
    """

    def __init__(self, *, certificate=None, environ=None):
        self.certificate = certificate
        self.environ = {"PATH": os.environ["PATH"], "LC_ALL": "C", **(environ or {})}
        # Postgres refuses to be root.
        self.user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}

    def __enter__(self):
        # A folder apart from pytest's own, into which no other user may look.
        self.folder = Path(tempfile.mkdtemp(prefix="authctl-postgres-"))
        self.data = self.folder / "data"
        self._own(self.folder)
        try:
            self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
            self._start()
        except BaseException:
            shutil.rmtree(self.folder)
            raise
        return self

    def __exit__(self, *exception):
        self._run("pg_ctl", "stop", "-D", self.data, "-m", "immediate", "-w")
        shutil.rmtree(self.folder)

    def url(self, **query):
        """The URL of its database; by a name that is not loopback's, which nobody needs to look up."""
        asked = "&".join(f"{name}={value}" for name, value in {"hostaddr": "127.0.0.1", **query}.items())
        return f"postgresql://postgres@{HOST}:{self.port}/postgres?{asked}"

    def _start(self):
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        if self.certificate is not None:
            held = self.folder / "server.pem"
            shutil.copy(self.certificate, held)
            held.chmod(0o600)
            self._own(held)
            settings |= {"ssl": "on", "ssl_cert_file": held, "ssl_key_file": held}
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = settings["port"] = free.getsockname()[1]
        with open(self.data / "postgresql.auto.conf", "a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        # `-w` waits until it takes connections, or is no more.
        self._run("pg_ctl", "start", "-D", self.data, "-l", self.folder / "log", "-w")

    def _own(self, path):
        if self.user:
            shutil.chown(path, "postgres", "postgres")

    def _run(self, name, *words):
        done = subprocess.run(
            [server_program(name), *map(str, words)],
            env=self.environ,
            cwd=self.folder,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            **self.user,
        )
        log = self.folder / "log"
        assert done.returncode == 0, done.stdout + (log.read_text() if log.exists() else "")


def server_program(name):
    """A program of the newest Postgres server that Debian has: those of wheels are built without TLS."""
    found = max(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]), default=None)
    return found or missing("postgresql")
