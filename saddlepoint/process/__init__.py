"""What the process is given by its machine: room in memory, signals that ask it to end, the standard streams.

To be changed here: how one of them is met, by every floor above in the same way; nothing here knows what a run is.
"""
