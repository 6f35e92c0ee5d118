"""What can be said about an objective before a network is trained: the plane field of (D, p_g) and what it implies.

`pointwise` is that field, `numeric` its functions on arrays; a further thing to be said about it is a room of its own.
"""
