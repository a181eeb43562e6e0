"""How a stage's time grows with pixels, pictures, steps and prompts, and what each kind of edit runs again.

    python benchmarks/bench_scaling.py [--times 3] [--plot scaling.png]

The bundled nano's Stage I, process CPU seconds of one thread, least of several. The second table changes one
thing of a workflow that has run in the same executor, and counts what is computed anew: texts encoded, and
evaluations of each stage's network.
"""

import argparse
import time
from pathlib import Path

import torch
from bench_memory import NANO, sample
from measuring import Encodings, Evaluations, heading
from plots import draw_curves

from if_graph.cascade.stage import load_stage
from if_graph.graph import Executor, load_node_classes, load_workflow
from if_graph.models.placement import place
from if_graph.text.t5 import load_text_encoder

PROMPT, SIDE, STEPS = "a dog on a red background", 64, 4
EDITS = {
    "first run": (),
    "nothing": (),
    "seed of Stage II": ("Stage II", "seed", 7),
    "guidance of Stage II": ("Stage II", "guidance_scale", 2.0),
    "seed of Stage I": ("Stage I", "seed", 7),
    "prompt": ("Prompt", "prompt", "a cat on a red background"),
}


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
    positive, negative = encoder.encode([PROMPT, ""]).split()

    def paint(positive=positive, side=SIDE, steps=STEPS):
        sample(stage, (positive, negative), side, steps)

    works = {
        "pixels (side)": ((32, 64, 96, 128), lambda n: paint(side=n)),
        "pictures of a prompt": ((1, 2, 4, 8), lambda n: paint(positive.repeat(n))),
        "steps": ((2, 4, 8, 16), lambda n: paint(steps=n)),
        "prompts, each a run": (
            (1, 2, 4, 8), lambda n: [paint(encoder.encode([f"{PROMPT} {i}"])) for i in range(n)],
        ),
    }  # fmt: skip
    return {
        name: [(n, seconds(lambda n=n, work=work: work(n), times)) for n in values]
        for name, (values, work) in works.items()
    }


def edits():
    """Yield what was changed in a workflow of Stage I and II, and the counts of the run after it."""
    executor = Executor(load_node_classes())
    workflow = load_workflow("txt2img")
    for network in ("Stage I", "Stage II"):
        workflow = workflow.with_input(f"{network} schedule", "steps", STEPS)
    targets = [workflow.find("Stage II")]
    for name, change in EDITS.items():
        with Evaluations() as seen, Encodings() as texts:
            executor.run(workflow.with_input(*change) if change else workflow, targets=targets)
        yield name, {"T5": texts.count, "Stage I": seen.counts[3], "Stage II": seen.counts[6]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=3, help="runs of each, after one to warm up")
    parser.add_argument("--plot", type=Path, help="save the curves as a picture")
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(heading())
    found = curves(args.times)
    for name, points in found.items():
        print(f"{name:24}" + "".join(f"{n:>5}: {took:.3f} s" for n, took in points))
    for name, counts in edits():
        print(f"{name:24}" + ", ".join(f"{part} {count}" for part, count in counts.items()))
    if args.plot:
        draw_curves(args.plot, {f"seconds: {name}": {name: points} for name, points in found.items()}, "")


if __name__ == "__main__":
    main()
