"""The report of a procedure in which a controller moved the robot: verdict, course and reasons."""
