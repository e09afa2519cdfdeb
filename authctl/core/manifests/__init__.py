"""The directory as code: what manifests say, what the directory lacks of it, and making it so; and the way back.

files ── reading ──▶ Manifest ── planning ──▶ Plan ── applying ──▶ the verbs of users, teams and policies
                                   ▲
                finding: what is there of what the manifest names
"""
