"""What people type, as values: text in, a checked value out. No database, no policy, no clock."""
