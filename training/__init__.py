"""Everything that makes a model: data, architectures, losses, training, evaluation, export."""
