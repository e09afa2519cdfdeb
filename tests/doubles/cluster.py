"""Two servers at ports that stay, the second of which has every commit before it is answered, and PgBouncer before
them: promoted again and again, as Patroni does it."""

import contextlib
import time

import psycopg
from doubles.postgres import Pooler, Postgres, Standby, free_port

# Else a standby that has lost its primary may wait for 5 seconds before it hears that it is promoted.
SETTINGS = {"wal_retrieve_retry_interval": "500ms"}


class Cluster:
    """`with Cluster() as cluster:`; `url` and `pooled_url` lead to whichever server is the primary."""

    def __init__(self, *, settings=None, connections=10):
        self.settings = SETTINGS | (settings or {})
        self.connections = connections

    def __enter__(self):
        self._until_the_end = contextlib.ExitStack()
        with contextlib.ExitStack() as unless_it_fails:
            unless_it_fails.push(self._until_the_end.__exit__)
            self._servers = {}
            self.primary = self._start(Postgres(settings=self.settings))
            ports = (self.primary.port, free_port())
            hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
            self.url = f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write"
            self._renew(ports[1])
            # Else it waits for 15 seconds after it has found no server.
            self.pooler = Pooler(self.primary, connections=self.connections, server_login_retry=1)
            self._until_the_end.enter_context(self.pooler)
            unless_it_fails.pop_all()
        return self

    def __exit__(self, *exception):
        self._until_the_end.__exit__(*exception)

    @property
    def pooled_url(self):
        return self.pooler.url()

    def promote(self, how):
        """Make the standby the primary; when the old one was gone, and when the new one was there, monotonic.

        how: the old one is stopped ("fast"), crashes ("immediate"), or is killed ("kill"); or it is stopped while
        PgBouncer lets everybody wait ("planned").
        """
        old, new = self.primary, self.standby
        if how == "planned":
            self.pooler.tell("PAUSE")
        gone = time.monotonic()
        if how == "kill":
            old.kill()
        else:
            old.stop("fast" if how == "planned" else how)
        new.promote()
        there = time.monotonic()
        self.pooler.point_to(new)
        if how == "planned":
            self.pooler.tell("RESUME")
        self.primary = new
        return gone, there

    def renew(self):
        """Build a standby where the old primary was, which has everything before this ends."""
        [port] = self._servers.keys() - {self.primary.port}
        self._servers.pop(port).close()
        self._renew(port)

    def _renew(self, port):
        # What comes along from the primary would have the standby wait for one of its own, once it is promoted.
        alone = {"synchronous_standby_names": ""}
        self.standby = self._start(Standby(self.primary, port=port, settings=self.settings | alone))
        with psycopg.connect(f"host=127.0.0.1 port={self.primary.port} user=postgres", autocommit=True) as connection:
            # Commits are answered once the standby has them on its disk (synchronous_commit = on), as it is by default.
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")
            wait_for(connection, "SELECT 'sync' = ANY(SELECT sync_state FROM pg_stat_replication)")
            connection.execute("CHECKPOINT")  # by the process that tells the others of it, once it has read it
            [[position]] = connection.execute("SELECT pg_current_wal_flush_lsn()").fetchall()
            wait_for(connection, f"SELECT bool_and(flush_lsn >= '{position}') FROM pg_stat_replication")

    def _start(self, server):
        stack = contextlib.ExitStack()
        stack.enter_context(server)
        self._until_the_end.callback(stack.close)
        self._servers[server.port] = stack
        return server


def wait_for(connection, condition):
    while connection.execute(condition).fetchone() != (True,):
        time.sleep(0.02)
