"""Text, models and diffusion put together: a stage turns embeddings into pixels."""
