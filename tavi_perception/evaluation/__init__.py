"""Measures a bundle, or what a bag recorded, against labelled frames: figures, report and pictures."""
