"""Nodes that need a model run on the workers of a Ray cluster; everything else stays with the driver."""
