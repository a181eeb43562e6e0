"""Checkpoints of a model hub become checked folders on disk."""
