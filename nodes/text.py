"""Text nodes: prompts become embeddings."""

from typing import Any

from if_graph.text.embeddings import TextEmbeddings
from if_graph.text.t5 import TextEncoder

from . import sockets


class IFEncodeText:
    """Encode a prompt and a negative prompt with T5, cleaned as the captions the model was trained on."""

    CATEGORY = "DeepFloyd IF/text"
    DESCRIPTION = __doc__
    RETURN_TYPES = (sockets.EMBEDS, sockets.EMBEDS)
    RETURN_NAMES = ("positive", "negative")
    OUTPUT_TOOLTIPS = ("Embeddings of the prompt.", "Embeddings of the negative prompt.")
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "text_encoder": sockets.socket(sockets.TEXT_ENCODER, "From 'Load text encoder'."),
                "prompt": sockets.text("a cat on a blue background", "What to paint; 77 tokens are read."),
                "negative_prompt": sockets.text("", "What to steer away from; empty is the usual choice."),
                "clean_caption": (
                    "BOOLEAN",
                    {"default": True, "tooltip": "Remove links, HTML, codes and the like, as in training."},
                ),
            }
        }

    def run(
        self, text_encoder: TextEncoder, prompt: str, negative_prompt: str, clean_caption: bool
    ) -> tuple[TextEmbeddings, TextEmbeddings]:
        encode = text_encoder.encode
        return encode([prompt], clean=clean_caption), encode([negative_prompt], clean=clean_caption)


NODES = {"IFEncodeText": IFEncodeText}
NAMES = {"IFEncodeText": "IF Encode Text"}
