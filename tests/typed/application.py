"""A web application that stands on authctl, as somebody else would write it: held to its types, and run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import assert_type

from pyotp.totp import TOTP

import authctl
from authctl import errors, model


@dataclass(frozen=True)
class Response:
    """What is answered with. session: the secret that the cookie keeps."""

    status: int
    body: dict[str, object]
    session: str | None = None


def refused(error: errors.AuthctlError) -> Response:
    """An error as the application's clients read it."""
    problems: list[object] = [{"type": each.type, "field": each.field} for each in error.problems]
    assert_type(error.hint, str | None)
    assert_type(error.status, errors.ExitStatus)
    told = assert_type(error.public(), dict[str, object])
    return Response(assert_type(error.http_status, int), told | {"problems": problems})


class Application:
    """The handlers of the requests: of people, and of operators."""

    def __init__(self, directory: authctl.Application, operators: authctl.Directory) -> None:
        self.directory = directory
        self.operators = operators

    # Accounts and sessions

    def sign_up(self, email: str, password: str, name: str | None = None) -> Response:
        try:
            user = self.directory.users.create(
                email=email, password=password, name=name, prefs={"theme": "dark", "sizes": [1, 2]}
            )
        except (errors.Invalid, errors.Conflict) as error:
            return refused(error)
        assert_type(user, model.User)
        return Response(201, user.public())

    def sign_in(self, email: str, password: str, ip: str) -> Response:
        try:
            here = assert_type(self.directory.from_request(ip=ip, user_agent="test"), authctl.Application)
            signed_in = here.sessions.create(email, password)
        except errors.Denied as error:
            return refused(error)
        assert_type(signed_in.session, model.Session)
        assert_type(signed_in.more_factors_required, bool)
        return Response(200, signed_in.public(), assert_type(signed_in.secret, str))

    def sign_out(self, secret: str) -> Response:
        session = self.directory.sessions.delete(secret)
        assert_type(session.ended_at, datetime | None)
        return Response(200, session.public())

    def me(self, secret: str) -> model.User:
        person = self.directory.sessions.get(secret)
        assert_type(person.session, model.Session)
        return assert_type(person.user, model.User)

    def rename(self, secret: str, name: str) -> model.User:
        mine = assert_type(self.directory.as_session(secret), authctl.Application)
        return mine.users.update_name(self.me(secret).id, name)

    def choose_theme(self, secret: str, theme: str) -> str:
        """The theme from before."""
        mine = self.directory.as_session(secret).users
        before = assert_type(mine.get_prefs(self.me(secret).id), dict[str, object])
        after = mine.update_prefs(self.me(secret).id, {"theme": theme}, merge=True)
        assert after == before | {"theme": theme}
        known = before["theme"]
        assert isinstance(known, str)
        return known

    def devices(self, secret: str) -> list[str | None]:
        sessions = self.directory.as_session(secret).users.list_sessions(self.me(secret).id)
        return [session.ip for session in assert_type(sessions, list[model.Session]) if session.current]

    def history(self, secret: str) -> list[str]:
        events = self.directory.as_session(secret).users.list_logs(self.me(secret).id, limit=10)
        assert_type(events[0].details, dict[str, object])
        return [event.name for event in assert_type(events, list[model.Event])]

    # What an operator's page shows

    def page(self, search: str, after: str | None = None) -> list[model.User]:
        return self.operators.users.list(search=search, filters=["status = active"], sort="name", limit=2, after=after)

    def names(self) -> Iterator[str]:
        for user in assert_type(self.operators.users.iterate(sort="created_at"), Iterator[model.User]):
            yield user.name

    def block(self, user: str, reason: str, for_: timedelta) -> model.User:
        operator = self.operators.from_request(reason=reason)
        blocked = operator.users.update_status(user, model.Status.BLOCKED, until=datetime.now(UTC) + for_)
        operator.users.update_metadata(user, {"reason": reason}, merge=True)
        assert_type(blocked.blocked_until, datetime | None)
        return blocked

    def preview(self, user: str) -> list[model.Change]:
        """What a deletion would do."""
        dry = self.operators.acting(self.operators.actor, dry_run=True)
        assert_type(dry.users.delete(user), model.User)
        return assert_type(dry.changes, list[model.Change])

    # Teams

    def found(self, secret: str, name: str) -> model.Team:
        return self.directory.as_session(secret).teams.create(name, roles=["owner", "editor"])

    def invite(self, team: str, email: str) -> str:
        invited = self.operators.teams.create_membership(
            team, email=email, roles=["viewer"], invite=True, print_secret=True
        )
        assert_type(invited.membership, model.Membership)
        assert invited.secret is not None
        accepted = self.directory.teams.update_membership_status(
            team, invited.membership.id, f"email:{email}", invited.secret
        )
        return assert_type(accepted.status, model.MembershipStatus)

    def members(self, team: str) -> dict[str, tuple[str, ...]]:
        found = self.operators.teams.list_memberships(team, filters=["status = confirmed"])
        return {each.user_email or each.id: assert_type(each.roles, tuple[str, ...]) for each in found}

    # Codes, and second factors

    def sign_in_by_code(self, email: str) -> str:
        created = self.directory.tokens.create_email(email, phrase=True, print_secret=True)
        assert_type(created.token, model.Token)
        assert_type(created.phrase, str | None)
        assert created.secret is not None
        redeemed = self.directory.tokens.redeem(f"email:{email}", created.secret, id=created.token.id)
        assert not isinstance(redeemed, model.User)
        return assert_type(redeemed.secret, str)

    def protect(self, secret: str) -> tuple[str, tuple[str, ...]]:
        """Asks for a second factor from now on: the authenticator's secret, and the recovery codes."""
        user = self.me(secret).id
        mine = self.directory.as_session(secret).mfa
        new = mine.create_authenticator(user, name="phone")
        assert_type(new.uri, str)
        factor = mine.verify_authenticator(user, TOTP(new.secret).now())
        assert_type(factor, model.UserFactor)
        codes = assert_type(mine.create_recovery_codes(user).codes, tuple[str, ...])
        assert_type(mine.enable(user).mfa, bool)
        assert mine.status(user).recovery_codes_left == len(codes)
        return new.secret, codes

    def complete(self, secret: str, factor: model.Factor, code: str) -> str:
        created = self.directory.mfa.create_challenge(secret, factor)
        assert_type(created.challenge, model.Challenge)
        completed = self.directory.mfa.complete_challenge(secret, created.id, code)
        return assert_type(completed.secret, str)

    def token_for_services(self, secret: str) -> model.JwtClaims:
        jwt = self.directory.sessions.create_jwt(secret, duration=timedelta(minutes=5))
        return self.directory.sessions.verify_jwt(assert_type(jwt.jwt, str))


def main(url: str) -> None:
    with authctl.application(url, actor="application") as directory, authctl.open(url) as operators:
        application = Application(directory, operators)
        created = application.sign_up("ada@example.com", "correct horse battery", "Ada")
        assert created.status == 201
        assert (
            application.sign_up("ada@example.com", "correct horse battery").body["type"] == "user_email_already_exists"
        )
        weak = application.sign_up("not an email", "short")
        assert (weak.status, weak.body["problems"]) == (
            400,
            [
                {"type": "general_argument_invalid", "field": "email"},
                {"type": "password_too_short", "field": "password"},
            ],
        )
        assert application.sign_in("ada@example.com", "something else", "192.0.2.7").status == 401
        secret = application.sign_in("ada@example.com", "correct horse battery", "192.0.2.7").session
        assert secret is not None
        assert application.rename(secret, "Ada Lovelace").name == "Ada Lovelace"
        assert application.choose_theme(secret, "light") == "dark"
        assert application.devices(secret) == ["192.0.2.7"]
        assert application.history(secret)[-1] == "users.create"
        assert application.token_for_services(secret).user_id == application.me(secret).id

        team = application.found(secret, "Analysts")
        assert application.invite(team.id, "bob@example.com") == "confirmed"
        assert application.members(team.id) == {
            "ada@example.com": ("owner", "editor"),
            "bob@example.com": ("viewer",),
        }
        assert application.me(application.sign_in_by_code("bob@example.com")).email == "bob@example.com"

        totp, codes = application.protect(secret)
        assert codes
        half = application.sign_in("ada@example.com", "correct horse battery", "192.0.2.8")
        assert half.session is not None
        assert half.body["more_factors_required"] is True
        whole = application.complete(half.session, model.Factor.RECOVERY_CODE, codes[0])
        assert application.me(whole).name == "Ada Lovelace"
        assert application.sign_out(whole).body["ended_reason"] == "signed_out"
        assert len(totp) == 32

        assert [user.email for user in application.page("example")] == ["bob@example.com", "ada@example.com"]
        assert list(application.names()) == ["Ada Lovelace", ""]
        assert application.block("email:bob@example.com", "a reason", timedelta(days=1)).status == "blocked"
        assert [change.after for change in application.preview("email:bob@example.com")] == [None]
