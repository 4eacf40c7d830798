"""``./tavi bench --graph``: nodes against one another in a real graph, from process to process."""
