"""Second factors: authenticators, recovery codes, challenges."""
