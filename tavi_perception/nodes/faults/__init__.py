"""The fault campaign in a real graph: its cases, the processes they befall, and the witness of it all."""
