"""Tokens. A row outlives its token, until it is purged, so that operators are told what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from authctl.model import CLOCKS_DIFFER, Token, TokenEnded, TokenKind
from authctl.storage import compiled, record_mapping
from authctl.storage.connection import BEHIND_ALL, Connection

RECENT = 50  # of one kind; older ones have been replaced

_COLUMNS = compiled.TOKENS_INSERT.names


def insert(db: Connection, token: Token, user_seq: int) -> Token:
    values = record_mapping.stored(_COLUMNS, token) | {"user_seq": user_seq}
    return replace(token, seq=db.first(compiled.TOKENS_INSERT, values).seq)


def find(db: Connection, user_seq: int, id: str) -> Token | None:
    """One token of a user, kept from others until the end of the transaction."""
    row = db.first(compiled.TOKENS_FIND, {"user_seq": user_seq, "id": id})
    return record(row) if row else None


def find_by_digest(db: Connection, digest: bytes) -> Token | None:
    """The token of that digest, unless it has ended. Those of codes are never found: their digests have a key."""
    row = db.first(compiled.TOKENS_FIND_BY_DIGEST, {"digest": digest})
    return record(row) if row else None


def list_recent(db: Connection, user_seq: int, kind: TokenKind) -> list[Token]:
    """A user's tokens of a kind; the newest first, dead ones too; kept from others."""
    rows = db.rows(compiled.TOKENS_LIST_RECENT, {"user_seq": user_seq, "kind": str(kind)})
    return [record(row) for row in rows]


def list_of_user(db: Connection, user_seq: int, live_at: datetime | None) -> list[Token]:
    """A user's tokens, the newest first: those that are alive at that moment, or all."""
    if live_at is None:
        rows = db.rows(compiled.TOKENS_LIST_OF_USER, {"user_seq": user_seq})
    else:
        values = {"user_seq": user_seq, "now": live_at, "ahead": live_at + CLOCKS_DIFFER}
        rows = db.rows(compiled.TOKENS_LIST_LIVE, values)
    return [record(row) for row in rows]


def last_sent(db: Connection, user_seq: int, kind: TokenKind, now: datetime) -> datetime | None:
    """When a token of that kind was last sent to a user."""
    values = {"user_seq": user_seq, "kind": str(kind), "ahead": now + CLOCKS_DIFFER}
    found: datetime | None = db.first(compiled.TOKENS_LAST_SENT, values).sent_at
    return found


def set_sent(db: Connection, seq: int, now: datetime) -> None:
    db.run(compiled.TOKENS_SET_SENT, {"seq": seq, "now": now})


def set_expiry(db: Connection, seq: int, until: datetime) -> None:
    """Say when a token expires."""
    db.run(compiled.TOKENS_SET_EXPIRY, {"seq": seq, "until": until})


def count_attempts(db: Connection, seqs: Sequence[int]) -> None:
    """Take one attempt of each of these codes."""
    db.run(compiled.TOKENS_COUNT_ATTEMPTS, {"tokens": seqs})


def set_attempts(db: Connection, seq: int, left: int) -> None:
    """Say how many attempts a code has left."""
    db.run(compiled.TOKENS_SET_ATTEMPTS, {"seq": seq, "left": left})


def use_up_attempts(db: Connection, seqs: Sequence[int]) -> None:
    """Take every attempt of each of these codes."""
    db.run(compiled.TOKENS_USE_UP_ATTEMPTS, {"tokens": seqs})


def end_exhausted(db: Connection, seqs: Sequence[int], now: datetime) -> None:
    """End those of these codes that have no attempts left."""
    db.run(compiled.TOKENS_END_EXHAUSTED, {"tokens": seqs, "now": now, "reason": str(TokenEnded.ATTEMPTS)})


def end(db: Connection, seq: int, now: datetime, reason: TokenEnded) -> None:
    db.run(compiled.TOKENS_END, {"seq": seq, "now": now, "reason": str(reason)})


def end_of_user(
    db: Connection,
    user_seq: int,
    now: datetime,
    reason: TokenEnded,
    *,
    kind: TokenKind | None = None,
    before: int = BEHIND_ALL,
) -> int:
    """End a user's tokens: all, those of a kind, those before one; how many there were."""
    values = {"user_seq": user_seq, "now": now, "reason": str(reason), "before": before}
    if kind is None:
        return db.run(compiled.TOKENS_END_OF_USER, values)
    return db.run(compiled.TOKENS_END_OF_KIND, values | {"kind": str(kind)})


def end_of_kinds(db: Connection, user_seq: int, now: datetime, reason: str, kinds: Sequence[TokenKind]) -> int:
    """End a user's tokens of these kinds; how many there were."""
    return db.run(compiled.TOKENS_END_OF_KINDS, _of_kinds(user_seq, now, reason, kinds))


def end_of_ended_sessions(db: Connection, user_seq: int, now: datetime, reason: str, kinds: Sequence[TokenKind]) -> int:
    """End those that were asked for in a session that is over; how many there were."""
    return db.run(compiled.TOKENS_END_OF_ENDED_SESSIONS, _of_kinds(user_seq, now, reason, kinds))


def end_of_all_ended_sessions(db: Connection, now: datetime, reason: str, kinds: Sequence[TokenKind]) -> int:
    """The same of everybody."""
    values = {"now": now, "reason": reason, "kinds": [str(kind) for kind in kinds]}
    return db.run(compiled.TOKENS_END_OF_ALL_ENDED_SESSIONS, values)


def end_of_other_sessions(
    db: Connection, user_seq: int, now: datetime, reason: str, kinds: Sequence[TokenKind], kept: int | None
) -> int:
    """End those that were not asked for in the session of that number, if any; how many there were."""
    return db.run(compiled.TOKENS_END_OF_OTHER_SESSIONS, _of_kinds(user_seq, now, reason, kinds) | {"kept": kept})


def end_of_address(db: Connection, user_seq: int, now: datetime, reason: str, address: str) -> int:
    """End a user's tokens that were sent to that address; how many there were."""
    values = {"user_seq": user_seq, "now": now, "reason": reason, "address": address}
    return db.run(compiled.TOKENS_END_OF_ADDRESS, values)


def _of_kinds(user_seq: int, now: datetime, reason: str, kinds: Sequence[TokenKind]) -> dict[str, Any]:
    return {"user_seq": user_seq, "now": now, "reason": reason, "kinds": [str(kind) for kind in kinds]}


def record(row: Any) -> Token:
    return record_mapping.read(Token, "tokens", row, {"kind": TokenKind}, locked_until=None)
