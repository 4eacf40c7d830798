"""The clip variant: a network that remembers what it saw at each landmark in the frames before."""
