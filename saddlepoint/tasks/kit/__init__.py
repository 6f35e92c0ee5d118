"""What tasks are made of: the adversary, the base with its draws, batches, pools, jitter, pixels, content.

Whatever a second task needs of a first one is moved here; a file here knows no task.
"""
