"""What Alembic runs: on the connection that `storage.schema` hands over, or to text for `upgrade --dry-run`."""

from alembic import context

connection = context.config.attributes.get("connection")
if connection is None:
    context.configure(
        dialect_name=context.config.attributes["dialect"], as_sql=True, literal_binds=True, transactional_ddl=True
    )
    context.run_migrations()
else:
    # The transaction is the caller's: all migrations and the key's fingerprint land together or not at all.
    context.configure(connection=connection, transactional_ddl=False)
    context.run_migrations()
