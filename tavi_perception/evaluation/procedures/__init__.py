"""Monte Carlo over simulated procedures: network and tracker against the truth, frame by frame."""
