"""Annotated images from data sets of various formats, and what is wrong with them."""
