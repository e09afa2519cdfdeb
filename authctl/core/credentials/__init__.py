"""What proves a person: passwords, addresses, factors."""
