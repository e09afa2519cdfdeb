"""Statements that keep the words of users and teams in step."""

import sqlalchemy as sa

from authctl.storage.statements.building import Twins


def _insert(of: str) -> Twins:
    return Twins(
        sa.text(f"INSERT INTO {of}_words (rowid, words) VALUES (:seq, :words)"),  # noqa: S608 - our own names
        sa.text(f"INSERT INTO {of}_words ({of}_seq, words) VALUES (:seq, :words)"),  # noqa: S608 - ours
    )


def _update(of: str) -> Twins:
    return Twins(None, sa.text(f"UPDATE {of}_words SET words = :words WHERE {of}_seq = :seq"))  # noqa: S608 - ours


def _forget(of: str) -> Twins:
    return Twins(sa.text(f"INSERT INTO {of}_words ({of}_words, rowid, words) VALUES ('delete', :seq, :words)"), None)  # noqa: S608 - ours


INSERT_USER, INSERT_TEAM = _insert("user"), _insert("team")
UPDATE_USER, UPDATE_TEAM = _update("user"), _update("team")
FORGET_USER, FORGET_TEAM = _forget("user"), _forget("team")
