"""The hostile campaign: what damage, kills, full disks, foreign files and wrong input do to the product.

    python -m benchmarks.hostile --minutes N [--seed S] [--only KIND ...]

`kinds.py` is the table of kinds; each has a file of its own. The rest is machinery: `kind` says what a kind is, `child`
starts and ends the processes in which every attempt happens, `verdict` says what is good, `campaign` shares out the
time, `record` writes what was found.
"""
