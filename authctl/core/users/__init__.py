"""The verbs of `authctl users` that are about the account itself."""
