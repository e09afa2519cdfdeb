"""Import and export: one small file a source or target, and the engine between them and the directory.

A source maps what it reads to `Record`s and knows nothing of the database; `engine` checks them, settles conflicts and
stores them in batches; a target writes users in another system's form. The engine and its kind are loaded on first use.
"""
