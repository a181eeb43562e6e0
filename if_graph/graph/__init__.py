"""Any DAG of node classes: read, validate, cache, run; knows no diffusion."""
