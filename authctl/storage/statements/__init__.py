"""Everyday statements, built with SQLAlchemy and compiled ahead into `storage/compiled.py`, one module a table.

A statement is a constant of its module; its compiled twin is named for both: `users.FIND` is `compiled.USERS_FIND`.
After a change, `python -m authctl.storage.statements` writes the file anew; a test holds the two equal. What depends on
the request (filters, sorts, searches) is not here: SQLAlchemy builds it when it is asked for.
"""
