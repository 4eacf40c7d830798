"""What people see of a run: overlay on the image, shapes in space, and the report from a bag."""
