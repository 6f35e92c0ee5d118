"""Games of two numbers whose dynamics are known in closed form: conformance and the tests of corrections play them.

A further game with a known solution is a file here; numbers of those that are here are what the theory says.
"""
