"""The mathematics of noise; no nn.Module lives here, a model is a callable."""
