"""A prompt becomes text embeddings."""
