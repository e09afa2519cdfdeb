"""Statements about the keys that JWTs are signed with."""

from typing import Any

import sqlalchemy as sa

from authctl.storage.statements.building import bind, is_, values
from authctl.storage.tables import signing_keys

_LIVE = signing_keys.c.retired_at.is_(None)
_RETIRED: dict[str, Any] = {"retired_at": bind("now", signing_keys.c.retired_at), "sealed_private_key": None}

INSERT = signing_keys.insert().values(values(signing_keys, "seq")).inline()
LIST = sa.select(signing_keys).order_by(signing_keys.c.seq.desc())
LIST_LIVE = LIST.where(_LIVE)
FIND = sa.select(signing_keys).where(is_(signing_keys.c.id))
RETIRE_OTHERS = (
    signing_keys.update()
    .where(_LIVE, signing_keys.c.id != bind("kept", signing_keys.c.id))
    .values(_RETIRED)
    .returning(signing_keys.c.id)
)
PURGE = (
    signing_keys.delete()
    .where(signing_keys.c.retired_at <= bind("before", signing_keys.c.retired_at))
    .returning(signing_keys.c.id)
)
