"""Data sets on disk: rendered frames with their truth as a Supervisely project and as a table."""
