"""The migrations, run by Alembic; `authctl.storage.schema` is the door."""
