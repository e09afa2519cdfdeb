"""Completion in bash, zsh, fish and PowerShell: scripts made of the command tree, and the command that they ask.

`tree.py` reads the commands, `value_kinds.py` says what completes a value, and one module a shell writes the script.
Words and options are in the scripts; ids and names they ask `responder.py` for, as `authctl __complete users ad`. After
a change of commands, `python -m authctl.cli.completion` writes the files in completions/ anew.
"""
