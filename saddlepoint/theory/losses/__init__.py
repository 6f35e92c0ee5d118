"""`check-loss`: a person's own loss code, the functions behind it, the member of the catalogue that it is.

A further mistake to be recognised is a convention in `match`; the words for it stand in `report`.
"""
