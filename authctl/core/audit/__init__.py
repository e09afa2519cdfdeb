"""The audit log: its key, its pages, its verification."""
