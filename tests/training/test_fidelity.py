"""FID, precision and recall: known answers on features, and two folders from end to end."""

import json
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from if_graph.cli import main
from if_graph.errors import CheckpointError, InputError
from if_graph.training import fidelity
from if_graph.training.fidelity import compare_folders, frechet_distance


@pytest.fixture
def folders(tmp_path):
    """Real pictures, and painted ones of which half are brighter than any real one."""
    dice = np.random.default_rng(0)
    for name, levels in (("real", (20, 60)), ("painted", (40, 80))):
        (tmp_path / name / "deep").mkdir(parents=True)
        for i in range(12):
            grey = np.full((8, 8 + i, 3), dice.integers(*levels), np.uint8)
            Image.fromarray(grey).save(tmp_path / name / "deep" / f"{i}.png")
    return tmp_path / "real", tmp_path / "painted"


def means(levels):
    return levels.float().mean(dim=(2, 3))


def test_the_distance_is_that_of_two_gaussians():
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(300, 6, generator=generator, dtype=torch.float64)
    second = 2 * torch.randn(200, 6, generator=generator, dtype=torch.float64) + 1
    shift, spreads = first.mean(0) - second.mean(0), [torch.cov(rows.T) for rows in (first, second)]
    mixed = torch.linalg.eigvals(spreads[0] @ spreads[1]).sqrt().real.sum()
    wanted = shift @ shift + spreads[0].trace() + spreads[1].trace() - 2 * mixed
    assert frechet_distance(first, second) == pytest.approx(float(wanted), rel=1e-9)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-9)


def test_equal_folders_are_all_precise_and_recalled(folders):
    found = compare_folders(folders[0], folders[0], means)
    assert (found.real, found.painted, found.precision, found.recall) == (12, 12, 1, 1)
    assert found.fid == pytest.approx(0, abs=1e-6)


def test_what_lies_far_from_the_real_ones_costs_precision(folders):
    real, painted = folders
    found = compare_folders(real, painted, means)
    assert found.fid > 10
    assert 0.2 < found.precision < 1


def test_a_swapped_pair_swaps_precision_and_recall(folders):
    there, back = compare_folders(*folders, means), compare_folders(*reversed(folders), means)
    assert (there.precision, there.recall) == (back.recall, back.precision)


def test_too_few_or_broken_pictures_are_named(folders, tmp_path):
    (tmp_path / "few").mkdir()
    with pytest.raises(InputError, match="few holds 0 pictures, expected at least 5"):
        compare_folders(folders[0], tmp_path / "few", means)
    (folders[1] / "broken.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"broken\.png cannot be read as a picture"):
        compare_folders(*folders, means)


def test_the_command_prints_the_numbers(folders, monkeypatch, capsys):
    monkeypatch.setattr(fidelity, "inception", lambda weights: means)
    assert main(["eval", "--fidelity", *map(str, folders), "--inception", "any.pth", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["painted"] == 12
    assert main(["eval", "--fidelity", "no-such", str(folders[0])]) == 2
    assert "no-such is no folder" in capsys.readouterr().err
    assert main(["eval", "--fidelity", *map(str, folders)]) == 2
    assert "--fidelity needs --inception FILE" in capsys.readouterr().err


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_fidelity.feature_extractor_inceptionv3", None)
    with pytest.raises(InputError, match=r"pip install 'if-graph\[eval\]'"):
        fidelity.inception(Path("any.pth"))


@pytest.fixture
def untrained(tmp_path, monkeypatch):
    """A file of the standard network's untrained weights."""
    module = pytest.importorskip(
        "torch_fidelity.feature_extractor_inceptionv3",
        reason="pip install 'if-graph[eval]', with the torchvision that belongs to this torch",
        exc_type=Exception,
    )
    torch.save({}, tmp_path / "none.pth")
    with monkeypatch.context() as patch:
        patch.setattr(module.FeatureExtractorInceptionV3, "load_state_dict", lambda self, weights: None)
        network = module.FeatureExtractorInceptionV3("any", ["2048"], str(tmp_path / "none.pth"))
    torch.save(network.state_dict(), tmp_path / "untrained.pth")
    return tmp_path / "untrained.pth"


def test_the_standard_network_compares_folders(untrained, folders):
    extractor = fidelity.inception(untrained)
    assert extractor(torch.zeros(2, 3, 299, 299, dtype=torch.uint8)).shape == (2, 2048)
    assert compare_folders(folders[0], folders[0], extractor).recall == 1


def test_weights_that_are_code_are_refused(untrained, tmp_path):
    (tmp_path / "evil.pth").write_bytes(pickle.dumps(print, protocol=2))
    with pytest.raises(CheckpointError, match=r"evil\.pth"):
        fidelity.inception(tmp_path / "evil.pth")
