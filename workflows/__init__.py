"""Shipped workflows, one editor-format JSON file per use."""
