"""Tasks: what is played, one file each; `kit/` is what they are made of, `toy/` are games whose every number is known.

A further task is a file here. What a task draws and loses is changed in its own file; what several share, in `kit/`.
"""
