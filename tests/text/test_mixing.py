import pytest
import torch

from if_graph.errors import CheckpointError, InputError
from if_graph.text import TextEmbeddings, mix
from if_graph.text.files import load_embeddings, save_embeddings


def embeds(value, prompt="a", rows=1, length=4, real=2):
    mask = (torch.arange(length) < real).expand(rows, -1)
    return TextEmbeddings(torch.full((rows, length, 3), float(value)), mask, (prompt,) * rows)


def test_a_mix_is_the_mean_by_weight():
    mixed = mix([embeds(1, "cat"), embeds(5, "dog", real=3)], [3, 1])
    assert torch.equal(mixed.states, torch.full((1, 4, 3), 2.0))
    assert mixed.mask.tolist() == [[True, True, True, False]]
    assert mixed.prompts == ("0.75 * cat + 0.25 * dog",)


def test_a_negative_weight_leads_away():
    assert mix([embeds(1), embeds(2)], [2, -1]).states[0, 0, 0] == 0


def test_a_weight_of_nothing_leaves_a_part_out():
    mixed = mix([embeds(1, "cat"), embeds(float("nan"), "dog", real=4)], [1, 0])
    assert (mixed.prompts, mixed.mask.sum()) == (("1 * cat",), 2)
    assert torch.equal(mixed.states, embeds(1).states)


def test_one_row_meets_every_row():
    mixed = mix([embeds(1, rows=1), embeds(3, "b", rows=2)], [1, 1])
    assert torch.equal(mixed.states, torch.full((2, 4, 3), 2.0))
    assert len(mixed.prompts) == 2


@pytest.mark.parametrize("weights", [[0, 0], [1, -1], [1], [float("nan"), 1]])
def test_weights_that_cannot_be_shares_are_refused(weights):
    with pytest.raises(InputError, match="expected one each and a sum above 0"):
        mix([embeds(1), embeds(2)], weights)


@pytest.mark.parametrize("other", [embeds(1, length=5), embeds(1, rows=3)])
def test_parts_that_do_not_fit_are_refused(other):
    with pytest.raises(InputError, match=r"got \[B, L, E\] \[\[2, 4, 3\]"):
        mix([embeds(1, rows=2), other], [1, 1])


def test_split_undoes_concat():
    parts = TextEmbeddings.concat([embeds(1, "cat"), embeds(2, "dog")]).split()
    assert [part.prompts for part in parts] == [("cat",), ("dog",)]
    assert torch.equal(parts[1].states, embeds(2).states)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_saved_embeddings_come_back_as_they_were(dtype, tmp_path):
    saved = TextEmbeddings(torch.randn(2, 4, 3).to(dtype), torch.rand(2, 4) > 0.5, ("ein Bär", 'a "b"'))
    save_embeddings(saved, tmp_path / "one.safetensors")
    loaded = load_embeddings(tmp_path / "one.safetensors")
    assert torch.equal(loaded.states, saved.states)
    assert torch.equal(loaded.mask, saved.mask)
    assert (loaded.prompts, loaded.states.dtype) == (saved.prompts, dtype)
    assert [path.name for path in tmp_path.iterdir()] == ["one.safetensors"]


def test_a_file_of_something_else_is_refused(tmp_path):
    from safetensors.torch import save_file

    save_file({"weight": torch.zeros(1)}, tmp_path / "weights.safetensors")
    save_file({"states": torch.zeros(1, 2, 3)}, tmp_path / "half.safetensors", {"prompts": '["a"]'})
    (tmp_path / "torn.safetensors").write_bytes(b"\x05not it")
    for path in tmp_path.iterdir():
        with pytest.raises(CheckpointError, match=rf"{path.name}: got no embeddings"):
            load_embeddings(path)
