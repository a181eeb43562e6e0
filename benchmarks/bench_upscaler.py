"""The x4 upscaler against diffusers' networks with the same random weights: a step, the decoder, peak memory.

    python benchmarks/bench_upscaler.py [--side 256] [--narrow 1] [--pairs 7] [--threads 1] [--plot x4.png]
        [--parts memory step decoding]

One guided step of the UNet (two prompts) on latents of ``--side``, and the VAE's decoding of one picture to
four times that side; networks run in turn, and both layouts are the published ones with all widths divided by
``--narrow``. Peak memory is what step and decoding add to ``RssAnon`` in a forked process (weights, which
both libraries map from their files, not counted). Needs the extra ``reference``.
"""

import argparse
import statistics
import time
from dataclasses import replace
from pathlib import Path

import diffusers
import torch
from bench_memory import MB, once
from bench_step import measure, report
from measuring import heading
from plots import draw_bars

from if_graph.models.x4.config import UPSCALER
from if_graph.models.x4.unet import UpscalerUNet
from if_graph.models.x4.vae import Vae
from if_graph.models.x4.vae_config import UPSCALER_VAE

PROMPTS, TOKENS, NOISE_LEVEL = 2, 77, 20
PARTS = ("memory", "step", "decoding")


def narrowed(config, narrow):
    """Divide all widths of a config."""
    return replace(config, block_out_channels=tuple(width // narrow for width in config.block_out_channels))


def networks(narrow):
    """Return (diffusers' UNet and VAE, ours), with the same random weights."""
    torch.manual_seed(0)
    ours = UpscalerUNet(narrowed(UPSCALER, narrow)), Vae(narrowed(UPSCALER_VAE, narrow))
    widths, vae_widths = (part.config.block_out_channels for part in ours)
    theirs = (
        diffusers.UNet2DConditionModel(
            in_channels=7, out_channels=4, block_out_channels=widths, layers_per_block=2,
            attention_head_dim=8, down_block_types=["DownBlock2D", *["CrossAttnDownBlock2D"] * 3],
            up_block_types=[*["CrossAttnUpBlock2D"] * 3, "UpBlock2D"], cross_attention_dim=1024,
            num_class_embeds=1000, only_cross_attention=[True, True, True, False], use_linear_projection=True,
        ),
        diffusers.AutoencoderKL(
            in_channels=3, out_channels=3, latent_channels=4, block_out_channels=vae_widths,
            layers_per_block=2, down_block_types=["DownEncoderBlock2D"] * 3,
            up_block_types=["UpDecoderBlock2D"] * 3,
            sample_size=256, scaling_factor=UPSCALER_VAE.scaling_factor,
        ),
    )  # fmt: skip
    for their, our in zip(theirs, ours, strict=True):
        our.load_state_dict(their.state_dict())
    return tuple(part.eval() for part in theirs), tuple(part.eval() for part in ours)


def contenders(narrow, side):
    """Return the steps and the decodings, each by name, diffusers first."""
    (their_unet, their_vae), (our_unet, our_vae) = networks(narrow)
    x_t, t, level = torch.randn(1, 7, side, side), torch.tensor([500]), torch.tensor([NOISE_LEVEL])
    text = torch.randn(PROMPTS, TOKENS, 1024)
    twice = x_t.repeat(PROMPTS, 1, 1, 1), t.repeat(PROMPTS)  # as its pipeline does
    latents = UPSCALER_VAE.scaling_factor * torch.randn(1, 4, side, side)
    steps = {
        "diffusers": lambda: their_unet(*twice, text, class_labels=level.repeat(PROMPTS)).sample,
        "if-graph": lambda: our_unet(x_t, t, text, level),
    }
    decodings = {
        "diffusers": lambda: their_vae.decode(latents / UPSCALER_VAE.scaling_factor).sample,
        "if-graph": lambda: our_vae.decode(latents),
    }
    return steps, decodings


@torch.no_grad()
def both(step, decode):
    """What is held at once while a picture is painted: only the step's result, then the picture."""
    step()
    decode()


def print_memory(steps, decodings):
    """Run a step and a decoding of each library in a process of its own."""
    peaks = {name: once(both, steps[name], decodings[name])[0] for name in steps}
    print("peak MB: " + ", ".join(f"{name} {peak / MB:.0f}" for name, peak in peaks.items()))
    print(f"share of diffusers' {peaks['if-graph'] / peaks['diffusers']:.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=256, help="pixels of the low-res picture")
    parser.add_argument("--narrow", type=int, default=1, help="divide all widths by this: 1, 2 or 4")
    parser.add_argument("--pairs", type=int, default=7, help="counted rounds, after one to warm up")
    parser.add_argument("--threads", type=int, default=1, help="more than one: wall time instead of CPU time")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure")
    parser.add_argument("--plot", type=Path, help="save the medians as a picture")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    clock = time.process_time if args.threads == 1 else time.perf_counter
    print(heading("diffusers"))
    steps, decodings = contenders(args.narrow, args.side)
    if "memory" in args.parts:
        print_memory(steps, decodings)
    medians = {}
    for what, work in {"step": steps, "decoding": decodings}.items():
        if what not in args.parts:
            continue
        print(f"\n{what}, {args.side} px, widths / {args.narrow}, {args.pairs} rounds")
        times, errors = measure(work, args.pairs, clock)
        report(times, errors)
        medians |= {f"{what}, {name}": statistics.median(column) for name, column in times.items()}
    if args.plot:
        draw_bars(args.plot, medians, f"x4 upscaler, {args.side} px, seconds")


if __name__ == "__main__":
    main()
