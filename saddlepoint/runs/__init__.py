"""Runs: opening one from its recipe, playing it segment by segment, and ending it so that nothing is lost.

Here may change how a run is begun, gone on with, rolled back and asked; what a recipe means stands in recipes/.
"""
