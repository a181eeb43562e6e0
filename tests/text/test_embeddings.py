import pytest
import torch

from if_graph.errors import InputError
from if_graph.text import TextEmbeddings


def embeddings(*prompts, length=4, width=3):
    states = torch.arange(len(prompts) * length * width).float().view(len(prompts), length, width)
    return TextEmbeddings(states, torch.ones(len(prompts), length, dtype=torch.bool), prompts)


def test_repeat_puts_the_copies_of_a_prompt_side_by_side():
    embeds = embeddings("a", "b")
    twice = embeds.repeat(2)
    assert twice.prompts == ("a", "a", "b", "b")
    assert torch.equal(twice.states, embeds.states[[0, 0, 1, 1]])
    assert twice.mask.shape == (4, 4)


@pytest.mark.parametrize("copies", [0, -1])
def test_repeat_refuses_fewer_than_one_copy(copies):
    with pytest.raises(InputError, match=f"got {copies} copies, expected at least 1"):
        embeddings("a").repeat(copies)


def test_concat_joins_rows_in_order():
    first, second = embeddings("a", "b"), embeddings("c")
    joined = TextEmbeddings.concat([first, second])
    assert joined.prompts == ("a", "b", "c")
    assert torch.equal(joined.states, torch.cat([first.states, second.states]))
    assert len(joined) == 3


@pytest.mark.parametrize("other", [{"length": 5}, {"width": 2}])
def test_concat_refuses_parts_of_different_form(other):
    with pytest.raises(InputError, match=r"got parts of \[L, E\] \[\[4, 3\], "):
        TextEmbeddings.concat([embeddings("a"), embeddings("b", **other)])


def test_concat_refuses_nothing():
    with pytest.raises(InputError, match="expected at least one"):
        TextEmbeddings.concat([])


def test_to_changes_the_dtype_of_the_states_only():
    embeds = embeddings("a")
    half = embeds.to("cpu", torch.bfloat16)
    assert (half.states.dtype, half.mask.dtype, half.prompts) == (torch.bfloat16, torch.bool, ("a",))
    assert embeds.states.dtype == torch.float32
    assert torch.equal(embeds.to().states, embeds.states)


def test_half_precision_and_back_loses_nothing_that_fits():
    embeds = embeddings("a", "b")
    assert torch.equal(embeds.to(dtype=torch.bfloat16).to(dtype=torch.float32).states, embeds.states)


def test_length_is_that_of_the_states():
    assert embeddings("a", length=7).length == 7


@pytest.mark.parametrize(
    ("states", "mask", "prompts", "complaint"),
    [
        ((1, 4, 3), (1, 5), ("a",), r"got states \[1, 4, 3\] and mask \[1, 5\]"),
        ((4, 3), (4, 3), ("a",) * 4, r"expected \[B, L, E\]"),
        ((2, 4, 3), (2, 4), ("a",), "got 1 prompts for 2 rows"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(states, mask, prompts, complaint):
    with pytest.raises(InputError, match=complaint):
        TextEmbeddings(torch.zeros(states), torch.ones(mask, dtype=torch.bool), prompts)
