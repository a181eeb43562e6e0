"""One guided step against diffusers' own network with the same random weights: process CPU time, in turn.

    python benchmarks/bench_step.py [--stage 1] [--base 64] [--side 64] [--pairs 7] [--dtype float32]

The layout is IF-I-M's or IF-II-L's with ``--base`` channels at the first level (192 and 160 as published);
the pair runs A B A B, so that a machine whose speed drifts treats both alike. Text is read before the clock
starts for us, as it is once a prompt; diffusers reads it at every step, as its pipelines do. Needs the extra
``reference``.
"""

import argparse
import os
import platform
import statistics
import time
from dataclasses import replace

import diffusers
import torch

import if_graph
from if_graph.models.config import UNetConfig, config_to_json
from if_graph.models.sizes import SIZES
from if_graph.models.unet import UNet

ROWS = 2  # guided: the negative and the positive prompt


STAGES = {1: "IF-I-M", 2: "IF-II-L"}


def scaled(base, stage=1):
    """Narrow or widen a stage's layout to ``base`` channels at the first level."""
    layout = SIZES[STAGES[stage]]
    widths = tuple(base * width // layout.block_out_channels[0] for width in layout.block_out_channels)
    changes = {
        "block_out_channels": widths,
        "cross_attention_dim": widths[-1],
        "time_embedding_dim": layout.time_embedding_dim * base // layout.block_out_channels[0],
    }
    return replace(layout, **changes)


def pair(config: UNetConfig, dtype):
    """Return (diffusers' network, ours) with the same random weights."""
    torch.manual_seed(0)
    fields = {key: value for key, value in config_to_json(config).items() if not key.startswith("_")}
    theirs = diffusers.UNet2DConditionModel(**fields).eval()
    ours = UNet(config).eval()
    ours.load_state_dict(theirs.state_dict())
    return theirs.to(dtype), ours.to(dtype)


def cpu_seconds(work):
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


@torch.no_grad()
def measure(config, side, pairs, dtype=torch.float32):
    """Return seconds of theirs, of ours, and the largest relative difference."""
    theirs, ours = pair(config, dtype)
    x_t, t = torch.randn(ROWS, config.in_channels, side, side, dtype=dtype), torch.full((ROWS,), 500)
    states = torch.randn(ROWS, 77, config.encoder_hid_dim, dtype=dtype)
    level = torch.full((ROWS,), 250) if config.embeds_noise_level else None
    text = ours.read_text(states)
    times, error = [], 0.0
    for _ in range(pairs + 1):  # the first pair warms up
        a, wanted = cpu_seconds(lambda: theirs(x_t, t, states, class_labels=level).sample)
        b, got = cpu_seconds(lambda: ours(x_t, t, text, level))
        times.append((a, b))
        error = max(error, ((got - wanted).norm() / wanted.norm()).item())
    return times[1:], error


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stage", type=int, default=1, choices=STAGES, help="whose layout")
    parser.add_argument("--base", type=int, default=64, help="channels of the first level, a multiple of 64")
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--side", type=int, default=64, help="pixels")
    parser.add_argument("--pairs", type=int, default=7, help="counted pairs, after one to warm up")
    args = parser.parse_args()
    torch.set_num_threads(1)
    times, error = measure(scaled(args.base, args.stage), args.side, args.pairs, getattr(torch, args.dtype))
    ratios = sorted(a / b for a, b in times)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
        f"torch {torch.__version__}, diffusers {diffusers.__version__}, if-graph {if_graph.__version__}; "
        f"1 thread, {STAGES[args.stage]} at {args.base} channels and {args.side} px, {args.dtype}; "
        "CPU seconds a guided step, medians (least..most)"
    )
    for name, column in zip(("diffusers", "if-graph"), zip(*times, strict=True), strict=True):
        print(f"{name} {statistics.median(column):.3f} ({min(column):.3f}..{max(column):.3f})")
    print(
        f"ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f}..{ratios[-1]:.2f}) over {len(times)} pairs, "
        f"relative difference {error:.1e}"
    )


if __name__ == "__main__":
    main()
