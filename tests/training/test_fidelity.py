"""FID, precision and recall: known answers on features, and two folders from end to end."""

import json
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from if_graph.cli import main
from if_graph.errors import InputError
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
    assert main(["eval", "--fidelity", *map(str, folders), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["painted"] == 12
    assert main(["eval", "--fidelity", "no-such", str(folders[0])]) == 2
    assert "no-such is no folder" in capsys.readouterr().err


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(InputError, match=r"pip install 'if-graph\[eval\]'"):
        fidelity.inception()
