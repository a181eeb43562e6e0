"""The network being trained, with its text encoder where that is trained too."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import T5Config, T5EncoderModel

from if_graph.diffusion.gaussian import add_noise
from if_graph.diffusion.schedule import Diffusion
from if_graph.models.config import config_from_json
from if_graph.models.unet import UNet
from if_graph.residency import device_of
from if_graph.text.t5 import load_text_encoder
from if_graph.text.tokenizer import Tokenizer
from if_graph.training.dice import Dice
from if_graph.training.few_bit_gelu import FewBitGELU
from if_graph.training.objective import diffusion_loss
from if_graph.training.pictures import Batch
from if_graph.training.recipe import Recipe
from if_graph.training.start import start_as_copy, start_quiet


class Trainable(nn.Module):
    """UNet plus T5 encoder; only the UNet has gradients where the encoder is frozen.

    Args:
        recipe: describes the network, how it starts and what it is shown.
        text_encoder: the T5 encoder.
        tokenizer: of that encoder.
        trains_text: whether the encoder learns too.
    """

    def __init__(
        self, recipe: Recipe, text_encoder: nn.Module, tokenizer: Tokenizer, trains_text: bool
    ) -> None:
        super().__init__()
        self.recipe = recipe
        self.unet = UNet(config_from_json(recipe.unet))
        self.unet.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's stub
        start_quiet(self.unet)
        if recipe.starts_as_copy:
            start_as_copy(self.unet)
        self.text_encoder = text_encoder.requires_grad_(trains_text)
        self.tokenizer = tokenizer
        self.trains_text = trains_text
        self._predict: Callable[..., Tensor] = (
            torch.compile(self.unet.forward) if recipe.compile else self.unet
        )

    def forward(self, batch: Batch, diffusion: Diffusion, dice: Dice) -> Tensor:
        """Return the loss of one batch at random timesteps, a scalar."""
        count = len(batch.captions)
        t, noise = dice.whole(diffusion.train_steps, count), dice.normal(batch.pixels.shape)
        t, noise = t.to(batch.pixels.device), noise.to(batch.pixels.device)
        x_t = _noised(batch.pixels, noise, t, diffusion)
        states = self.encode(batch.captions)
        low_res, noise_level = self._condition(batch.low_res, diffusion, dice)
        x_in = torch.cat([x_t, low_res], dim=1) if low_res is not None else x_t
        x_in = x_in.contiguous(memory_format=torch.channels_last)
        with self._gelus():
            output = self._predict(x_in, t, self.unet.read_text(states), noise_level)
        weights = self.recipe.squared_weight, self.recipe.snr_ceiling
        return diffusion_loss(output, batch.pixels, x_t, noise, t, diffusion, *weights)

    def train(self, mode: bool = True) -> "Trainable":
        """Switch to training; a frozen encoder stays as it is used later, without dropout."""
        super().train(mode)
        if not self.trains_text:
            self.text_encoder.eval()
        return self

    def encode(self, captions: Sequence[str]) -> Tensor:
        """Encode captions to states [B, 77, E]."""
        tokens, device = self.tokenizer(captions), device_of(self.text_encoder)
        with torch.set_grad_enabled(self.trains_text and torch.is_grad_enabled()):
            states: Tensor = self.text_encoder(
                input_ids=tokens.ids.to(device), attention_mask=tokens.mask.to(device)
            ).last_hidden_state
        return states

    def _gelus(self) -> AbstractContextManager[Any]:
        bits = self.recipe.gelu_bits
        return nullcontext() if bits is None or not self.training else FewBitGELU(bits)

    def _condition(
        self, low_res: Tensor | None, diffusion: Diffusion, dice: Dice
    ) -> tuple[Tensor | None, Tensor | None]:
        """Noise the enlarged low-res pixels at a level uniform in [0, noise_ceiling) of the schedule."""
        if low_res is None:
            return None, None
        ceiling = max(1, round(self.recipe.noise_ceiling * diffusion.train_steps))
        level = dice.whole(ceiling, len(low_res)).to(low_res.device)
        return _noised(low_res, dice.normal(low_res.shape).to(low_res.device), level, diffusion), level


def _noised(pixels: Tensor, noise: Tensor, t: Tensor, diffusion: Diffusion) -> Tensor:
    return add_noise(pixels, noise, diffusion.alpha_bar.to(pixels.device)[t][:, None, None, None])


def new_text_encoder(config: Mapping[str, Any], vocabulary: int) -> nn.Module:
    """Build a T5 v1.1 encoder with fresh weights."""
    encoder: nn.Module = T5EncoderModel(
        T5Config(
            vocab_size=vocabulary, feed_forward_proj="gated-gelu", dropout_rate=0.0, is_encoder_decoder=False,
            use_cache=False, **config,
        )
    )  # fmt: skip
    return encoder


def frozen_text_encoder(folder: Path) -> tuple[nn.Module, Tokenizer]:
    """Load the T5 encoder and tokenizer of a checkpoint folder."""
    encoder = load_text_encoder(folder, "cpu", torch.float32)
    return encoder.model, encoder.tokenizer
