"""A directory that is open: what applications use, and what the command line itself stands on.

    with authctl.open("postgresql://…") as directory:
        user = directory.users.create(email="ada@example.com", name="Ada")

It may be shared by threads. Its groups have the verbs of the commands.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from authctl import storage
from authctl.core.work.engine import Engine
from authctl.core.work.unit import OPERATOR
from authctl.errors import Invalid

if TYPE_CHECKING:
    from typing import Self

    from authctl.core.directory.mfa import Mfa
    from authctl.core.directory.security import Security
    from authctl.core.directory.sessions import Sessions
    from authctl.core.directory.teams import Teams
    from authctl.core.directory.tokens import Tokens
    from authctl.core.directory.users import Users
    from authctl.core.work.outbox import Outbox
    from authctl.core.work.person import Person
    from authctl.core.work.unit import Work
    from authctl.storage.lent import Lending


class Door(Engine):
    """A way into a directory, for one kind of actor: the groups of verbs, each of which says who may use it."""

    def as_session(
        self,
        secret: str,
        *,
        password: str | None = None,
        code: str | None = None,
        challenge: str | None = None,
        ip: str | None = None,
        user_agent: str | None = None,
        reason: str | None = None,
    ) -> Self:
        """The same directory as a signed-in person sees it: the own account alone, by the rules for people.

        secret: the session's. Every verb refuses one that is missing or may not act (user_unauthorized and others).
        Who did not sign in within the policy recent-sign-in gives some of it again for what is sensitive, and what is
        missing is named (user_challenge_required). password: the current one. code: of an authenticator, or a recovery
        code; with challenge, the answer to the one of that id. A code is good for one verb.
        ip, user_agent, reason: of this request, as `from_request` takes them.
        """

        from authctl.core.work.person import Given

        def admit(work: Work, **admission: bool) -> Person:
            from authctl.core.sessions import admission as admissions

            return admissions.admit(work, secret, **admission)

        return self.from_request(ip, user_agent, reason=reason).as_person(admit, Given(password, code, challenge))

    def within(self, connection: Lending) -> Self:
        """The same directory in the application's own transaction: what both change is committed together, or undone.

        connection: psycopg's, sqlite3's or SQLAlchemy's, to the directory's database. Nothing is committed here, and a
        verb that raises changes nothing; the transaction can go on. What people are to be told of it waits in `outbox`.
        Verbs that are more than one unit of work are refused by name. With `with`, no verb can be used afterwards.

            with psycopg.connect(URL) as connection:
                inside = directory.within(connection)
                user = inside.users.create(email="ada@example.com")
                connection.execute("INSERT INTO orders (customer) VALUES (%s)", (user.id,))
            inside.outbox.send()

        Raises Invalid (general_transaction_invalid): a connection that commits each statement by itself, is to another
        database, or whose transaction has failed or does not see what others commit (REPEATABLE READ, SERIALIZABLE).
        """
        from authctl.core.work.outbox import Outbox

        self.refuse_within("within()")
        self.require_key()
        if self.find_log_key() is None:
            self.write(lambda work: None)  # makes it, apart from what the application may undo
        directory = copy.copy(self)
        directory.database = storage.lent.Lent(self.database, connection)
        directory.lent_outbox = Outbox(self.post_committed)
        return directory

    @property
    def outbox(self) -> Outbox:
        """What is to be sent after the commit, of a directory that `within` has answered with."""
        if self.lent_outbox is None:
            message = "Only within() gives an outbox. Elsewhere, notices are sent by themselves."
            raise Invalid("general_transaction_invalid", message)
        return self.lent_outbox

    @property
    def users(self) -> Users:
        """Accounts: every verb of `authctl users`."""
        from authctl.core.directory.users import Users

        return Users(self)

    @property
    def teams(self) -> Teams:
        """Teams and their members: every verb of `authctl teams`."""
        from authctl.core.directory.teams import Teams

        return Teams(self)

    @property
    def sessions(self) -> Sessions:
        """What a signed-in application does: every verb of `authctl sessions`."""
        from authctl.core.directory.sessions import Sessions

        return Sessions(self)

    @property
    def tokens(self) -> Tokens:
        """Codes, links and tokens that sign in, verify and change: every verb of `authctl tokens`."""
        from authctl.core.directory.tokens import Tokens

        return Tokens(self)

    @property
    def mfa(self) -> Mfa:
        """Second factors and challenges: every verb of `authctl mfa`."""
        from authctl.core.directory.mfa import Mfa

        return Mfa(self)

    @property
    def security(self) -> Security:
        """Policies, the audit log, and what a password would get: every verb of `authctl security`."""
        from authctl.core.directory.security import Security

        return Security(self)


class Directory(Door):
    """The door for operators, with every verb. `authctl.open` opens it."""

    by = OPERATOR
