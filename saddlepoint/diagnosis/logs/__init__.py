"""What can be told of a run from its log alone, whoever wrote it: columns by name, and rules on their numbers.

To be changed here: which files are read, which names are known, what a column of numbers can be judged by.
"""
