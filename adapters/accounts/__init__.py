"""Accounts: passwords, sessions of the pages, API tokens."""
