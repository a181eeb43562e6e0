"""A workflow holds the weights of the network that works, and of no other."""

from functools import reduce

import pytest
import torch
from if_graph_nodes import NODE_CLASS_MAPPINGS as NODES

from if_graph.graph import Executor, load_node_classes, load_workflow
from if_graph.graph.events import NodeProgress

SMALL = (
    ("Stage I", "width", 16),
    ("Stage I", "height", 16),
    ("Stage I schedule", "steps", 1),
    ("Stage II schedule", "steps", 1),
)
LOADERS = ("T5", "Stage I network", "Stage II network")


@pytest.fixture
def small():
    return reduce(lambda workflow, edit: workflow.with_input(*edit), SMALL, load_workflow("txt2img"))


@pytest.fixture
def executor():
    return Executor(load_node_classes())


def networks(executor, workflow):
    """What the loaders made, by their titles; the next run takes the same from the cache."""
    ids = {title: workflow.find(title) for title in LOADERS}
    made = executor.run(workflow, targets=ids.values()).outputs
    parts = {title: made[node_id][0] for title, node_id in ids.items()}
    return {title: getattr(part, "unet", None) or part.model for title, part in parts.items()}


def held(network):
    return sum(weight.nbytes for weight in network.parameters() if not weight.is_meta)


def paint(executor, workflow, watch=None):
    last = workflow.find("Stage II")
    return executor.run(workflow, watch, targets=[last]).outputs[last][0]


def test_while_a_stage_paints_no_other_network_has_a_byte(small, executor):
    loaded, seen = networks(executor, small), []

    def watch(event):
        if isinstance(event, NodeProgress):
            seen.append((event.label, [title for title, network in loaded.items() if held(network)]))

    paint(executor, small, watch)
    assert seen == [("Stage I", ["Stage I network"]), ("Stage II", ["Stage II network"])]


def test_another_seed_in_stage_2_brings_no_weight_back(small, executor):
    loaded = networks(executor, small)
    first = paint(executor, small)
    weight = loaded["Stage II network"].conv_in.weight
    assert not torch.equal(paint(executor, small.with_input("Stage II", "seed", 1)), first)
    assert loaded["Stage II network"].conv_in.weight is weight
    assert [held(loaded[title]) for title in LOADERS[:2]] == [0, 0]


def test_every_offload_paints_the_same_bits(small, executor):
    pictures = []
    for offload in ("after use", "layer by layer", "none"):
        workflow = small
        for title in LOADERS:
            workflow = workflow.with_input(title, "offload", offload)
        pictures.append(paint(executor, workflow))
    assert torch.equal(pictures[0], pictures[1])
    assert torch.equal(pictures[0], pictures[2])


def test_offload_is_the_last_widget_and_the_rest_keeps_its_order():
    for name in ("IFLoadTextEncoder", "IFLoadStage", "IFLoadSafetyChecker"):
        declared = NODES[name].INPUT_TYPES()
        assert list(declared["required"]) == ["checkpoint", "device", "dtype"]
        assert list(declared["optional"])[-1] == "offload"
