"""Figures of trainings and of networks compared."""
