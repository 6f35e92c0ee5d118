"""Records: what a run writes into its folder, reads back from it, and shows a person on the way.

To be changed here: a file of the run folder, its form, and what a kill or a full disk does to it.
"""
