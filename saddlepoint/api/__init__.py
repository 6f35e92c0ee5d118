"""The Python face: what `import saddlepoint` lends to a person who trains, resumes, loads and evaluates.

To be changed here: what a person may pass, and how it is checked; what is then done stands on the floors below.
"""
