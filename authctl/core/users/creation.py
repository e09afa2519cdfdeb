"""Making an account, by an operator or by a sign-up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from authctl import storage
from authctl.core.accounts import lookup, naming, records, requested, ways_in
from authctl.core.credentials import passwords
from authctl.core.values import checks, contacts, identifiers, json_objects
from authctl.core.work.engine import Engine
from authctl.core.work.unit import Work
from authctl.errors import Conflict, Invalid, Problem
from authctl.model import NewUser, Status, User, WeakHash, fold

# Making and removing


def create(
    directory: Engine,
    *,
    id: str | None = None,
    username: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    name: str | None = None,
    labels: Iterable[str] = (),
    prefs: Mapping[str, object] | str | None = None,
    metadata: Mapping[str, object] | str | None = None,
    locale: str | None = None,
    email_verified: bool = False,
    phone_verified: bool = False,
    blocked: bool = False,
    password: str | None = None,
    must_change: bool = False,
    generated: bool = False,
    password_hash: str | None = None,
    hash: str | None = None,
    hash_options: Mapping[str, str] | None = None,
    weak_hash: WeakHash | str = WeakHash.KEEP,
    self_service: bool = False,
    if_absent: bool = False,
    force: bool = False,
) -> User:
    """Make an account; nothing is required.

    id: None or `unique()` for a new one. prefs, metadata: a dict or its JSON text. locale: the language
    that messages are written in, a tag of BCP 47. must_change: the password is only
    good for choosing another one. generated: a program made the password, and it expires as the policy
    generated-password-expiry says. password_hash: another system's, instead of a password; hash: what made it, where
    the text does not say; hash_options: what it was made with; weak_hash: keep it, wrap it in argon2id, or reset it.
    self_service: a sign-up by the person, to which the user limit applies; through an application it always is one.
    if_absent: where the id, username, email or phone is taken by an account, answer with that as it is, instead of
    refusing; not for sign-ups. force: also where somebody typed in the address or username that names that account.

    Raises Invalid with every wrong field, Conflict where the id, username, email or phone is taken.
    """
    user, problems, hint = read(
        id=None if id == "unique()" else id,
        username=username,
        email=email,
        phone=phone,
        name=name,
        labels=labels,
        prefs=prefs,
        metadata=metadata,
        locale=locale,
        email_verified=email_verified,
        phone_verified=phone_verified,
        blocked=blocked,
    )
    self_service = self_service or not directory.is_operator
    if self_service:
        problems += _not_by_oneself(user, password_hash, if_absent=if_absent)
    if hash is not None and password_hash is None:
        problems.append(_excluding("hash", "Leave out the hash. It only goes with password_hash."))
    if password is not None and password_hash is not None:
        problems.append(_excluding("password_hash", "Use only one of password and password_hash."))
    if password is not None:
        problems += passwords.problems(directory, password, user)
    if problems:
        raise Invalid.of(problems, hint=hint)
    if if_absent and (present := directory.read(_present, user, force)) is not None:
        return present
    prepared = None
    if password is not None:
        prepared = passwords.hash_new(directory, password)
    elif password_hash is not None:
        prepared = passwords.take_in(directory, password_hash, hash, hash_options or {}, WeakHash(weak_hash))
    options = {"must_change": must_change, "generated": generated, "self_service": self_service}
    try:
        made, was_anothers = directory.write(insert, user, prepared, **options)
    except Conflict:
        made, was_anothers = directory.write(insert_instead, user, prepared, **options)
    if was_anothers:
        directory.warn(
            f"The id {made.id} belonged to a deleted account. Anything still granted to user:{made.id} now goes to "
            "this one."
        )
    return made


def read(**given: Any) -> tuple[NewUser, list[Problem], str | None]:
    """The account that was asked for, what is wrong with it, and what to do about that."""
    check = checks.Collector()
    id = check(identifiers.identifier, given["id"])
    email = check(contacts.email, given["email"] or None)
    phone = check(contacts.phone, given["phone"] or None)
    user = NewUser(
        id=id or "",
        username=check(identifiers.username, given["username"] or None),
        name=check(identifiers.name, given["name"]) or "",
        email=email,
        email_verified=given["email_verified"],
        phone=phone,
        phone_verified=given["phone_verified"],
        status=Status.BLOCKED if given["blocked"] else Status.ACTIVE,
        labels=check(identifiers.labels, given["labels"]) or (),
        prefs=check(json_objects.prefs, given["prefs"]) or {},
        metadata=check(json_objects.metadata, given["metadata"]) or {},
        locale=check(identifiers.locale, given["locale"] or None),
    )
    for address in ("email", "phone"):
        if given[f"{address}_verified"] and not given[address]:
            message = f"There is no {address} to mark as verified."
            check.problems.append(Problem("general_argument_invalid", message, f"{address}_verified"))
    return user, check.problems, check.hint


def _not_by_oneself(user: NewUser, password_hash: str | None, *, if_absent: bool) -> list[Problem]:
    """What a person who signs up cannot say of the own account, nor ask of somebody else's that is there."""
    given = {
        "labels": user.labels,
        "metadata": user.metadata,
        "email_verified": user.email_verified,
        "phone_verified": user.phone_verified,
        "blocked": user.status is Status.BLOCKED,
        "password_hash": password_hash,
        "if_absent": if_absent,
    }
    return [_excluding(field, f"Only operators can set {field}. Leave it out.") for field in given if given[field]]


def _excluding(field: str, message: str) -> Problem:
    return Problem("general_argument_invalid", message, field)


def _present(work: Work, user: NewUser, force: bool) -> User | None:
    """The account that has the id, username, email or phone already."""
    for name in ("id", "username", "email", "phone"):
        found = lookup.find(work, named := f"{name}:{value}") if (value := getattr(user, name)) else None
        if found is not None and not found.requested:  # one that a code was asked for yields to the new one
            naming.check(work, found, named, force=force, by_id="--id ")
            return found
    return None


def insert_instead(
    work: Work,
    user: NewUser,
    prepared: passwords.Prepared | None,
    *,
    must_change: bool,
    generated: bool,
    self_service: bool,
) -> tuple[User, bool]:
    """The same in the place of accounts that somebody's request for a code has made with the same addresses."""
    requested.make_way(work, "email", user.email)
    requested.make_way(work, "phone", user.phone)
    return insert(work, user, prepared, must_change=must_change, generated=generated, self_service=self_service)


def insert(
    work: Work,
    user: NewUser,
    prepared: passwords.Prepared | None,
    *,
    must_change: bool,
    generated: bool,
    self_service: bool,
) -> tuple[User, bool]:
    """The new account, and whether its id was that of a deleted one that permissions may still name."""
    was_anothers = bool(user.id) and not self_service and storage.user_names.is_former(work.db, fold(user.id))
    id = user.id or work.new_id()
    if prepared is not None:
        if self_service:
            ways_in.check(work, "password", field="password")
        life = passwords.life_of(work, generated=generated)
        password = prepared.at(work.now, must_change=must_change, self_service=self_service, life=life)
        sealed = passwords.sealed(work, replace(user, id=id), password.hash)
        user = replace(user, password=replace(password, hash=sealed))
    return records.insert_new(work, user, self_service=self_service, id=id), was_anothers
