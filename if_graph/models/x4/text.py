"""Prompts become what the x4 upscaler reads: CLIP tokens and the last hidden states of CLIP's text tower."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from if_graph.errors import CheckpointError
from if_graph.models.placement import Placement
from if_graph.models.x4.clip import build_clip, fill_clip
from if_graph.residency import device_of
from if_graph.weights import find_weights

_log = logging.getLogger(__name__)


class ClipText:
    """A frozen CLIP text tower and its tokenizer.

    Args:
        model: a transformers ``CLIPTextModel``.
        tokenizer: a transformers ``CLIPTokenizer``.
        length: tokens per prompt, start and end marks included.
    """

    def __init__(self, model: nn.Module, tokenizer: Any, length: int) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.length = length

    @torch.no_grad()
    def encode(self, prompts: Sequence[str]) -> Tensor:
        """Encode prompts, one row each, to states [B, L, E]; words that find no place are cut and logged.

        A prompt goes through the model alone, so its row is the same whatever else is encoded with it.
        """
        known = {prompt: self._encode_row(prompt) for prompt in dict.fromkeys(prompts)}
        return torch.cat([known[prompt] for prompt in prompts])

    def _encode_row(self, prompt: str) -> Tensor:
        whole = self.tokenizer(prompt, truncation=False, verbose=False)["input_ids"]
        if len(whole) > self.length:
            _log.warning("the prompt has more than %d tokens, the upscaler does not see its end", self.length)
        tokens = self.tokenizer(
            prompt, padding="max_length", max_length=self.length, truncation=True, return_tensors="pt"
        )
        states: Tensor = self.model(tokens["input_ids"].to(device_of(self.model))).last_hidden_state
        return states


def load_clip_text(folder: Path, placement: Placement, variant: str | None = None) -> ClipText:
    """Load ``folder``/text_encoder and ``folder``/tokenizer; reads local files only, never a pickle.

    Raises:
        CheckpointError: if something is missing or does not fit.
    """
    model = build_clip(folder / "text_encoder" / "config.json", _build)
    files = find_weights(folder / "text_encoder", "model", variant)
    fill_clip(model, files, placement.device, placement.dtype, placement.stay)
    config: Any = model.config
    return ClipText(model, _load_tokenizer(folder / "tokenizer"), int(config.max_position_embeddings))


def _build(fields: dict[str, Any]) -> nn.Module:
    from transformers import CLIPTextConfig, CLIPTextModel  # takes seconds, so only where a model is wanted

    # eager: the same sums in every version of transformers
    model: nn.Module = CLIPTextModel(CLIPTextConfig.from_dict(fields, attn_implementation="eager"))
    return model


def _load_tokenizer(folder: Path) -> Any:
    from transformers import CLIPTokenizer

    absent = [name for name in ("vocab.json", "merges.txt") if not (folder / name).is_file()]
    if absent and not (folder / "tokenizer.json").is_file():
        raise CheckpointError(f"{folder}: got no {' and no '.join(absent)}, expected a CLIP tokenizer")
    try:
        return CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)
    except Exception as error:  # whatever transformers makes of a bad file
        raise CheckpointError(
            f"{folder}: got no usable CLIP tokenizer ({error}); download the folder again"
        ) from error
