"""Functions of D over whole boxes: rigorous ranges, closed forms, limits at the ends, where they are defined and bend.

A sharper bound or a further rule belongs here; whatever it returns must hold everywhere in the box.
"""
