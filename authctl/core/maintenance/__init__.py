"""Looking after the database: making it, its key, backups, the check-up, clearing up."""
