"""Every line of `main` is wrong in its own way, and nothing else is."""

import authctl
from authctl import errors, model


def main(directory: authctl.Directory, user: model.User, event: model.Event) -> None:
    directory.users.create(mail="ada@example.com")
    directory.users.create("ada@example.com")
    directory.users.create(email="ada@example.com", labels=5)
    directory.users.create(email="ada@example.com", prefs=["dark"])
    directory.users.get()
    directory.users.get(7)
    directory.users.get(None)
    directory.users.get("ada", lock=True)
    directory.users.list(limit="3")
    directory.users.iterate(limit=3)
    directory.users.delete("ada", "bob")
    directory.users.update_name("ada")
    directory.users.update_status("ada", "blocked", until=5)
    directory.users.verify_password("ada")
    directory.users.remove("ada")
    directory.sessions.create("ada", "secret", adress="192.0.2.7")
    directory.sessions.create("ada", "secret").session.secret.upper()
    directory.tokens.create("ada", expire="1h").upper()
    directory.tokens.redeem("ada", "123456", kind=5)
    directory.teams.create_membership("acme", roles="owner", invit=True)
    directory.mfa.complete_challenge("secret", "challenge", 123456)
    directory.security.rotate_jwt_key(algorithm="EdDSA")
    directory.as_session(None)
    directory.as_sesion("secret")
    directory.from_request(ip=5)
    authctl.opne("sqlite:///x.db")
    authctl.open(urll="sqlite:///x.db")
    authctl.open(5)
    authctl.application(urll="sqlite:///x.db")
    main(authctl.application(), user, event)
    errors.Invald("user_not_found", "There is no such user.")
    len(directory.users.count())
    directory.users.get(user.email)
    user.name = "Ada"
    user.emial.upper()
    user.prefs["theme"].upper()
    event.details["why"].upper()
