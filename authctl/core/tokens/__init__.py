"""Codes and links that sign in, verify and change: issued, sent, redeemed."""
