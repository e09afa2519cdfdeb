"""What Werkzeug (Flask) stores, `METHOD$salt$hex`: translated into the families it stands for."""

from __future__ import annotations

from authctl.core.hashing import base, hmacs, pbkdf2, scrypt
from authctl.core.hashing.base import Malformed

MAX_PARTS = 4


def accept(text: str, name: str | None, options: base.Options) -> base.StoredHash:
    """Salts are plain text here; a bare digest name, as Werkzeug wrote until 2.2, is an HMAC with the salt as key."""
    fields = text.split("$")
    if len(fields) != 3:
        raise Malformed("Not a Werkzeug password hash: method$salt$hash.")
    method, salt, expected = fields[0].split(":"), fields[1].encode(), base.decode_hex(fields[2])
    if method[0] == "scrypt" and len(method) == MAX_PARTS:
        n, block, parallel = (base.number(part, "scrypt parameters") for part in method[1:])
        return scrypt.Scrypt(expected, n, block, parallel, salt)
    if method[0] == "pbkdf2" and len(method) == MAX_PARTS - 1:
        return pbkdf2.build(method[1], method[2], salt, expected)
    if len(method) == 1 and method[0] in base.DIGESTS:
        return hmacs.Hmac(expected, method[0], salt)
    raise Malformed("The method of this Werkzeug hash must be scrypt:N:r:p, pbkdf2:digest:iterations, or a digest.")
