"""Which seeds belong to training, validation and benchmarks, so that no scene is ever in two of them."""

TRAINING = range(0, 800_000)
VALIDATION = range(800_000, 1_000_000)
BENCHMARK_START = 1_000_000
"""First seed of benchmark procedures; nothing is ever trained or tuned on seeds from here on."""
