"""Keys, digests, one-time passwords and random text. Pure: no database, no policy."""
