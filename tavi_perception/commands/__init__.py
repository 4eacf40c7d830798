"""The commands behind ./tavi, a module for each group: their options, and what runs them."""
