"""`authctl security`: the keys that sign JWTs, and the key that seals secrets."""

from __future__ import annotations

from typing import Annotated

import typer

from authctl.cli.answer_fields import KEY_SET, ROTATED
from authctl.cli.commands import CONFLICT, INVALID
from authctl.cli.context import Context
from authctl.cli.security import COMMANDS
from authctl.errors import UsageError
from authctl.model import JwtAlgorithm


@COMMANDS.command(KEY_SET, exits=(), example="authctl security show-jwks > jwks.json")
def show_jwks(ctx: Context) -> None:
    """Show the public keys that verify JWTs. A JWKS (RFC 7517), for other programs.

    They prove who signed a JWT and when, but not that its session is still active. For that, use
    `authctl sessions verify-jwt`.
    """
    ctx.show_json("keys", ctx.directory.security.show_jwks())


@COMMANDS.command(
    ROTATED,
    writes=True,
    asks="Give the directory a new key?",
    exits=(INVALID, CONFLICT),
    example=(
        "authctl security rotate-key --yes --reason 'yearly'",
        "authctl security rotate-key --jwt --forget --yes --reason 'key leaked'",
    ),
)
def rotate_key(
    ctx: Context,
    jwt: Annotated[bool, typer.Option("--jwt", help="Replace the key that signs JWTs, not the secret key.")] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="With --jwt: reject JWTs signed with older keys, as after a leak.")
    ] = False,
    algorithm: Annotated[
        JwtAlgorithm,
        typer.Option(
            "--algorithm", metavar="|".join(JwtAlgorithm), help="With --jwt: signature algorithm of the new key."
        ),
    ] = JwtAlgorithm.EDDSA,
) -> None:
    """Replace the secret key, or with --jwt the JWT key. Every secret is encrypted anew.

    The new secret key gets a file of its own beside the old one, which backups still need; authctl finds it by its
    fingerprint. Copy it to every machine that uses this database.
    """
    if forget and not jwt:
        raise UsageError("general_usage", "--forget only goes with --jwt.", field="forget")
    if jwt:
        key = ctx.directory.security.rotate_jwt_key(algorithm=algorithm, forget=forget)
        ctx.show({"key": "jwt", "id": key.id, "key_file": None, "resealed": None})
        return
    from authctl.core.maintenance import key_rotation

    rotated = key_rotation.rotate_key(ctx.directory, ctx.settings)
    ctx.show(rotated.public())
    ctx.output.note(f"The new key is in {rotated.key_file}. Copy it to every machine that uses this database.")
