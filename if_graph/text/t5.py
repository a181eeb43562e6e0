"""Prompts become embeddings: cleaned, split into tokens and read by the frozen T5 encoder."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from if_graph.errors import CheckpointError, InputError
from if_graph.residency import Stay, device_of, let_go
from if_graph.text.clean import clean_caption
from if_graph.text.embeddings import TextEmbeddings
from if_graph.text.int8 import fill_int8
from if_graph.text.known_words import KnownWords, load_known_words
from if_graph.text.pieces import find_pieces
from if_graph.text.tokenizer import Tokenizer
from if_graph.weights import fill_weights, find_weights

ENCODER_DTYPES: dict[str, torch.dtype | None] = {
    "auto": None,
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "int8": torch.int8,
}
"""What a user may choose for the encoder, as :func:`load_text_encoder` takes it."""

TIED = frozenset({"shared.weight", "encoder.embed_tokens.weight"})  # one tensor; files hold one or both names


class TextEncoder:
    """A T5 v1.1 encoder and its tokenizer, frozen.

    Args:
        model: a transformers ``T5EncoderModel`` with weights; put into eval mode, gradients off.
        tokenizer: the one the model was trained with.
        known_words: what a small model was trained on; None for one that knows the language.
    """

    def __init__(self, model: nn.Module, tokenizer: Tokenizer, known_words: KnownWords | None = None) -> None:
        self.model = model.eval().requires_grad_(False)
        self.tokenizer = tokenizer
        self.known_words = known_words

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return device_of(self.model)

    @property
    def dtype(self) -> torch.dtype:
        """What the encoder computes in."""
        return self.model.get_parameter("shared.weight").dtype

    def offload(self) -> None:
        """Let the weights go, if they can come back."""
        let_go(self.model)

    @torch.no_grad()
    def encode(self, prompts: Sequence[str], clean: bool = True, chunks: int = 1) -> TextEmbeddings:
        """Encode prompts, one row each; words beyond the tokenizer's length are cut, with a logged warning.

        Every prompt goes through the model alone: kernels choose their order of summation by batch size, so
        only this makes a row the same to the last bit whatever else is encoded with it. Caches and seeds rely
        on that.

        Args:
            prompts: at least one text; the empty one is the usual negative prompt.
            clean: clean the caption as the model was trained; False only strips and lower-cases it.
            chunks: how many runs of L tokens a long prompt may fill. Each is encoded by itself and they are
                joined; all prompts of one call get the same number. The model was trained with 1.

        Returns:
            Embeddings on the CPU, states [B, L, E] in float32, which loses nothing of any dtype.

        Raises:
            InputError: if ``prompts`` is empty or one bare text, or cleaning needs a library that is absent.
        """
        if isinstance(prompts, str):
            raise InputError(
                f"text encoder: got one text {prompts!r}, expected a list of texts; write [text]"
            )
        tokens = self.tokenizer(_cleaned(prompts, clean), chunks)
        rows = [self._encode_row(*row) for row in zip(tokens.ids, tokens.mask, strict=True)]
        return TextEmbeddings(torch.cat(rows), tokens.mask, tuple(prompts))

    def cut_words(self, prompts: Sequence[str], clean: bool = True, chunks: int = 1) -> tuple[str, ...]:
        """Return what :meth:`encode` would leave out of each prompt, silently; often an empty string."""
        return self.tokenizer.cut(_cleaned(prompts, clean), chunks)

    def advice(self, prompts: Sequence[str], clean: bool = True) -> tuple[str, ...]:
        """Return a sentence for each word that the model has never read, if that is known."""
        if self.known_words is None:
            return ()
        texts = _cleaned(prompts, clean)
        return tuple(dict.fromkeys(line for text in texts for line in self.known_words.advice(text)))

    def _encode_row(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Map ids and mask [n * L] to states [1, n * L, E], float32 on the CPU, each run by itself."""
        count = -(-len(ids) // self.tokenizer.length)
        runs = zip(ids.chunk(count), mask.chunk(count), strict=True)
        return torch.cat([self._encode_run(*run) for run in runs], dim=1)

    def _encode_run(self, ids: Tensor, mask: Tensor) -> Tensor:
        ids, mask = ids[None].to(self.device), mask[None].to(self.device)
        output = self.model(input_ids=ids, attention_mask=mask.long())
        states: Tensor = output.last_hidden_state
        return states.float().cpu()


def _cleaned(prompts: Sequence[str], clean: bool) -> list[str]:
    return [clean_caption(prompt) if clean else prompt.strip().lower() for prompt in prompts]


def load_text_encoder(
    folder: Path,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
    variant: str | None = None,
    stay: Stay | None = None,
) -> TextEncoder:
    """Load the text encoder of an official checkpoint folder; reads local safetensors only.

    Args:
        folder: holds ``text_encoder/``, with ``config.json`` and weights, whole or sharded, and
            ``tokenizer/`` with ``spiece.model`` or ``tokenizer.json``.
        device: where the encoder shall run.
        dtype: what it computes in, whatever the files hold; None takes bfloat16 on CUDA (float16 with
            ``wo`` in float32 on GPUs without it), float32 elsewhere. ``torch.int8`` holds the large weights
            in 8 bits and computes in bfloat16 on CUDA, float32 elsewhere.
        variant: load these files, for example ``fp16``; None takes the most precise ones there, or with
            ``torch.int8`` the published ``8bit`` ones where they are.
        stay: how long the weights stay, see :func:`if_graph.weights.fill_weights`.

    Raises:
        CheckpointError: if something is missing, unreadable, or does not fit the rest.
    """
    folder, device = Path(folder), torch.device(device)
    absent = [name for name in ("text_encoder", "tokenizer") if not (folder / name).is_dir()]
    if absent:
        raise CheckpointError(
            f"{folder}: got no {' and no '.join(absent)} folder, expected text_encoder/ and tokenizer/ as in "
            "an official checkpoint; give the folder that holds both"
        )
    tokenizer = Tokenizer(find_pieces(folder / "tokenizer"))
    known_words = load_known_words(folder)
    model = _empty_model(folder / "text_encoder" / "config.json")
    if dtype == torch.int8:
        fill_int8(model, folder / "text_encoder", device, _int8_dtype(device), variant, TIED, stay)
        return TextEncoder(model, tokenizer, known_words)
    files = find_weights(folder / "text_encoder", "model", variant)
    dtype = dtype or _default_dtype(device)
    fill_weights(model, files, device, lambda name: _weight_dtype(name, dtype), TIED, stay)
    return TextEncoder(model, tokenizer, known_words)


def _weight_dtype(name: str, dtype: torch.dtype) -> torch.dtype:
    """In float16, ``wo`` stays float32: its sums overflow otherwise."""
    return torch.float32 if dtype == torch.float16 and name.endswith(".wo.weight") else dtype


def _default_dtype(device: torch.device) -> torch.dtype:
    """Take bfloat16, whose range T5 was trained in, where a GPU computes in it; never on MPS."""
    if device.type != "cuda":
        return torch.float32
    has_bfloat16 = torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if has_bfloat16 else torch.float16


def _int8_dtype(device: torch.device) -> torch.dtype:
    """Compute beside 8-bit weights in the default type, but not in float16, whose range is too small."""
    return torch.bfloat16 if _default_dtype(device) == torch.bfloat16 else torch.float32


def _empty_model(config_file: Path) -> nn.Module:
    """Build the network without memory for weights, on the meta device."""
    from transformers import T5Config, T5EncoderModel  # takes seconds, so only where a model is wanted

    try:
        fields: dict[str, Any] = json.loads(config_file.read_text(encoding="utf-8"))
        if fields.get("model_type", "t5") != "t5":
            raise ValueError(f"model_type {fields['model_type']!r}")
        # eager: the same sums in every version of transformers; at this length a fused kernel gains nothing
        config = T5Config.from_dict(fields, attn_implementation="eager")
        with torch.device("meta"):
            model: nn.Module = T5EncoderModel(config)
    except Exception as error:  # whatever transformers makes of a bad value
        raise CheckpointError(
            f"{config_file}: got no usable config ({error}), expected that of a T5 encoder; download it again"
        ) from error
    return model
