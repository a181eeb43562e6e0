"""DeepFloyd IF as composable nodes, with a small graph executor."""

__version__ = "0.1.0"
