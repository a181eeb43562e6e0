"""One guided step against diffusers' own network with the same random weights: process CPU time, in turn.

    python benchmarks/bench_step.py [--base 64] [--side 64] [--pairs 7]

The layout is IF-I-M's with ``--base`` channels at the first level in place of 192; the pair runs A B A B, so
that a machine whose speed drifts treats both alike. Text is read before the clock starts for us, as it is
once a prompt; diffusers reads it at every step, as its pipelines do. Needs the extra ``reference``.
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


def scaled(base):
    """Narrow IF-I-M to ``base`` channels at the first level."""
    widths = tuple(base * i for i in range(1, 5))
    changes = {
        "block_out_channels": widths,
        "cross_attention_dim": widths[-1],
        "time_embedding_dim": 4 * base,
    }
    return replace(SIZES["IF-I-M"], **changes)


def pair(config: UNetConfig):
    """Return (diffusers' network, ours) with the same random weights."""
    torch.manual_seed(0)
    fields = {key: value for key, value in config_to_json(config).items() if not key.startswith("_")}
    theirs = diffusers.UNet2DConditionModel(**fields).eval()
    ours = UNet(config).eval()
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


def cpu_seconds(work):
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


@torch.no_grad()
def measure(config, side, pairs):
    """Return seconds of theirs, of ours, and the largest relative difference."""
    theirs, ours = pair(config)
    x_t, t = torch.randn(ROWS, 3, side, side), torch.full((ROWS,), 500)
    states = torch.randn(ROWS, 77, config.encoder_hid_dim)
    text = ours.read_text(states)
    times, error = [], 0.0
    for _ in range(pairs + 1):  # the first pair warms up
        a, wanted = cpu_seconds(lambda: theirs(x_t, t, encoder_hidden_states=states).sample)
        b, got = cpu_seconds(lambda: ours(x_t, t, text))
        times.append((a, b))
        error = max(error, ((got - wanted).abs().max() / wanted.abs().max()).item())
    return times[1:], error


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", type=int, default=64, help="channels of the first level, a multiple of 64")
    parser.add_argument("--side", type=int, default=64, help="pixels")
    parser.add_argument("--pairs", type=int, default=7, help="counted pairs, after one to warm up")
    args = parser.parse_args()
    torch.set_num_threads(1)
    times, error = measure(scaled(args.base), args.side, args.pairs)
    ratios = sorted(a / b for a, b in times)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
        f"torch {torch.__version__}, diffusers {diffusers.__version__}, if-graph {if_graph.__version__}; "
        "1 thread, CPU seconds a guided step"
    )
    theirs, ours = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"diffusers {theirs:.3f}, if-graph {ours:.3f} (medians of {len(times)} pairs)")
    print(
        f"ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f}..{ratios[-1]:.2f}), "
        f"largest difference {error:.1e} of the largest value"
    )


if __name__ == "__main__":
    main()
