"""Accounts: who may do what, and how somebody proves who they are.

Rules and values only. Rows are in `secondlook.store`, the acts in the workflow `accounts`.
"""
