"""Perception for robotic transcatheter aortic valve implantation: fluoroscopy frames in, deviation out."""

__version__ = "0.1.0"
