import json

import pytest

from if_graph.errors import CheckpointError, InputError
from if_graph.training.checks import check_recipe
from if_graph.training.data import load_pictures
from if_graph.training.recipe import Recipe, find_recipe, read_recipe, shipped_recipes


@pytest.mark.parametrize("name", shipped_recipes())
def test_a_shipped_recipe_describes_networks_that_fit(name, tmp_path):
    (tmp_path / "text_encoder").mkdir()
    recipe = read_recipe(find_recipe(name))
    frozen = None if recipe.text_encoder else str(tmp_path)
    check_recipe(read_recipe(find_recipe(name), {"frozen_text_encoder": frozen}))


def test_the_nano_stages_are_shipped():
    assert {"nano_stage_1", "nano_stage_2", "nano_stage_3"} <= set(shipped_recipes())


def test_changes_reach_fields_of_fields(recipe_file):
    recipe = read_recipe(recipe_file, {"steps": 7, "unet.norm_num_groups": 8})
    assert (recipe.steps, recipe.unet["norm_num_groups"], recipe.side) == (7, 8, 8)


@pytest.mark.parametrize("text", ["", "[1]", "{", "[" * 100_000])
def test_a_file_that_is_no_recipe_is_one_sentence(tmp_path, text):
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(InputError, match=r"bad\.json.*expected a JSON"):
        read_recipe(tmp_path / "bad.json")


def test_an_unknown_name_lists_the_shipped_ones():
    with pytest.raises(InputError, match="nano_stage_1, nano_stage_2"):
        find_recipe("nano_stage_9")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stpes": 3}, "unknown field 'stpes'"),
        ({"steps": 0}, "steps is 0, expected a whole number of at least 1"),
        ({"steps": True}, "steps is True"),
        ({"batch": 2.5}, "batch is 2.5"),
        ({"peak_rate": "fast"}, "peak_rate is 'fast', expected a number above 0"),
        ({"caption_drop": 1.5}, "expected a number from 0 to 1"),
        ({"autocast": "float8"}, "expected bfloat16 or float32"),
        ({"unet": 3}, "unet is 3, expected an object of fields"),
        ({"side.x": 1}, "side.x cannot be set"),
    ],
)
def test_a_bad_value_is_named(recipe_file, change, message):
    with pytest.raises(InputError, match=message):
        read_recipe(recipe_file, change)


def test_a_missing_field_is_named(tmp_path, tiny_recipe):
    del tiny_recipe["scheduler"]
    (tmp_path / "short.json").write_text(json.dumps(tiny_recipe))
    with pytest.raises(InputError, match="field 'scheduler' is missing"):
        read_recipe(tmp_path / "short.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"side": 9}, "expected a multiple of 2"),
        ({"low_side": 2}, "expected no low_side"),
        ({"text_encoder": None}, "needs text_encoder"),
        ({"text_encoder": None, "frozen_text_encoder": "/nowhere"}, "has no folder text_encoder"),
        ({"text_encoder": {"d_model": 7}}, "expected the network's encoder_hid_dim 48"),
        ({"text_encoder": {"d_model": 48, "num_heads": "two"}}, "no network can be built"),
        ({"unet.block_out_channels": [32, 65]}, "no network can be built"),
        ({"unet.out_channels": 4}, "expected 3 to 3"),
        ({"unet.act_fn": "relu"}, "not a DeepFloyd IF network"),
        ({"scheduler.prediction_type": "noise"}, "prediction_type"),
    ],
)
def test_parts_that_do_not_fit_are_refused(recipe_file, change, message):
    with pytest.raises((InputError, CheckpointError), match=message):
        check_recipe(read_recipe(recipe_file, change))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "data kind is None, expected one of folder, tar, world"),
        ({"kind": "folder"}, "'folder' is None, expected a text"),
        ({"kind": "folder", "folder": "/nowhere"}, "no picture with a caption"),
        ({"kind": "world", "count": "many"}, "'count' is 'many', expected a whole number"),
    ],
)
def test_data_that_cannot_be_used_are_refused(tiny_recipe, data, message):
    with pytest.raises(InputError, match=message):
        load_pictures(Recipe(**{**tiny_recipe, "data": data}))


def test_low_resolution_is_a_quarter_in_the_nano_world(tiny_recipe):
    data = {"kind": "world", "count": 4, "whole": 256}
    with pytest.raises(InputError, match="low_side is 8, expected 16"):
        load_pictures(Recipe(**{**tiny_recipe, "data": data, "side": 64, "low_side": 8}))
