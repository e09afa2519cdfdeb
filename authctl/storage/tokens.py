"""Tokens. A row outlives its token, until it is purged, so that operators are told what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from authctl.model import Token, TokenEnded, TokenKind
from authctl.storage import record_mapping
from authctl.storage.connection import Connection
from authctl.storage.tables import tokens, users

RECENT = 50  # of one kind; older ones have been replaced
BATCH = 1_000  # rows that are removed in one transaction


def insert(db: Connection, token: Token, user_seq: int) -> Token:
    statement = tokens.insert().values(record_mapping.stored(tokens.c.keys(), token) | {"user_seq": user_seq})
    return replace(token, seq=db.sqlalchemy.execute(statement.returning(tokens.c.seq)).scalar_one())


def find(db: Connection, user_seq: int, id: str) -> Token | None:
    """One token of a user, kept from others until the end of the transaction."""
    found = db.sqlalchemy.execute(
        _select().where(tokens.c.user_seq == user_seq, tokens.c.id == id).with_for_update(of=tokens)
    )
    row = found.one_or_none()
    return _record(row) if row else None


def list_recent(db: Connection, user_seq: int, kind: TokenKind | None, id: str | None) -> list[Token]:
    """A user's tokens of a kind, or the one of that id; the newest first, dead ones too; kept from others."""
    conditions = [tokens.c.user_seq == user_seq]
    if kind is not None:
        conditions.append(tokens.c.kind == str(kind))
    if id is not None:
        conditions.append(tokens.c.id == id)
    statement = _select().where(*conditions).order_by(tokens.c.seq.desc()).limit(RECENT)
    return [_record(row) for row in db.sqlalchemy.execute(statement.with_for_update(of=tokens))]


def list_of_user(db: Connection, user_seq: int, live_at: datetime | None) -> list[Token]:
    """A user's tokens, the newest first: those that are alive at that moment, or all."""
    statement = _select().where(tokens.c.user_seq == user_seq).order_by(tokens.c.seq.desc())
    if live_at is not None:
        statement = statement.where(tokens.c.ended_at.is_(None), tokens.c.expires_at > live_at)
    return [_record(row) for row in db.sqlalchemy.execute(statement)]


def last_sent(db: Connection, user_seq: int, kind: TokenKind) -> datetime | None:
    """When a token of that kind was last sent to a user."""
    theirs = (tokens.c.user_seq == user_seq, tokens.c.kind == str(kind))
    found: datetime | None = db.sqlalchemy.execute(
        sa.select(sa.func.max(tokens.c.sent_at, type_=tokens.c.sent_at.type)).where(*theirs)
    ).scalar()
    return found


def set_sent(db: Connection, seq: int, now: datetime) -> None:
    db.sqlalchemy.execute(tokens.update().where(tokens.c.seq == seq).values(sent_at=now))


def count_attempts(db: Connection, seqs: Sequence[int]) -> None:
    """Take one attempt of each of these codes."""
    left = tokens.c.attempts_left
    db.sqlalchemy.execute(tokens.update().where(tokens.c.seq.in_(seqs), left > 0).values(attempts_left=left - 1))


def end_exhausted(db: Connection, seqs: Sequence[int], now: datetime) -> None:
    """End those of these codes that have no attempts left."""
    _end(db, now, TokenEnded.ATTEMPTS, tokens.c.seq.in_(seqs), tokens.c.attempts_left <= 0)


def end(db: Connection, seq: int, now: datetime, reason: TokenEnded) -> None:
    _end(db, now, reason, tokens.c.seq == seq)


def end_of_user(
    db: Connection,
    user_seq: int,
    now: datetime,
    reason: TokenEnded,
    *,
    kind: TokenKind | None = None,
    before: int | None = None,
) -> int:
    """End a user's tokens: all, those of a kind, those before one; how many there were."""
    conditions = [tokens.c.user_seq == user_seq, tokens.c.expires_at > now]
    if kind is not None:
        conditions.append(tokens.c.kind == str(kind))
    if before is not None:
        conditions.append(tokens.c.seq < before)
    return _end(db, now, reason, *conditions)


def _end(db: Connection, now: datetime, reason: TokenEnded, *conditions: sa.ColumnElement[bool]) -> int:
    statement = tokens.update().where(tokens.c.ended_at.is_(None), *conditions)
    return db.sqlalchemy.execute(statement.values(ended_at=now, ended_reason=str(reason))).rowcount


def count_dead(db: Connection, before: datetime) -> int:
    """How many tokens ended, or expired, before that moment."""
    return db.sqlalchemy.execute(sa.select(sa.func.count()).select_from(tokens).where(_dead(before))).scalar_one()


def purge(db: Connection, before: datetime) -> int:
    """Remove a batch of those; how many there were in it."""
    for moment in (tokens.c.expires_at, tokens.c.ended_at):  # each by its index
        batch = sa.select(tokens.c.seq).where(moment <= before).order_by(moment).limit(BATCH)
        if removed := db.sqlalchemy.execute(tokens.delete().where(tokens.c.seq.in_(batch))).rowcount:
            return removed
    return 0


def _dead(before: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(tokens.c.expires_at <= before, tokens.c.ended_at <= before)


def _select() -> sa.Select[Any]:
    return sa.select(tokens, users.c.id.label("user_id")).join(users, users.c.seq == tokens.c.user_seq)


def _record(row: sa.Row[Any]) -> Token:
    return record_mapping.read(Token, row, kind=TokenKind(row.kind))
