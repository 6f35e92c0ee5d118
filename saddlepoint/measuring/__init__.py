"""Named metrics of samples beside what real data scores: on what features, against which reference, comparable to what.

A further metric is an entry in the file of its kind (`of_features` ...): what it needs, and how it is computed.
"""
