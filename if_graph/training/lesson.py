"""A first lesson for a fresh text encoder: tell pictures apart, and say the wish again in plain words.

Both are asked of any one position of a caption.

The UNet pools and attends over all 77 positions, and starts out doing so evenly, so what only the few word
positions know reaches it diluted seventyfold, and words that change few pixels stay alike for hours.
Measured on the nano world: trained with the UNet alone, backgrounds followed the prompt after 5,000
pictures, but things not after 21,000; taught to foretell thumbnails alone, states of two colours lay 8.0
apart after 77,000 captions, but those of two things 0.6, and 66,000 pictures later the UNet still painted
any thing for any other. So captions are matched with their pictures among all others of a batch, which
every difference between pictures helps. Two that stand in one batch seldom differ in the order of their
things, or in one letter alone; so each position must also name the plain caption, word by word.

Source of the matching: Radford et al. 2021, section 2.3 (arXiv:2103.00020).
"""

import time
from collections.abc import Iterator
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import AdamW

from if_graph.text.tokenizer import MAX_TOKENS, PAD_ID, Tokenizer
from if_graph.training.descent import Descent
from if_graph.training.log import TrainStep
from if_graph.training.pictures import Pictures

SIDE = 8  # of the thumbnail in pixels
BATCH = 96
PEAK_RATE, BETAS = 2e-3, (0.9, 0.98)
WHOLE_EVERY = 6  # steps; in between, positions behind the batch's longest caption are left out
SMALL = (
    0.1  # first embeddings and residual outputs; T5's own start, 1.0, would take hours to move at this rate
)
_FEATURES = 128
_TOLD = 24  # tokens of the plain caption that are asked for


class PictureReader(nn.Module):
    """Pixels [B, 3, H, W], -1..1 -> features [B, 128] of length 1."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 32, 64, 96, 128)
        layers = [
            part
            for narrow, wide in pairwise(widths)
            for part in (nn.Conv2d(narrow, wide, 3, 2, 1), nn.GroupNorm(1, wide), nn.GELU())
        ]
        self.layers = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten())
        self.out = nn.Linear(4 * widths[-1], _FEATURES)

    def forward(self, pixels: Tensor) -> Tensor:
        """Read the pictures."""
        return F.normalize(self.out(self.layers(pixels)), dim=1)


class TextReader(nn.Module):
    """Normalised states [B, E] -> features [B, 128] of length 1, thumbnails [B, 3 * SIDE * SIDE], tokens."""

    def __init__(self, width: int, vocabulary: int) -> None:
        super().__init__()
        self.out = nn.Linear(width, _FEATURES)
        self.tokens = nn.Linear(width, _TOLD * vocabulary)
        self.thumbnail = nn.Linear(width, 3 * SIDE * SIDE)
        self.sharpness = nn.Parameter(torch.tensor(2.0))  # logarithm of what similarities are multiplied by

    def loss(self, views: Tensor, pixels: Tensor, features: Tensor, plain: Tensor) -> Tensor:
        """How badly one view of each caption tells its picture and its plain words, a scalar."""
        similar = F.normalize(self.out(views), dim=1) @ features.T * self.sharpness.clamp(max=4.6).exp()
        own = torch.arange(len(views))
        matched = (F.cross_entropy(similar, own) + F.cross_entropy(similar.T, own)) / 2
        return matched + F.mse_loss(self.thumbnail(views), thumbnails(pixels)) + self._told(views, plain)

    def _told(self, views: Tensor, plain: Tensor) -> Tensor:
        """Cross-entropy of the plain captions' tokens [B, 24]; what stands behind their end is not asked."""
        guesses = self.tokens(views).unflatten(1, (_TOLD, -1)).transpose(1, 2)
        return F.cross_entropy(guesses, plain, ignore_index=PAD_ID)


def start_small(encoder: nn.Module) -> None:
    """Scale down the embeddings and residual outputs of a fresh T5 encoder; its norms undo the scale."""
    with torch.no_grad():
        for name, parameter in encoder.named_parameters():
            if name == "shared.weight" or name.endswith((".o.weight", ".wo.weight")):
                parameter.mul_(SMALL)


def teach_text(
    encoder: nn.Module, tokenizer: Tokenizer, pictures: Pictures, steps: int, seed: int
) -> Iterator[TrainStep]:
    """Train ``encoder``, changed in place, to tell pictures apart; yields each step.

    Args:
        encoder: a fresh T5 encoder.
        tokenizer: of that encoder.
        pictures: captioned pictures.
        steps: optimiser steps.
        seed: decides pictures and positions.
    """
    start_small(encoder)
    generator = torch.Generator().manual_seed(seed)
    vocabulary, width = next(encoder.parameters()).shape
    reader, picture_reader = TextReader(width, vocabulary), PictureReader()
    learning = [*encoder.parameters(), *reader.parameters(), *picture_reader.parameters()]
    descent = Descent(learning, AdamW(learning, PEAK_RATE, BETAS, weight_decay=0.0), steps)
    for step in range(steps):
        began, rate = time.monotonic(), descent.rate
        batch = pictures.batch(torch.randperm(len(pictures), generator=generator)[:BATCH].tolist())
        tokens = tokenizer(batch.captions)
        length = MAX_TOKENS if step % WHOLE_EVERY == 0 else int(tokens.mask.sum(dim=1).max())
        ids, mask = tokens.ids[:, :length], tokens.mask[:, :length].long()
        states = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        features = picture_reader(batch.pixels)
        plain = tokenizer(batch.plain).ids[:, :_TOLD]
        losses = [reader.loss(view, batch.pixels, features, plain) for view in _views(states, generator)]
        loss = descent.step(torch.stack(losses).mean())
        yield TrainStep(step + 1, steps, loss, rate, time.monotonic() - began)


def thumbnails(pixels: Tensor) -> Tensor:
    """Shrink pixels [B, 3, H, W] to flat thumbnails [B, 3 * SIDE * SIDE]."""
    return F.adaptive_avg_pool2d(pixels, SIDE).flatten(1)


def _views(states: Tensor, generator: torch.Generator) -> list[Tensor]:
    """The mean over all positions, and two positions drawn at random, normalised: three of [B, E]."""
    rows = torch.arange(len(states))
    drawn = [torch.randint(0, states.shape[1], (len(states),), generator=generator) for _ in range(2)]
    views = [states.mean(dim=1), *(states[rows, positions] for positions in drawn)]
    return [F.layer_norm(view, states.shape[2:]) for view in views]
