"""The verbs of `authctl security` that are about policies, passwords and delivery."""
