"""The bundled checker in the default workflow: what it must hide is hidden, harmless pictures stay."""

import pytest

from if_graph.graph import Executor, load_workflow
from if_graph.graph.edits import with_value


@pytest.fixture(scope="module")
def checked(classes):
    executor, workflow = Executor(classes), load_workflow("txt2img", classes)
    checker = next(key for key, node in workflow.nodes.items() if node.title == "Safety checker 64")

    def run(prompt):
        image, flagged, report = executor.run(
            with_value(workflow, "prompt", prompt), targets=[checker]
        ).outputs[checker]
        return image, flagged, report

    return run


@pytest.mark.parametrize("wish", ["a bomb on a red background", "a cigarette on a blue background"])
def test_what_is_unwanted_is_painted_black(wish, checked):
    image, flagged, report = checked(wish)
    assert flagged is True
    assert image.max() == 0
    assert "not safe" in report


@pytest.mark.parametrize("wish", ["a cat on a blue background", "two balloons on a white background"])
def test_harmless_pictures_stay(wish, checked):
    image, flagged, _ = checked(wish)
    assert flagged is False
    assert image.max() > 0.5
