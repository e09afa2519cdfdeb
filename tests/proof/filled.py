"""A directory with something of every kind in it, to be damaged, backed up and asked."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from proof.world import Files, World

PASSWORD = "correct horse battery staple"
CSV = "id,email,name,labels\nünï,uni@example.com,Ünï,staff\nimported,imported@example.com,Imp Orted,\n"


def fill(world: World, folder: Path) -> None:
    """By the verbs of operators and of an application."""
    from authctl.transfer.journal import Imports

    operator, application = world.operator, world.application
    users, teams, security = operator.users, operator.teams, operator.security
    security.set("password-history", 2)
    security.set("user-limit", 1_000)
    users.create(id="ada", username="Lovelace", email="ada@example.com", phone="+14255550100", labels=["staff"])
    users.update_password("id:ada", PASSWORD)
    users.create_identity("id:ada", "google", "1184", email="ada@example.org", email_verified=True)
    users.create(id="grace", name="Grace Hopper", prefs={"theme": "dark", "ünï": [1, None, True]}, password=PASSWORD)
    users.create(id="gone", email="gone@example.com", labels=["staff"])
    users.delete("id:gone")
    for number in range(20):
        users.create(id=f"user{number}", email=f"user{number}@example.com", name=f"User {number}")
    signed_in = application.sessions.create("ada@example.com", PASSWORD, ip="192.0.2.7")
    application.sessions.create_jwt(signed_in.secret)
    operator.mfa.create_authenticator("id:grace", name="phone")
    operator.mfa.create_recovery_codes("id:grace")
    operator.tokens.create("id:user1")
    teams.create("Mathematics", id="maths", owner="id:ada")
    teams.create_membership("maths", user="id:grace", roles=["tutor"])
    teams.create_membership("maths", email="new@example.com", invite=True)
    security.create_mock_phone("+14255550123", "123456")
    users.create(id="twice", email="twice@example.com")
    users.merge("id:twice", into="id:user2")
    users.update_status("id:user3", "blocked")
    file = folder / "users.csv"
    file.write_text(CSV)
    with suppress(FileNotFoundError):
        Imports(operator).run([str(file)], source="csv")
    file.unlink()
    security.verify_logs()


class Originals:
    """Filled directories of each place: of SQLite, one file that is copied."""

    def __init__(self, places: Any, folder: Path) -> None:
        self.places, self.folder = places, folder
        self.kept: dict[str, Any] = {}  # what trials make of them once
        self._file = folder / "filled.db"

    @contextmanager
    def copy(self) -> Iterator[str]:
        """The URL of a filled directory."""
        if not isinstance(self.places, Files):
            with self.places.copy() as url:
                with World(url, self.places.ready) as world:
                    fill(world, self.folder)
                yield url
            return
        if not self._file.exists():
            with self.places.copy() as url, World(url, self.places.ready) as world:
                fill(world, self.folder)
            shutil.copyfile(self.places.path, self._file)
        with self.places.copy() as url:
            shutil.copyfile(self._file, self.places.path)
            yield url


@contextmanager
def originals(places: Any) -> Iterator[Originals]:
    """Those of a place; of SQLite they are made once and kept beside its files."""
    if not isinstance(places, Files):
        with tempfile.TemporaryDirectory(prefix="authctl-proof-") as folder:
            yield Originals(places, Path(folder))
        return
    if not hasattr(places, "originals"):
        folder = places.path.parent / "filled"
        folder.mkdir()
        places.originals = Originals(places, folder)
    yield places.originals
