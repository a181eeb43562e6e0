"""A node pack whose model counts how often it was made and whose painter can kill its worker."""

import os
import time
from pathlib import Path

import torch

from if_graph.progress import report


class Model:
    """A network of 16 numbers."""

    CATEGORY = "cluster"
    RETURN_TYPES = ("MODEL",)
    FUNCTION = "run"
    RESIDENT = True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"seed": ("INT", {"default": 0})}}

    def run(self, seed):
        net = torch.nn.Linear(4, 4)
        torch.nn.init.normal_(net.weight, generator=torch.Generator().manual_seed(seed))
        return (net,)


class Read:
    """Words, read by the model; each reading is noted in a file."""

    CATEGORY = "cluster"
    RETURN_TYPES = ("VECTOR",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls):
        text = ("STRING", {"default": ""})
        return {"required": {"model": ("MODEL",), "prompt": text, "log": text}}

    def run(self, model, prompt, log):
        with Path(log).open("a") as file:
            file.write(f"{prompt}\n")
        return (model(torch.tensor([float(ord(letter)) for letter in prompt[:4].ljust(4)])),)


class Paint:
    """A picture; a poisoned seed kills the process, as the system does where memory runs out."""

    CATEGORY = "cluster"
    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls):
        number = ("INT", {"default": 0})
        return {
            "required": {"model": ("MODEL",), "vector": ("VECTOR",), "seed": number, "poison": number,
                         "milliseconds": number}
        }  # fmt: skip

    def run(self, model, vector, seed, poison, milliseconds):
        if poison:
            os._exit(1)
        until = time.thread_time() + milliseconds / 1000
        x = torch.rand(1, 8, 8, 3, generator=torch.Generator().manual_seed(seed))
        for step in range(4):
            report(step + 1, 4)
            x = torch.sigmoid(x + model(vector).mean())
        while time.thread_time() < until:
            torch.sigmoid(x)
        return (x,)


class Net:
    """A network that forgot to say that it stays where it is."""

    CATEGORY = "cluster"
    RETURN_TYPES = ("OTHER",)
    FUNCTION = "run"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"model": ("MODEL",)}}

    def run(self, model):
        return (torch.nn.Sequential(model),)


NODE_CLASS_MAPPINGS = {"Model": Model, "Read": Read, "Paint": Paint, "Net": Net}


def toy_workflow(log, milliseconds):
    """A workflow whose picture takes so many milliseconds, in the API format; readings go to ``log``."""
    nodes = {
        "model": ("Model", {"seed": 3}),
        "read": ("Read", {"model": ["model", 0], "prompt": "cat", "log": str(log)}),
        "paint": ("Paint", {"model": ["model", 0], "vector": ["read", 0], "seed": 0, "poison": 0,
                            "milliseconds": milliseconds}),
        "save": ("SaveImage", {"images": ["paint", 0], "filename_prefix": "x"}),
    }  # fmt: skip
    return {name: {"class_type": kind, "inputs": inputs} for name, (kind, inputs) in nodes.items()}
