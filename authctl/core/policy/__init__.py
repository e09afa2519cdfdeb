"""The security policies: what each is, and the values it takes."""
