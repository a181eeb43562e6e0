"""A prompt becomes text embeddings."""

from if_graph.text.clean import clean_caption
from if_graph.text.embeddings import TextEmbeddings
from if_graph.text.mixing import mix
from if_graph.text.t5 import ENCODER_DTYPES, TextEncoder, load_text_encoder
from if_graph.text.tokenizer import MAX_TOKENS, Tokenizer, Tokens

__all__ = [
    "ENCODER_DTYPES",
    "MAX_TOKENS",
    "TextEmbeddings",
    "TextEncoder",
    "Tokenizer",
    "Tokens",
    "clean_caption",
    "load_text_encoder",
    "mix",
]
