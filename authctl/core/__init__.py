"""The rules of a directory: no SQL, no terminal. One function per flow lists everything that the flow does.

Its rooms, from the top down; each imports only from those below it (tests/test_layers.py):

    directory                     what `authctl.open()` answers with: the verbs, and who may use them
    maintenance                   the database itself: made, backed up, checked, cleared up
    users, security               the verbs of those groups
    mfa, teams, audit
    tokens
    sessions
    credentials                   what proves a person
    accounts, messages            what every room above needs of an account, and what is written to people
    work                          a unit of work, and the engine that runs it
    policy
    values, hashing, crypto       pure: no database, no policy
"""
