"""One guided step of IF-I-M or IF-II-L against the peers' networks with the same random weights, in turn.

    python benchmarks/bench_step.py [--stage 1] [--base 64] [--side 64] [--pairs 7] [--dtype float32]
        [--threads 1] [--peers original,compiled] [--plot step.png]

The layout is the published one with ``--base`` channels at the first level (192 and 160 as published).
Networks run A B C A B C, so that a machine whose speed drifts treats all alike. Process CPU time with one
thread, wall time with more. Text is read before the clock starts for us, as it is once a prompt; the peers
read it at every step, as their pipelines do. Needs the extra ``reference``, and for ``original`` the package
``deepfloyd_if``.
"""

import argparse
import statistics
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path

import diffusers
import torch
from measuring import heading
from plots import draw_bars

from if_graph.models.config import UNetConfig, config_to_json
from if_graph.models.convert import to_original
from if_graph.models.sizes import SIZES
from if_graph.models.unet import UNet
from if_graph.seeing.timing import spread

ROWS = 2  # guided: the negative and the positive prompt
STAGES = {1: "IF-I-M", 2: "IF-II-L"}
OURS, BASE = "if-graph", "diffusers float32"


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


def pair(config: UNetConfig):
    """Return (diffusers' network, ours) with the same random weights, float32."""
    torch.manual_seed(0)
    fields = {key: value for key, value in config_to_json(config).items() if not key.startswith("_")}
    theirs = diffusers.UNet2DConditionModel(**fields).eval()
    ours = UNet(config).eval()
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


def original(config: UNetConfig, ours: UNet):
    """The original package's network of IF-I-M with our weights."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from deepfloyd_if.model.unet import UNetModel
    widths = config.block_out_channels
    model = UNetModel(
        in_channels=3, out_channels=6, model_channels=widths[0], image_size=64, resblock_updown=True,
        channel_mult=",".join(str(width // widths[0]) for width in widths), use_scale_shift_norm=True,
        num_res_blocks=list(config.layers_per_block), num_heads=1, attention_resolutions="32,16,8",
        num_head_channels=config.attention_head_dim, encoder_channels=config.cross_attention_dim,
        encoder_dim=config.encoder_hid_dim, att_pool_heads=config.pool_heads, activation="gelu", dropout=0.0,
        precision="32",
    )  # fmt: skip
    model.load_state_dict(to_original(ours.state_dict(), config))
    return model.eval()


def contenders(config, side, dtype, peers):
    """Return, by name, what makes one step; the first is what all are compared with."""
    theirs, ours = pair(config)
    x_t, t = torch.randn(ROWS, config.in_channels, side, side), torch.full((ROWS,), 500)
    states = torch.randn(ROWS, 77, config.encoder_hid_dim)
    level = torch.full((ROWS,), 250) if config.embeds_noise_level else None

    def diffusers_step(network, kind):
        x, s = x_t.to(kind), states.to(kind)
        return lambda: network(x, t, s, class_labels=level).sample

    steps = {BASE: diffusers_step(theirs, torch.float32)}
    if "original" in peers:
        peer = original(config, ours)
        steps["deepfloyd_if float32"] = lambda: peer(x_t, t, states)
    if "compiled" in peers:
        steps["diffusers float32, compiled"] = diffusers_step(torch.compile(theirs), torch.float32)
    if dtype != torch.float32:
        short = pair(config)[0].to(dtype)
        steps[f"diffusers {_name(dtype)}"] = diffusers_step(short, dtype)
    ours = ours.to(dtype)
    if dtype == torch.bfloat16:
        ours = ours.to(memory_format=torch.channels_last)  # as loading does
    text, x = ours.read_text(states.to(dtype)), x_t.to(dtype)
    steps[f"{OURS} {_name(dtype)}"] = lambda: ours(x, t, text, level)
    return steps


def _name(dtype):
    return str(dtype).removeprefix("torch.")


@torch.no_grad()
def measure(steps, rounds, clock):
    """Return seconds and the largest relative difference from the first contender, each by name."""
    times, errors = {name: [] for name in steps}, dict.fromkeys(steps, 0.0)
    for _ in range(rounds + 1):  # the first round warms up; each tells its seconds, a run may take hours
        wanted = None
        for name, step in steps.items():
            began = clock()
            got = step().float()
            times[name].append(clock() - began)
            wanted = got if wanted is None else wanted
            errors[name] = max(errors[name], ((got - wanted).norm() / wanted.norm()).item())
        print(*(f"{name} {column[-1]:.2f} s" for name, column in times.items()), sep=", ", file=sys.stderr)
    return {name: column[1:] for name, column in times.items()}, errors


def report(times, errors):
    """Print a row for every contender: seconds, how many times faster we are, error."""
    ours = next(column for name, column in times.items() if name.startswith(OURS))
    for name, column in times.items():
        ratios = [other / own for other, own in zip(column, ours, strict=True)]
        print(f"{name:28} {spread(column):26} / if-graph {spread(ratios, 2):20} error {errors[name]:.1e}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stage", type=int, default=1, choices=STAGES, help="whose layout")
    parser.add_argument("--base", type=int, default=64, help="channels of the first level, a multiple of 64")
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--side", type=int, default=64, help="pixels")
    parser.add_argument("--pairs", type=int, default=7, help="counted rounds, after one to warm up")
    parser.add_argument("--threads", type=int, default=1, help="more than one: wall time instead of CPU time")
    parser.add_argument("--peers", default="", help="also: original (stage 1 only), compiled")
    parser.add_argument("--plot", type=Path, help="save the medians as a picture")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    clock, what = (time.process_time, "CPU") if args.threads == 1 else (time.perf_counter, "wall")
    dtype = getattr(torch, args.dtype)
    steps = contenders(scaled(args.base, args.stage), args.side, dtype, args.peers.split(","))
    times, errors = measure(steps, args.pairs, clock)
    title = f"{STAGES[args.stage]}, {args.base} channels, {args.side} px: {what} seconds a guided step"
    print(f"{heading('diffusers')}\n{title}, medians (least..most) of {args.pairs}; error against {BASE}")
    report(times, errors)
    if args.plot:
        draw_bars(args.plot, {name: statistics.median(column) for name, column in times.items()}, title)


if __name__ == "__main__":
    main()
