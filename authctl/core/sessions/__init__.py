"""Being signed in: how a session begins, what it may do, how it ends."""
