"""An audit log, what is in it, and what is done to it by hand."""

from authctl import storage


def sql(directory, statement):
    directory.database.write(lambda db: db.sqlalchemy.exec_driver_sql(statement))


def verified(directory, *, whole=True, **options):
    """What a verification finds that changes nothing; of all of the log, where nothing else is said."""
    return directory.acting(directory.actor, dry_run=True).security.verify_logs(whole=whole, **options)


def kinds(found):
    return [(problem.kind, problem.seq) for problem in found.problems]


def events(directory):
    return directory.read(lambda work: list(storage.log_rows.list_rows(work.db)))


def seals(directory):
    return directory.read(lambda work: list(storage.log_seals.list_(work.db)))


def asked(found):
    """Of statements and their parameters, what was read of the log: the numbers that each reading is between.

    But for readings of what a few names say.
    """
    return [
        sorted(value for value in (parameters.values() if isinstance(parameters, dict) else parameters))
        for statement, parameters in found
        if "FROM events" in statement
        and "name IN" not in statement
        and not statement.startswith(("DELETE", "SELECT max("))
    ]
