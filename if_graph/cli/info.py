"""``if-graph info``: which engine, which libraries, which device, which folders."""

import argparse
import os
import platform
import sys
from importlib.metadata import entry_points
from pathlib import Path

import if_graph
from if_graph.graph.registry import GROUP


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options: there are none."""


def run(args: argparse.Namespace) -> int:
    """Print one fact a line."""
    facts = {
        "if-graph": if_graph.__version__,
        "engine": str(Path(if_graph.__file__).parent),
        "nodes": ", ".join(sorted(entry.value for entry in entry_points(group=GROUP))) or "none installed",
        "python": f"{platform.python_version()} ({sys.executable})",
        **torch_facts(),
    }
    for name, value in facts.items():
        sys.stdout.write(f"{name + ':':<10} {value}\n")
    return 0


def torch_facts() -> dict[str, str]:
    """Return torch's version and the device it computes on."""
    import torch

    if torch.cuda.is_available():
        device = f"cuda, {torch.cuda.get_device_name()}"
    elif torch.backends.mps.is_available():
        device = "mps"
    else:
        device = f"cpu, {torch.get_num_threads()} threads of {os.cpu_count()} cores"
    return {"torch": torch.__version__, "device": device}
