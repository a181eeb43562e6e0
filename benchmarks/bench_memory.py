"""Peak anonymous memory of a cascade: a whole run takes little more than its hungriest network alone.

    python benchmarks/bench_memory.py

Writes a cascade of random weights (T5 51M, Stage I 69M and Stage II 41M parameters) to a temporary folder, in
float32 and in float16, which a CPU runs in float32, and measures in forked processes, on Linux, what
loading and painting add to ``RssAnon`` of /proc/self/status; then the bundled nano cascade at 16 px. Exits
with 1 if a limit is broken: a whole run takes at most 1.1 times the hungriest network with its activations,
and loading files of the running type adds at most 5 % of them.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import statistics
import sys
import tempfile
import threading
from pathlib import Path

import torch
from measuring import heading
from safetensors.torch import save_file
from transformers import T5Config, T5EncoderModel

import if_graph
from if_graph.cascade.plan import SamplingPlan
from if_graph.cascade.request import Request
from if_graph.cascade.stage import load_stage
from if_graph.graph import Executor, load_node_classes, load_workflow
from if_graph.models.checkpoint import STEM
from if_graph.models.config import config_from_json
from if_graph.models.placement import place
from if_graph.models.unet import build_on_meta
from if_graph.residency import AFTER_USE, OFFLOADS, Stay
from if_graph.text.embeddings import TextEmbeddings
from if_graph.text.t5 import load_text_encoder

NANO = Path(if_graph.__file__).parent / "bundled" / "nano"
WIDE = {
    "stage_1": {"block_out_channels": [64, 96, 256, 448], "attention_head_dim": 64},
    "stage_2": {"block_out_channels": [96, 128, 192, 256, 384], "attention_head_dim": 64},
}
T5 = {"d_model": 512, "d_kv": 64, "num_heads": 8, "d_ff": 2048, "num_layers": 12, "num_decoder_layers": 12}
PROMPT, STEPS = "a dog on a red background", 2
MB = 1e6


class Peak:
    """What the block within adds to this process's anonymous memory, at most and in the end, in bytes."""

    def __enter__(self):
        self.base, self.most, self.done = anonymous(), 0, threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.done.set()
        self.thread.join()
        self.last = anonymous() - self.base
        self.most = max(self.most, self.last)

    def _watch(self):
        while not self.done.wait(0.002):
            self.most = max(self.most, anonymous() - self.base)


def anonymous():
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("RssAnon:")[1].split()[0])


def write_stage(folder, wider, dtype):
    """Copy the layout of nano's stage of that name with a wider network and random weights."""
    shutil.copytree(NANO / folder.name, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    widen(folder / "unet", wider)
    unet = build_on_meta(config_from_json(json.loads((folder / "unet/config.json").read_text())))
    write_weights(unet, folder / "unet" / f"{STEM}.safetensors", dtype)


def write_cascade(folder, dtype):
    """Copy nano's layout with wider networks and random weights."""
    for stage, wider in WIDE.items():
        write_stage(folder / stage, wider | {"encoder_hid_dim": T5["d_model"]}, dtype)
    text = folder / "stage_1" / "text_encoder"
    widen(text, T5)
    with torch.device("meta"):
        encoder = T5EncoderModel(T5Config.from_json_file(text / "config.json"))
    write_weights(encoder, text / "model.safetensors", dtype)


def widen(folder, fields):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | fields))


def write_weights(network, file, dtype):
    state = network.state_dict().items()
    save_file({name: (0.02 * torch.randn(weight.shape)).to(dtype) for name, weight in state}, file)


def embeds_of(folder, stay):
    return load_text_encoder(folder / "stage_1", stay=stay).encode([PROMPT, ""]).split()


def paint(folder, stage, side, embeds, stay):
    loaded = load_stage(folder / stage, place("cpu", stay=stay))
    low_res = torch.zeros(1, 3, side // 4, side // 4) if loaded.is_super_resolution else None
    sample(loaded, embeds, side, low_res=low_res)


def sample(stage, embeds, side, steps=STEPS, low_res=None):
    plan, generator = SamplingPlan("dpmpp_2m", "log_snr", steps), torch.Generator().manual_seed(0)
    for _ in stage.sample(Request(*embeds, plan, generator, (side, side), 4.0, low_res)):
        pass


def run_workflow(name, offload, side):
    workflow = load_workflow("txt2img")
    for stage, network in (("stage_1", "Stage I"), ("stage_2", "Stage II")):
        workflow = workflow.with_input(f"{network} network", "checkpoint", f"{name}/{stage}")
        workflow = workflow.with_input(f"{network} network", "offload", offload)
        workflow = workflow.with_input(f"{network} schedule", "steps", STEPS)
        workflow = workflow.with_input(network, "guidance_scale", 4.0)
    for node, widget, value in (
        ("T5", "checkpoint", f"{name}/stage_1"), ("T5", "offload", offload),
        ("Stage I", "width", side), ("Stage I", "height", side),
    ):  # fmt: skip
        workflow = workflow.with_input(node, widget, value)
    Executor(load_node_classes()).run(workflow, targets=[workflow.find("Stage II")])


def measured(work, *args, times=3):
    """Return (peak, growth in the end) of ``work`` in a process of its own, medians of several.

    What malloc keeps between two sizes of blocks changes from one run to the next by up to 20 MB.
    """
    each = [once(work, *args) for _ in range(times)]
    return tuple(map(statistics.median, zip(*each, strict=True)))


def once(work, *args):
    """Measure in one process."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def child():
        torch.set_num_threads(1)
        with Peak() as peak:
            kept = work(*args)
        theirs.send((peak.most, peak.last))
        del kept

    process = context.Process(target=child)
    process.start()
    process.join()
    if process.exitcode:
        sys.exit("a measured process failed; its message is above")
    return ours.recv()


def components(folder, side):
    """Yield (name, weight file, how to load it for good, how to use it alone)."""
    width = json.loads((folder / "stage_1/unet/config.json").read_text())["encoder_hid_dim"]
    row = TextEmbeddings(torch.zeros(1, 77, width), torch.ones(1, 77, dtype=torch.long), ("",))
    yield (
        "T5", folder / "stage_1/text_encoder/model.safetensors",
        lambda: load_text_encoder(folder / "stage_1"), lambda: embeds_of(folder, Stay()),
    )  # fmt: skip
    for stage, name, height in (("stage_1", "Stage I", side), ("stage_2", "Stage II", 4 * side)):
        yield (
            name, folder / stage / "unet" / f"{STEM}.safetensors",
            lambda stage=stage: load_stage(folder / stage, place("cpu")),
            lambda stage=stage, height=height: paint(folder, stage, height, (row, row), Stay()),
        )  # fmt: skip


def report(folder, title, side, is_mapped):
    """Print the table of one cascade; return whether it keeps the limits."""
    print(f"\n{title}: {side} px, then {4 * side} px")
    print(f"{'':24}{'file MB':>8}{'loading adds MB':>17}{'peak MB':>9}")
    alone, loads_mapped = [], True
    for name, file, load, use in components(folder, side):
        size, grown, peak = file.stat().st_size, measured(load)[1], measured(use)[0]
        print(f"{name + ' alone':24}{size / MB:8.0f}{grown / MB:17.1f}{peak / MB:9.0f}", flush=True)
        alone.append(peak)
        loads_mapped &= grown <= 0.05 * size or not is_mapped
    whole = {offload: measured(run_workflow, folder.name, offload, side)[0] for offload in OFFLOADS}
    for offload, peak in whole.items():
        print(f"{'whole run, ' + offload:24}{peak / MB:34.0f}")
    is_kept = whole[AFTER_USE] <= 1.1 * max(alone)
    print(f"limit {1.1 * max(alone) / MB:.0f} MB: {'kept' if is_kept else 'BROKEN'}", flush=True)
    return is_kept and loads_mapped


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=32, help="pixels of Stage I's picture (32)")
    parser.add_argument(
        "--files", nargs="*", default=["float32", "float16"], help="types of the files written"
    )
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{heading()}; MB are 10^6 bytes of RssAnon")
    kept = []
    for dtype in args.files:
        with tempfile.TemporaryDirectory() as root:
            os.environ["IF_GRAPH_MODELS"] = root
            # in a process of its own, so that the parent's heap stays small
            once(write_cascade, Path(root) / "wide", getattr(torch, dtype))
            title = f"random weights, {dtype} files run in float32"
            kept.append(report(Path(root) / "wide", title, args.side, dtype == "float32"))
    kept.append(report(NANO, "nano, float16 files run in float32", 16, False))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
