"""What the benchmarks share: on what is measured, and the networks' evaluations counted and timed."""

import os
import platform
import time
from collections import Counter
from importlib.metadata import version

import torch

from if_graph.models.unet import UNet
from if_graph.text.t5 import TextEncoder


def heading(*libraries):
    """Say with what is measured, on what; ``libraries`` are named besides ours and torch."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("if-graph", "torch", *libraries))
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{versions}, Python {platform.python_version()}; {platform.platform()}, "
        f"{torch.backends.cpu.get_cpu_capability()}, {os.cpu_count()} cores, load {load}, "
        f"{torch.get_num_threads()} thread(s)"
    )


class Evaluations:
    """Counts the network evaluations within, by number of input channels, and adds up their seconds."""

    def __enter__(self):
        self.counts, self.seconds, plain = Counter(), 0.0, UNet.forward
        self._plain = plain

        def watched(network, *args, **kwargs):
            began = time.perf_counter()
            result = plain(network, *args, **kwargs)
            self.seconds += time.perf_counter() - began
            self.counts[network.config.in_channels] += 1
            return result

        UNet.forward = watched
        return self

    def __exit__(self, *error):
        UNet.forward = self._plain


class Encodings:
    """Counts the encodings of texts within."""

    def __enter__(self):
        self.count, plain = 0, TextEncoder.encode
        self._plain = plain

        def watched(encoder, *args, **kwargs):
            self.count += 1
            return plain(encoder, *args, **kwargs)

        TextEncoder.encode = watched
        return self

    def __exit__(self, *error):
        TextEncoder.encode = self._plain
