"""Quality for minutes of a processor: what of a recipe's settings makes better pictures in the same time."""
