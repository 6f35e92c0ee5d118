"""Recipes: what a run is, as text that a person can write, and the named ones.

To change: a recipe is data in catalogue/; what a setting means stands in specification.py.
"""
