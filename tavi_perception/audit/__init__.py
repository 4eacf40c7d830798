"""What a bag tells of a procedure in which a controller moved a robot: recount of motion, verdict, replay."""
