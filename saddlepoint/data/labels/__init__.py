"""Labels as numbers and names of classes, from whatever a source keeps them in, and from files beside the images.

A further form of table is one more in `tables`; which row is which image stays in `matching`.
"""
