"""Tasks: what is played."""
