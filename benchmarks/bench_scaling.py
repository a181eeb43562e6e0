"""How a stage's time grows with pixels, pictures, steps and prompts, and what each kind of edit runs again.

    python benchmarks/bench_scaling.py [--times 3] [--plot scaling.png]

The bundled nano's Stage I, process CPU seconds of one thread, least of several. The second table changes one
thing of a workflow that has run in the same executor, and counts what is computed anew: texts encoded, and
evaluations of each stage's network.
"""

import argparse
import time
from collections import Counter
from pathlib import Path

import torch
from bench_memory import NANO
from bench_step import heading
from plots import draw_curves

from if_graph.cascade.plan import SamplingPlan
from if_graph.cascade.request import Request
from if_graph.cascade.stage import load_stage
from if_graph.graph import Executor, load_node_classes, load_workflow
from if_graph.models.placement import place
from if_graph.models.unet import UNet
from if_graph.text.t5 import TextEncoder, load_text_encoder

PROMPT, SIDE, STEPS = "a dog on a red background", 64, 4
ROWS = {
    "pixels (side)": (32, 64, 96, 128),
    "pictures of a prompt": (1, 2, 4, 8),
    "steps": (2, 4, 8, 16),
    "prompts, each a run": (1, 2, 4, 8),
}
EDITS = {
    "nothing": (),
    "seed of Stage II": ("Stage II", "seed", 7),
    "guidance of Stage II": ("Stage II", "guidance_scale", 2.0),
    "seed of Stage I": ("Stage I", "seed", 7),
    "prompt": ("Prompt", "prompt", "a cat on a red background"),
}


def paint(stage, embeds, side=SIDE, pictures=1, steps=STEPS):
    positive, negative = embeds
    generator = torch.Generator().manual_seed(0)
    plan = SamplingPlan("dpmpp_2m", "log_snr", steps)
    for _ in stage.sample(Request(positive.repeat(pictures), negative, plan, generator, (side, side), 4.0)):
        pass


def seconds(work, times):
    """Least CPU time of ``work``, which has run once before."""
    each = []
    for _ in range(times + 1):
        began = time.process_time()
        work()
        each.append(time.process_time() - began)
    return min(each[1:])


def curves(times):
    """Return, by what grows, pairs of its value and seconds."""
    stage, encoder = load_stage(NANO / "stage_1", place("cpu")), load_text_encoder(NANO / "stage_1")
    embeds = encoder.encode([PROMPT, ""]).split()
    works = {
        "pixels (side)": lambda n: lambda: paint(stage, embeds, side=n),
        "pictures of a prompt": lambda n: lambda: paint(stage, embeds, pictures=n),
        "steps": lambda n: lambda: paint(stage, embeds, steps=n),
        "prompts, each a run": lambda n: (
            lambda: [paint(stage, encoder.encode([f"{PROMPT} {i}", ""]).split()) for i in range(n)]
        ),
    }
    return {name: [(n, seconds(works[name](n), times)) for n in values] for name, values in ROWS.items()}


def counted():
    """Count encodings and evaluations from now on, networks by their number of input channels."""
    seen = Counter()
    forward, encode = UNet.forward, TextEncoder.encode

    def counting_forward(self, *args, **kwargs):
        seen["Stage I" if self.config.in_channels == 3 else "Stage II"] += 1
        return forward(self, *args, **kwargs)

    def counting_encode(self, *args, **kwargs):
        seen["T5"] += 1
        return encode(self, *args, **kwargs)

    UNet.forward, TextEncoder.encode = counting_forward, counting_encode
    return seen


def edits():
    """Yield what was changed in a workflow of Stage I and II, and the counts of the run after it."""
    executor, seen = Executor(load_node_classes()), counted()
    workflow = load_workflow("txt2img")
    for network in ("Stage I", "Stage II"):
        workflow = workflow.with_input(f"{network} schedule", "steps", STEPS)
    targets = [workflow.find("Stage II")]
    executor.run(workflow, targets=targets)
    yield "first run", dict(seen)
    for name, change in EDITS.items():
        seen.clear()
        executor.run(workflow.with_input(*change) if change else workflow, targets=targets)
        yield name, dict(seen)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=3, help="runs of each, after one to warm up")
    parser.add_argument("--plot", type=Path, help="save the curves as a picture")
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(heading(1))
    found = curves(args.times)
    for name, points in found.items():
        print(f"{name:24}" + "".join(f"{n:>5}: {took:.3f} s" for n, took in points))
    for name, counts in edits():
        print(
            f"{name:24}"
            + ", ".join(f"{part} {counts.get(part, 0)}" for part in ("T5", "Stage I", "Stage II"))
        )
    if args.plot:
        draw_curves(args.plot, {name: {"seconds": points} for name, points in found.items()}, "value")


if __name__ == "__main__":
    main()
