"""Train a small LoRA for nano's Stage I, after which red and blue are exchanged.

    python docs/make_lora.py [--steps N] [--side PIXELS] [--out FILE]

No pictures are needed: nano paints some, their red and blue are exchanged, and the LoRA learns from them.
Without ``--out`` the file is ``loras/nano-swapped.safetensors`` in the first model folder, where
``if-graph run lora`` finds it. Minutes on one core.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from if_graph_nodes.host import find_checkpoint, model_folders
from torch import Tensor, nn
from torch.func import functional_call

from if_graph.cascade.plan import SamplingPlan
from if_graph.cascade.stage import Request, Stage, load_stage
from if_graph.diffusion.gaussian import add_noise, x_0_from
from if_graph.files import unfinished
from if_graph.models.placement import place
from if_graph.models.unet import UNet
from if_graph.tensor_files import write_tensors
from if_graph.text.embeddings import TextEmbeddings
from if_graph.text.t5 import load_text_encoder

CHECKPOINT = "nano/stage_1"
NAME = "nano-swapped.safetensors"
THINGS = ("cat", "dog", "pig", "fish", "apple", "car", "star", "house")
COLOURS = ("red", "blue", "yellow", "green")
RANK, BATCH, RATE = 8, 4, 2e-3

LoRA = dict[str, tuple[nn.Parameter, nn.Parameter]]
"""(down [r, in], up [out, r]) by the name of a linear layer."""


class Painter(nn.Module):
    """A UNet that reads its text at every call, so that the LoRA may change how it does."""

    def __init__(self, unet: UNet) -> None:
        super().__init__()
        self.unet = unet

    def forward(self, x_t: Tensor, t: Tensor, states: Tensor) -> Tensor:
        """Predict from noisy pixels [B, 3, H, W], timesteps [B] and text states [B, L, E]."""
        predicted: Tensor = self.unet(x_t, t, self.unet.read_text(states))[:, :3]
        return predicted


def main() -> int:
    """Train, and write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=200, help="of training (default: %(default)s)")
    parser.add_argument("--side", type=int, default=64, help="of the pictures (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=model_folders()[0] / "loras" / NAME, metavar="FILE")
    args = parser.parse_args()
    torch.manual_seed(0)
    stage = load_stage(find_checkpoint(CHECKPOINT, "unet"), place("cpu"))
    embeds = read_prompts()
    lora = fresh(stage.unet)
    for step, loss in enumerate(train(stage, lora, embeds, paint(stage, embeds, args.side), args.steps), 1):
        sys.stderr.write(f"\r{step}/{args.steps}  loss {loss:.4f}")
    sys.stderr.write("\n")
    write(lora, args.out)
    sys.stdout.write(f"{args.out}\n")
    return 0


def read_prompts() -> TextEmbeddings:
    """Return embeddings of one prompt for each thing, on alternating backgrounds."""
    prompts = [f"a {thing} on a {COLOURS[i % len(COLOURS)]} background" for i, thing in enumerate(THINGS)]
    return load_text_encoder(find_checkpoint(CHECKPOINT, "text_encoder")).encode(prompts)


@torch.no_grad()
def paint(stage: Stage, embeds: TextEmbeddings, side: int) -> Tensor:
    """Paint a picture of each prompt, red and blue exchanged; pixels [B, 3, side, side], -1..1."""
    seeds = [torch.Generator().manual_seed(i) for i in range(len(embeds))]
    plan = SamplingPlan("dpmpp_2m", "log_snr", steps=10)
    *_, last = stage.sample(Request(embeds, embeds, plan, seeds, (side, side), guidance_scale=1.0))
    return last.x_t.flip(1)


def fresh(unet: UNet) -> LoRA:
    """Return a LoRA of every linear layer in the levels of ``unet``; it changes nothing yet."""
    layers = {name: module for name, module in unet.named_modules() if isinstance(module, nn.Linear)}
    return {
        name: (
            nn.Parameter(torch.randn(RANK, layer.in_features) / layer.in_features**0.5),
            nn.Parameter(torch.zeros(layer.out_features, RANK)),
        )
        for name, layer in layers.items()
        if "_block" in name
    }


def train(stage: Stage, lora: LoRA, embeds: TextEmbeddings, pictures: Tensor, steps: int) -> Iterator[float]:
    """Teach ``lora`` the pictures, yielding the loss of every step: the squared error of x_0."""
    painter, table = Painter(stage.unet).requires_grad_(False), stage.diffusion.alpha_bar
    optimizer = torch.optim.Adam([half for pair in lora.values() for half in pair], lr=RATE)
    for _ in range(steps):
        rows, t = torch.randint(len(pictures), (BATCH,)), torch.randint(len(table), (BATCH,))
        x_0, alpha_bar = pictures[rows], table[t][:, None, None, None]
        x_t = add_noise(x_0, torch.randn_like(x_0), alpha_bar)
        weights = {f"unet.{name}.weight": merged(stage.unet, name, pair) for name, pair in lora.items()}
        prediction = functional_call(painter, weights, (x_t, t, embeds.states[rows]))
        estimate = x_0_from(prediction, x_t, alpha_bar, stage.diffusion.prediction_type)
        loss = ((estimate - x_0) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.item()


def merged(unet: UNet, name: str, pair: tuple[nn.Parameter, nn.Parameter]) -> Tensor:
    """Return the weight of a layer with its update added."""
    down, up = pair
    return unet.get_parameter(f"{name}.weight") + up @ down


def write(lora: LoRA, path: Path) -> None:
    """Write the file in peft's form, as diffusers does."""
    tensors = {
        f"unet.{name}.lora_{side}.weight": half
        for name, pair in lora.items()
        for side, half in zip("AB", pair, strict=True)
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with unfinished(path) as part:
        write_tensors(tensors, part)


if __name__ == "__main__":
    sys.exit(main())
