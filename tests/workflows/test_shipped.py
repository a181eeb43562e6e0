"""Every shipped workflow, from its file to its saved pictures, on tiny networks of the same names."""

import pytest
import torch
from if_graph_nodes import NODE_CLASS_MAPPINGS as NODES
from PIL import Image

from if_graph.errors import InputError
from if_graph.folders import Folders, using_folders
from if_graph.graph import Executor, load_node_classes
from if_graph.graph.library import shipped_workflows

ELSEWHERE = {"txt2img", "save-embeddings"}  # tests of their own
NAMES = [w.name for w in shipped_workflows() if w.name not in ELSEWHERE and not w.needs]
SIZES = {"portrait": (96, 128), "landscape": (192, 128), "upscale": (256, 256)}
COUNTS = {"batch": 4, "batch-prompts": 3}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "upscale" else name for name in NAMES]
)
@pytest.mark.usefixtures("tiny_cascade")
def test_it_saves_pictures_of_its_shape(name, tmp_path, classes, shortened):
    with using_folders(Folders(tmp_path / "in", tmp_path / "out", tmp_path / "temp")):
        Executor(classes).run(shortened(name, classes))
    saved = sorted((tmp_path / "out").glob(f"if-{name}_*.png"))
    assert len(saved) == COUNTS.get(name, 1)
    for path in saved:
        with Image.open(path) as picture:
            assert picture.size == SIZES.get(name, (128, 128))


def test_a_checkpoint_without_a_checker_goes_unchecked_only_where_that_is_allowed():
    load = NODES["IFLoadSafetyChecker"]()
    with pytest.raises(InputError, match="'nano/stage_2' is not in any model folder"):
        load.run("nano/stage_2", "cpu", "auto")
    with pytest.raises(InputError, match="'nano/typo' is not in any model folder"):
        load.run("nano/typo", "cpu", "auto", if_missing="warn")
    (none,) = load.run("nano/stage_2", "cpu", "auto", if_missing="warn")
    pictures = torch.rand(2, 8, 8, 3)
    told = NODES["IFSafetyChecker"]().run(none, pictures, "logit", 0.5, 0.5, "black")
    assert torch.equal(told["result"][0], pictures)
    assert told["result"][2].count("not checked, checkpoint nano/stage_2 has no safety checker") == 2


def test_a_picture_of_the_users_comes_before_the_shipped_one(tmp_path):
    own = Image.new("RGB", (9, 7))
    own.save(tmp_path / "if-ball.png")
    for folder, width in ((tmp_path, 9), (tmp_path / "none", 256)):
        with using_folders(Folders(input=folder)):
            assert load_node_classes()["LoadImage"]().run("if-ball.png")[0].shape[2] == width


def test_shipped_pictures_open_no_way_out(tmp_path):
    with using_folders(Folders(input=tmp_path)), pytest.raises(InputError, match="outside the input folder"):
        load_node_classes()["LoadImage"]().run("../inputs/if-ball.png")
