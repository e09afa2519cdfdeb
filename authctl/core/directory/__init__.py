"""What `authctl.open()` answers with: the verbs of each group, and who may use them."""
