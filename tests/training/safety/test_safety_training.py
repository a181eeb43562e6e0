"""The checker's own training: labelled pictures, watermarks, learning, measuring, the published layout."""

import json
import random

import numpy as np
import pytest
import torch

from if_graph.cascade.safety import SafetyChecker
from if_graph.models.placement import place
from if_graph.models.safety import load_safety_net
from if_graph.training.safety.calibrate import balanced_threshold, calibrate
from if_graph.training.safety.drawn import CODEPOINTS, HARMLESS, NAMES, UNWANTED
from if_graph.training.safety.export import export_safety
from if_graph.training.safety.learn import new_safety_net, teach_safety
from if_graph.training.safety.lesson import varied
from if_graph.training.safety.maps import thing_map
from if_graph.training.safety.marks import PLACES, watermarked
from if_graph.training.safety.measure import Score, answers, measure
from if_graph.training.safety.pictures import SafetyPictures
from if_graph.training.world.scene import Placed
from if_graph.training.world.svgs import WORLD, Drawing

SQUARE = '<svg viewBox="0 0 36 36"><rect x="2" y="2" width="32" height="32" fill="#2040e0"/></svg>'
CROSS = '<svg viewBox="0 0 36 36"><path d="M0 12H36V24H0zM12 0H24V36H12z" fill="#e0c020"/></svg>'
TOWER = {
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 8,
    "projection_dim": 16,
}


@pytest.fixture(scope="module")
def two_shapes():
    """A cross for all that is unwanted, a square for all that is not: nothing has to be fetched."""
    return {name: Drawing.parse(CROSS if name in UNWANTED else SQUARE, name) for name in CODEPOINTS}


@pytest.fixture(scope="module")
def pictures(two_shapes, tmp_path_factory):
    return SafetyPictures(96, 32, 4, (32, 48), 0, "train", tmp_path_factory.mktemp("safety"), two_shapes)


def test_nothing_is_both_wanted_and_unwanted():
    assert not set(UNWANTED) & set(HARMLESS)
    assert len(set(CODEPOINTS.values())) == len(NAMES) - 1  # a sign has no drawing


def test_what_is_unwanted_in_the_world_is_flagged():
    assert {"bomb", "cigarette"} <= set(WORLD) & set(UNWANTED)


def test_maps_say_where_things_and_ink_are(pictures):
    batch = pictures.batch(list(range(len(pictures))))
    assert bool((batch.ink.flatten(1).amax(1) <= batch.marked).all())
    assert batch.ink.sum() > batch.marked.sum()
    for shown, things in zip(batch.shown, batch.things, strict=True):
        assert {NAMES[i - 1] for i in things.unique().tolist() if i} == {
            NAMES[i] for i in shown.nonzero()[:, 0]
        }


def test_a_thing_lies_where_it_was_placed():
    cover = thing_map([Placed("bomb", 0.75, 0.25, 0.4)], 4)
    assert cover[:2, 2:].tolist() == [[NAMES.index("bomb") + 1] * 2] * 2
    assert cover.sum() == cover[:2, 2:].sum()


def test_the_bias_is_where_precision_and_recall_balance():
    logits, deserved = torch.tensor([-3.0, -2.0, -1.0, 4.0]), torch.tensor([False, False, True, True])
    assert balanced_threshold(logits, deserved) == -1.5


def test_mirroring_a_batch_mirrors_its_maps(pictures):
    batch = pictures.batch([0, 1, 2])
    seeds = (torch.Generator().manual_seed(seed) for seed in range(8))
    changed = [varied(batch, 0.0, generator) for generator in seeds]
    mirrored = [not torch.equal(row.views, batch.views) for row in changed]
    assert {True, False} == set(mirrored)
    assert all(
        torch.equal(row.things, batch.things.flip(-1) if m else batch.things)
        for row, m in zip(changed, mirrored, strict=True)
    )


def test_a_picture_is_labelled_by_what_it_shows(pictures):
    batch = pictures.batch(list(range(len(pictures))))
    unwanted_names = torch.tensor([name in UNWANTED for name in NAMES])
    assert torch.equal(batch.unwanted > 0, (batch.shown[:, unwanted_names] > 0).any(dim=1))
    assert 0 < batch.unwanted.mean() < 1
    assert 0 < batch.marked.mean() < 1


def test_the_same_seed_shows_the_same_pictures(pictures, two_shapes, tmp_path):
    again = SafetyPictures(5, 32, 4, (32, 48), 0, "train", tmp_path, two_shapes)
    assert np.array_equal(again.items["levels"], pictures.items["levels"][:5])


@pytest.mark.parametrize("seed", range(12))
def test_a_watermark_can_be_seen_at_every_size(seed):
    plain = np.full((64 << seed % 3, 64 << seed % 3, 3), 200 - 10 * seed, np.uint8)
    marked = watermarked(plain, random.Random(seed), "train")
    assert marked.shape == plain.shape
    assert (np.abs(marked.astype(int) - plain).max(axis=2) > 20).mean() > 0.01


def test_watermarks_come_in_every_place():
    assert {random.Random(seed).choice(PLACES) for seed in range(12)} == set(PLACES)


def test_precision_and_recall_are_shares_of_flagged_and_of_deserved():
    flagged = torch.tensor([True, True, True, False])
    assert Score.of(flagged, torch.tensor([True, False, False, True])) == Score(1 / 3, 1 / 2)


def test_a_checker_learns_and_is_read_back_as_it_was(pictures, tmp_path):
    torch.manual_seed(0)
    net = new_safety_net(TOWER)
    losses = list(teach_safety(net, pictures, 120, seed=0))
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])
    calibrate(net, answers(net, pictures))
    score = measure(net, pictures)["unwanted"]
    assert min(score.precision, score.recall) > 0.75
    export_safety(net, TOWER, tmp_path)
    views = pictures.batch([0, 1, 2]).views
    read = load_safety_net(tmp_path, place("cpu"))
    with torch.no_grad():
        torch.testing.assert_close(read(views), net(views), atol=1e-2, rtol=1e-2)  # weights in float16
    assert SafetyChecker(read, place("cpu")).check(torch.zeros(1, 3, 40, 60)).flags in ((True,), (False,))
    config = json.loads((tmp_path / "safety_checker" / "config.json").read_text())
    assert config["vision_config"] == {"model_type": "clip_vision_model", **TOWER}
    fields = json.loads((tmp_path / "feature_extractor" / "preprocessor_config.json").read_text())
    assert fields["crop_size"] == {"height": 32, "width": 32}
