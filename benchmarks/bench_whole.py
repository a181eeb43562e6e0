"""A whole run against the sum of its denoising steps: what loading, text, sampling, saving and graph add.

    python benchmarks/bench_whole.py [--times 3] [--steps 2]

First the bundled nano's ``txt2img``, as shipped; then the workflow ``sampler-unipc`` on IF-I-M and IF-II-M
with random weights (and nano's text encoder, so that their text inputs are as narrow as nano's), written to
a temporary folder first. Wall seconds; a step is one evaluation of a network.
"""

import argparse
import json
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from bench_memory import NANO, once, write_stage
from measuring import Evaluations, heading

from if_graph.folders import Folders, using_folders
from if_graph.garbage import collect_rarely
from if_graph.graph import Executor, load_node_classes, load_workflow
from if_graph.models.config import config_to_json
from if_graph.models.sizes import SIZES
from if_graph.seeing.timing import spread

WIDE = {"stage_1": "IF-I-M", "stage_2": "IF-II-M"}


def write_wide(folder):
    """Write both networks in the published layout, with random weights."""
    width = json.loads((NANO / "stage_1/unet/config.json").read_text())["encoder_hid_dim"]
    for stage, size in WIDE.items():
        config = replace(SIZES[size], encoder_hid_dim=width)
        write_stage(folder / stage, config_to_json(config), torch.float32)


def measure(workflow, times):
    """Print whole runs in fresh executors beside their steps; one run warms up."""
    classes, wholes, shares = load_node_classes(), [], []
    for _ in range(times + 1):
        began = time.perf_counter()
        with Evaluations() as steps:
            Executor(classes).run(workflow)
        wholes.append(time.perf_counter() - began)
        shares.append(wholes[-1] / steps.seconds)
    print(f"  {steps.counts.total()} evaluations; whole run {spread(wholes[1:], 2)} s, ", end="")
    print(f"{spread(shares[1:])} times its evaluations", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=3, help="counted runs, after one to warm up")
    parser.add_argument("--steps", type=int, default=2, help="of each wide stage")
    args = parser.parse_args()
    print(heading())
    collect_rarely()  # as the command line does
    with tempfile.TemporaryDirectory() as root, using_folders(Folders(*(Path(root) / n for n in "iot"))):
        print("nano, txt2img")
        measure(load_workflow("txt2img"), args.times)
        once(write_wide, Path(root) / "wide")
        os.environ["IF_GRAPH_MODELS"] = root
        workflow = load_workflow("sampler-unipc")
        for stage, node in (("stage_1", "Stage I"), ("stage_2", "Stage II")):
            workflow = workflow.with_input(f"{node} network", "checkpoint", f"wide/{stage}")
            workflow = workflow.with_input(f"{node} schedule", "steps", args.steps)
            workflow = workflow.with_input(node, "guidance_scale", 4.0)
        print("IF-I-M and IF-II-M, random weights")
        measure(workflow, args.times)


if __name__ == "__main__":
    main()
