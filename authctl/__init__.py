"""authctl: a user directory administered from a terminal."""

__version__ = "0.1.0"
