"""Text nodes: prompts become embeddings, and embeddings become others."""

import hashlib
import logging
from pathlib import Path
from typing import Any

from if_graph.errors import InputError
from if_graph.folders import current_folders
from if_graph.text.embeddings import TextEmbeddings
from if_graph.text.files import load_embeddings, save_embeddings
from if_graph.text.known_words import BUNDLED, load_known_words
from if_graph.text.mixing import mix
from if_graph.text.t5 import TextEncoder

from . import sockets
from .files import target_of
from .saving import save_numbered

Embeds = TextEmbeddings
_log = logging.getLogger(__name__)
ENDING = ".safetensors"
FROM_OUTPUT = " [output]"
"""Ending of a name that lies in the output folder, as ComfyUI writes it."""


class IFEncodeText:
    """Encode a prompt and a negative prompt with T5, cleaned as the captions the model was trained on."""

    CATEGORY = "DeepFloyd IF/text"
    DESCRIPTION = __doc__
    RETURN_TYPES = (sockets.EMBEDS, sockets.EMBEDS)
    RETURN_NAMES = ("positive", "negative")
    OUTPUT_TOOLTIPS = ("Embeddings of the prompt.", "Embeddings of the negative prompt.")
    FUNCTION = "run"
    STORABLE = (TextEmbeddings,)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "text_encoder": sockets.socket(sockets.TEXT_ENCODER, "From 'Load text encoder'."),
                "prompt": sockets.text("a cat on a blue background", _prompt_tooltip()),
                "negative_prompt": sockets.text("", "What to steer away from; empty is the usual choice."),
                "clean_caption": (
                    "BOOLEAN",
                    {"default": True, "tooltip": "Remove links, HTML, codes and the like, as in training."},
                ),
            },
            "optional": {
                "chunks": sockets.number(
                    "INT",
                    1,
                    1,
                    16,
                    1,
                    "Runs of 77 tokens a long prompt may fill; 1 is what IF was trained on.",
                )
            },
        }

    def run(
        self,
        text_encoder: TextEncoder,
        prompt: str,
        negative_prompt: str,
        clean_caption: bool,
        chunks: int = 1,
    ) -> dict[str, Any]:
        prompts = [prompt, negative_prompt]
        positive, negative = text_encoder.encode(prompts, clean_caption, chunks).split()
        cut = text_encoder.cut_words(prompts, clean_caption, chunks)
        advice = text_encoder.advice(prompts, clean_caption)
        for sentence in advice:
            _log.warning("%s", sentence)
        lines = [f"not read, the prompt is too long: {words}" for words in cut if words] + list(advice)
        return {"ui": {"text": lines} if lines else {}, "result": (positive, negative)}


def _prompt_tooltip() -> str:
    """What the prompt is for, and what the bundled cascade can paint."""
    known = load_known_words(BUNDLED)
    things = f" The bundled nano knows: {', '.join(known.things)}." if known else ""
    return f"What to paint; 77 tokens are read.{things}"


def _several(most: int, with_weights: bool) -> dict[str, Any]:
    """Inputs for 2 to ``most`` embeddings, each with a weight if need be."""
    groups: dict[str, dict[str, Any]] = {"required": {}, "optional": {}}
    for i in range(1, most + 1):
        inputs = groups["required" if i <= 2 else "optional"]
        inputs[f"embeds_{i}"] = sockets.socket(sockets.EMBEDS, "From 'Encode text' or 'Load embeddings'.")
        if with_weights:
            inputs[f"weight_{i}"] = sockets.number(
                "FLOAT", 1.0, -10.0, 10.0, 0.05, f"Share of embeds_{i}; all weights are divided by their sum."
            )
    return groups


class IFMixEmbeds:
    """Average embeddings by weight, for a picture between prompts."""

    CATEGORY = "DeepFloyd IF/text"
    DESCRIPTION = __doc__
    RETURN_TYPES = (sockets.EMBEDS,)
    RETURN_NAMES = ("embeds",)
    OUTPUT_TOOLTIPS = ("The weighted mean.",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return _several(4, with_weights=True)

    def run(
        self,
        embeds_1: Embeds,
        weight_1: float,
        embeds_2: Embeds,
        weight_2: float,
        embeds_3: Embeds | None = None,
        weight_3: float = 1.0,
        embeds_4: Embeds | None = None,
        weight_4: float = 1.0,
    ) -> tuple[Embeds]:
        given = [(embeds_1, weight_1), (embeds_2, weight_2), (embeds_3, weight_3), (embeds_4, weight_4)]
        used = [(embeds, weight) for embeds, weight in given if embeds is not None]
        return (mix([embeds for embeds, _ in used], [weight for _, weight in used]),)


class IFBatchEmbeds:
    """Join embeddings into one batch, a picture each."""

    CATEGORY = "DeepFloyd IF/text"
    DESCRIPTION = __doc__
    RETURN_TYPES = (sockets.EMBEDS,)
    RETURN_NAMES = ("embeds",)
    OUTPUT_TOOLTIPS = ("All rows, in order; picture i uses row i.",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return _several(6, with_weights=False)

    def run(
        self,
        embeds_1: Embeds,
        embeds_2: Embeds,
        embeds_3: Embeds | None = None,
        embeds_4: Embeds | None = None,
        embeds_5: Embeds | None = None,
        embeds_6: Embeds | None = None,
    ) -> tuple[Embeds]:
        given = (embeds_1, embeds_2, embeds_3, embeds_4, embeds_5, embeds_6)
        return (Embeds.concat([embeds for embeds in given if embeds is not None]),)


class IFSaveEmbeds:
    """Save embeddings to a file, to paint from them later without a text encoder."""

    CATEGORY = "DeepFloyd IF/text"
    DESCRIPTION = __doc__
    RETURN_TYPES = ()
    OUTPUT_TOOLTIPS = ()
    FUNCTION = "run"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        prefix = sockets.text(
            "embeds/if", "Start of the file name in the output folder; may hold a subfolder.", multiline=False
        )
        return {
            "required": {
                "embeds": sockets.socket(sockets.EMBEDS, "What to save."),
                "filename_prefix": prefix,
            }
        }

    @classmethod
    def VALIDATE_INPUTS(cls, filename_prefix: str = "") -> bool | str:
        try:
            target_of(current_folders().output, filename_prefix, 0, 0)
        except InputError as error:
            return str(error)
        return True

    def run(self, embeds: Embeds, filename_prefix: str) -> dict[str, Any]:
        folder = current_folders().output
        target = target_of(folder, filename_prefix, 0, 0)
        path = save_numbered(folder, target, ENDING, lambda part: save_embeddings(embeds, part))
        return {"ui": {"text": [path.relative_to(folder.resolve()).as_posix() + FROM_OUTPUT]}}


class IFLoadEmbeds:
    """Load saved embeddings; no text encoder is needed."""

    CATEGORY = "DeepFloyd IF/text"
    DESCRIPTION = __doc__
    RETURN_TYPES = (sockets.EMBEDS,)
    RETURN_NAMES = ("embeds",)
    OUTPUT_TOOLTIPS = ("The embeddings, as they were saved.",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        names = _saved()
        tooltip = "A file that 'Save embeddings' wrote, in the input folder or the output folder."
        return {"required": {"embeds_file": sockets.choice(names, names[0] if names else "", tooltip)}}

    @classmethod
    def VALIDATE_INPUTS(cls, embeds_file: str) -> bool | str:
        try:
            _find(embeds_file)
        except InputError as error:
            return str(error)
        return True

    @classmethod
    def IS_CHANGED(cls, embeds_file: str) -> str:
        return hashlib.sha256(_find(embeds_file).read_bytes()).hexdigest()

    def run(self, embeds_file: str) -> tuple[Embeds]:
        return (load_embeddings(_find(embeds_file)),)


def _saved() -> list[str]:
    folders = current_folders()
    return [
        path.relative_to(folder).as_posix() + suffix
        for folder, suffix in ((folders.input, ""), (folders.output, FROM_OUTPUT))
        for path in sorted(folder.rglob(f"*{ENDING}"))
        if not any(
            part.startswith(".") for part in path.relative_to(folder).parts
        )  # unfinished runs' results
    ]


def _find(name: str) -> Path:
    """Return the file of a name, which must lie inside its folder."""
    is_saved = name.endswith(FROM_OUTPUT)
    folder = (current_folders().output if is_saved else current_folders().input).resolve()
    path = (folder / name.removesuffix(FROM_OUTPUT)).resolve()
    if not path.is_relative_to(folder) or path.suffix != ENDING or not path.is_file():
        raise InputError(
            f"embeddings {name!r} are not in the folder {folder}; copy the file there, or write "
            f"'{FROM_OUTPUT.strip()}' behind the name of one in the output folder"
        )
    return path


NODES = {
    "IFEncodeText": IFEncodeText,
    "IFMixEmbeds": IFMixEmbeds,
    "IFBatchEmbeds": IFBatchEmbeds,
    "IFSaveEmbeds": IFSaveEmbeds,
    "IFLoadEmbeds": IFLoadEmbeds,
}
NAMES = {
    "IFEncodeText": "IF Encode Text",
    "IFMixEmbeds": "IF Mix Embeddings",
    "IFBatchEmbeds": "IF Batch Embeddings",
    "IFSaveEmbeds": "IF Save Embeddings",
    "IFLoadEmbeds": "IF Load Embeddings",
}
