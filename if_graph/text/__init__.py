"""A prompt becomes text embeddings."""

from if_graph.text.clean import clean_caption
from if_graph.text.embeddings import TextEmbeddings
from if_graph.text.t5 import TextEncoder, load_text_encoder
from if_graph.text.tokenizer import MAX_TOKENS, Tokenizer, Tokens

__all__ = [
    "MAX_TOKENS",
    "TextEmbeddings",
    "TextEncoder",
    "Tokenizer",
    "Tokens",
    "clean_caption",
    "load_text_encoder",
]
