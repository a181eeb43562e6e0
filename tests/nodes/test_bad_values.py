"""Bad widget values are answered before anything runs, in one sentence that names the node and the cure."""

import pytest

from if_graph.errors import WorkflowError
from if_graph.graph import load_node_classes, load_workflow
from if_graph.graph.dag import build_dag

CLASSES = load_node_classes()
BAD = [
    ("txt2img", "Stage I", "width", 60, "width is 60, expected a multiple of 8.*take 56 or 64"),
    ("txt2img", "Stage I", "height", 0, "height is 0, expected 8 to 1024; bring"),
    ("txt2img", "Stage I", "width", 2048, "width is 2048, expected 8 to 1024; bring"),
    ("txt2img", "Stage I", "batch_size", 0, "batch_size.* expected at least 1; raise it"),
    ("txt2img", "Stage I", "guidance_scale", 0.5, "guidance_scale.* expected at least 1"),
    ("txt2img", "Stage I schedule", "steps", 0, "steps is 0, expected"),
    ("txt2img", "Stage II", "noise_level", 1.5, "noise_level.* expected at most 1"),
    ("img2img", "Start 64", "strength", 1.5, "strength is 1.5, expected 0.0 to 1.0; bring"),
    ("img2img", "Start 64", "strength", -0.1, "strength is -0.1, expected 0.0 to 1.0; bring"),
    ("img2img", "Start 256", "strength", 0, "strength is 0, expected above 0 to 1; .* take 0.3"),
    ("img2img", "Start 64", "known_region", "grey", "known_region.* expected one of"),
    ("img2img", "Fit 64", "side", 60, "side is 60, expected a multiple of 8; take 56 or 64"),
    ("img2img", "Fit 256", "multiple", 0, "multiple is 0, expected 1 to 512; bring"),
    ("guidance", "Guidance", "start", 0.9, "guidance runs from 0.9 to 0.8, .*; 0 to 1 guides every step"),
    ("guidance", "Guidance", "threshold_ceiling", 0.5, "ceiling is 0.5, expected at least 1; 1.5 is usual"),
    ("guidance", "Guidance", "rescale", 2.0, "rescale.* expected at most 1"),
    ("txt2img", "T5", "checkpoint", "T5", "'T5' is not in any model folder.*'if-graph models pull'"),
    ("txt2img", "Stage I network", "checkpoint", "typo", "'typo' is not in any .*'if-graph models pull'"),
    ("expert-split", "Expert split", "switch", 1001, "switch.* expected at most 1000"),
]


@pytest.mark.parametrize(
    ("name", "title", "widget", "value", "words"), BAD, ids=[f"{b[1]} {b[2]} {b[3]}" for b in BAD]
)
def test_a_bad_value_is_refused_before_any_node_runs(name, title, widget, value, words):
    workflow = load_workflow(name).with_input(title, widget, value)
    with pytest.raises(WorkflowError, match=words) as refused:
        build_dag(workflow, CLASSES)
    assert f"node {workflow.find(title)} " in str(refused.value)
    assert "\n" not in str(refused.value)


def test_values_that_a_link_brings_are_left_to_the_node():
    for name in ("IFScheduler", "IFStageI", "IFFitImage", "IFImageNoising", "IFGuidance", "IFUpscalerTiles"):
        check = CLASSES[name].VALIDATE_INPUTS
        assert check() is True
