"""Accounts: signing in and out, and who may do what. Every act is audited in its transaction."""
