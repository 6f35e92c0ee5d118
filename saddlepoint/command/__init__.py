"""The command line: `parser.py` reads it, `main.py` runs and prints, `verbs/` has a file for each verb.

To be changed here: how verbs are read, answered and ended, and the verbs; what they do stands on the floors below.
"""
