"""Planted failures and healthy runs: what the diagnosis finds in them, and what its remedies repair."""
