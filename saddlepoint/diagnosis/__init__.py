"""What is wrong with a game, read off its networks: signals, rules that judge them, findings in words, remedies.

To be changed here: what is measured, where it alarms, what is said. Nothing here trains, or changes what it looks at.
"""
