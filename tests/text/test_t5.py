import json

import pytest
import torch
from safetensors.torch import save_file

from if_graph.errors import CheckpointError, InputError
from if_graph.residency import AFTER_USE, BY_LAYER, Stay
from if_graph.text import load_text_encoder

EMBED = "encoder.embed_tokens.weight"
QUERY = "encoder.block.0.layer.0.SelfAttention.q.weight"


def shard(folder, weights, variant=""):
    """Save weights as two shards with an index."""
    names = sorted(weights)
    shards = {f"model{variant}-0000{i + 1}-of-00002.safetensors": names[i::2] for i in range(2)}
    for file, part in shards.items():
        save_file({name: weights[name] for name in part}, folder / "text_encoder" / file)
    index = {"weight_map": {name: file for file, part in shards.items() for name in part}}
    (folder / "text_encoder" / f"model.safetensors.index{variant}.json").write_text(json.dumps(index))


def run(encoder, ids):
    ids = torch.tensor(ids)
    return encoder._encode_row(ids, ids != 0)


def test_numbers_of_the_reference_encoder_are_met(tiny_folder):
    states = run(load_text_encoder(tiny_folder), [5, 9, 33, 60, 1, 0, 0, 0])
    flat = states.flatten()
    got = [flat.mean(), flat.std(), flat.abs().max(), *flat[:6], *flat[-3:]]
    want = [0.0101994, 1.0160868, 2.1573541]
    want += [1.30231, 0.191912, -1.192676, 1.360558, -0.450569, -0.918408, 0.156182, -1.510947, 0.927867]
    # the reference prints six digits
    torch.testing.assert_close(torch.stack(got), torch.tensor(want), atol=1e-5, rtol=0)


def test_states_equal_those_of_transformers_own_loader(tiny_folder):
    from transformers import T5EncoderModel

    peer = T5EncoderModel.from_pretrained(tiny_folder / "text_encoder", attn_implementation="eager").eval()
    encoder = load_text_encoder(tiny_folder)
    tokens = encoder.tokenizer(["a red cat"])
    with torch.no_grad():
        want = peer(input_ids=tokens.ids, attention_mask=tokens.mask.long()).last_hidden_state
    assert torch.equal(encoder.encode(["a red cat"]).states, want)


def test_an_encoding_has_the_documented_form(tiny_folder):
    embeds = load_text_encoder(tiny_folder).encode(["A red CAT", ""])
    assert (embeds.states.shape, embeds.states.dtype) == ((2, 77, 32), torch.float32)
    assert (embeds.mask.shape, embeds.mask.dtype) == ((2, 77), torch.bool)
    assert embeds.prompts == ("A red CAT", "")
    assert not embeds.states.requires_grad


def test_padded_rows_of_the_empty_prompt_are_identical(tiny_folder):
    embeds = load_text_encoder(tiny_folder).encode([""])
    assert embeds.mask.sum() == 1
    # padded queries all see the one unmasked key; kernels may still sum the rows of a matrix in another order
    torch.testing.assert_close(
        embeds.states[:, 2:], embeds.states[:, 1:2].expand(-1, 75, -1), atol=1e-6, rtol=0
    )


def test_a_row_does_not_depend_on_its_batch(tiny_folder):
    encoder = load_text_encoder(tiny_folder)
    prompts = ["a red cat", "", "two dogs, one ball", "a red cat"]
    batch = encoder.encode(prompts).states
    for row, prompt in zip(batch, prompts, strict=True):
        assert torch.equal(row, encoder.encode([prompt]).states[0])


def test_without_cleaning_a_prompt_is_stripped_and_lowered_only(tiny_folder):
    encoder = load_text_encoder(tiny_folder)
    raw, plain = encoder.encode([" A (red) Cat "], clean=False), encoder.encode(["a (red) cat"], clean=False)
    assert torch.equal(raw.states, plain.states)
    assert not torch.equal(raw.states, encoder.encode([" A (red) Cat "]).states)


def test_a_bare_string_is_refused(tiny_folder):
    with pytest.raises(InputError, match=r"got one text 'a cat', expected a list"):
        load_text_encoder(tiny_folder).encode("a cat")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_the_encoder_is_frozen_and_of_the_wanted_dtype(tiny_folder, dtype):
    encoder = load_text_encoder(tiny_folder, dtype=dtype)
    assert (encoder.device.type, encoder.dtype) == ("cpu", dtype)
    assert not encoder.model.training
    assert not any(weight.requires_grad for weight in encoder.model.parameters())
    wo = encoder.model.encoder.block[0].layer[1].DenseReluDense.wo.weight
    assert wo.dtype == (torch.float32 if dtype == torch.float16 else dtype)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float16, 1e-2), (torch.bfloat16, 1e-1)])
def test_half_precision_stays_close(tiny_folder, dtype, tolerance):
    full = load_text_encoder(tiny_folder).encode(["a red cat"]).states
    half = load_text_encoder(tiny_folder, dtype=dtype).encode(["a red cat"]).states
    # 11 and 8 bits of mantissa on values up to 2, through two blocks
    torch.testing.assert_close(half, full, atol=tolerance, rtol=0)


def test_half_precision_files_run_in_float32_on_the_cpu(write_folder, tiny_weights):
    halves = {name: tensor.half() for name, tensor in tiny_weights.items()}
    folder = write_folder(**{"model.fp16": halves})
    encoder = load_text_encoder(folder)
    assert {weight.dtype for weight in encoder.model.parameters()} == {torch.float32}
    assert torch.equal(encoder.model.state_dict()[QUERY], halves[QUERY].float())


@pytest.mark.parametrize("variant", ["", ".fp16"])
def test_shards_give_the_same_encoder_as_one_file(write_folder, tiny_weights, variant):
    folder = write_folder()
    shard(folder, tiny_weights, variant)
    state = load_text_encoder(folder).model.state_dict()
    assert state.keys() == tiny_weights.keys()
    assert all(torch.equal(state[name], tiny_weights[name]) for name in state)


def test_the_most_precise_files_win_unless_a_variant_is_named(write_folder, tiny_weights):
    zeros = {name: torch.zeros_like(tensor) for name, tensor in tiny_weights.items()}
    folder = write_folder(**{"model": tiny_weights, "model.fp16": zeros})
    assert load_text_encoder(folder).model.state_dict()[QUERY].any()
    assert not load_text_encoder(folder, variant="fp16").model.state_dict()[QUERY].any()


@pytest.mark.parametrize("kept", ["shared.weight", EMBED])
def test_a_file_may_hold_the_tied_pair_once(write_folder, tiny_weights, kept):
    dropped = ({"shared.weight", EMBED} - {kept}).pop()
    weights = {name: tensor for name, tensor in tiny_weights.items() if name != dropped}
    state = load_text_encoder(write_folder(model=weights)).model.state_dict()
    assert torch.equal(state[dropped], tiny_weights[kept])
    assert state[dropped].data_ptr() == state[kept].data_ptr()


def without(name):
    return lambda weights: {key: value for key, value in weights.items() if key != name}


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (without(QUERY), f"missing {QUERY}"),
        (
            lambda weights: {k: v for k, v in weights.items() if k not in ("shared.weight", EMBED)},
            "missing shared.weight",
        ),
        (lambda weights: weights | {"decoder.odd": torch.zeros(1)}, "unexpected decoder.odd"),
        (lambda weights: weights | {QUERY: torch.zeros(4, 4)}, rf"{QUERY} is \[4, 4\] instead of \[32, 32\]"),
        (
            lambda weights: weights | {QUERY: weights[QUERY].to(torch.int8)},
            f"{QUERY} is I8 instead of a float type",
        ),
    ],
    ids=["missing", "missing pair", "unexpected", "shape", "type"],
)
def test_weights_that_do_not_fit_are_listed(write_folder, tiny_weights, spoil, complaint):
    folder = write_folder(model=spoil(tiny_weights))
    with pytest.raises(CheckpointError, match=complaint):
        load_text_encoder(folder)


def test_the_folder_must_hold_both_parts(tmp_path):
    with pytest.raises(CheckpointError, match="got no text_encoder and no tokenizer folder, expected"):
        load_text_encoder(tmp_path)


@pytest.mark.parametrize(
    ("lost", "complaint"),
    [
        ("tokenizer/spiece.model", r"got no file .*spiece\.model"),
        ("text_encoder/config.json", r"config\.json: got no usable config"),
        ("text_encoder/model.safetensors", r"got no weights, expected model\.safetensors"),
    ],
)
def test_a_lost_file_is_named(tiny_folder, lost, complaint):
    (tiny_folder / lost).unlink()
    with pytest.raises(CheckpointError, match=complaint):
        load_text_encoder(tiny_folder)


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ("tokenizer/spiece.model", r"got unreadable .*spiece\.model"),
        ("text_encoder/config.json", r"config\.json: got no usable config"),
        ("text_encoder/model.safetensors", "got no readable safetensors file"),
    ],
)
def test_a_broken_file_is_named(tiny_folder, broken, complaint):
    (tiny_folder / broken).write_bytes(b"\x05not it")
    with pytest.raises(CheckpointError, match=complaint):
        load_text_encoder(tiny_folder)


def test_a_config_of_another_kind_is_refused(tiny_folder):
    (tiny_folder / "text_encoder" / "config.json").write_text('{"model_type": "clip_text_model"}')
    with pytest.raises(CheckpointError, match="model_type 'clip_text_model'"):
        load_text_encoder(tiny_folder)


def test_a_lost_shard_is_named(write_folder, tiny_weights):
    folder = write_folder()
    shard(folder, tiny_weights)
    (folder / "text_encoder" / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(CheckpointError, match="got no file for model-00002-of-00002"):
        load_text_encoder(folder)


def test_an_index_cannot_point_outside_its_folder(write_folder, tiny_weights, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "model.safetensors"
    save_file(tiny_weights, elsewhere)
    folder = write_folder()
    index = {"weight_map": dict.fromkeys(tiny_weights, str(elsewhere))}
    (folder / "text_encoder" / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match="expected every shard beside the index"):
        load_text_encoder(folder)


def test_a_broken_index_is_named(write_folder):
    folder = write_folder()
    (folder / "text_encoder" / "model.safetensors.index.json").write_text("[]")
    with pytest.raises(CheckpointError, match="got no readable weight_map"):
        load_text_encoder(folder)


def test_pickled_weights_are_never_read(write_folder):
    folder = write_folder()
    (folder / "text_encoder" / "pytorch_model.bin").write_bytes(b"not even a pickle")
    with pytest.raises(
        CheckpointError, match=r"only pickled weights \(pytorch_model\.bin\), expected safetensors"
    ):
        load_text_encoder(folder)


def test_an_unknown_variant_is_named(tiny_folder):
    with pytest.raises(CheckpointError, match="got no weights of variant '8bit'"):
        load_text_encoder(tiny_folder, variant="8bit")


@pytest.mark.parametrize("offload", [AFTER_USE, BY_LAYER])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.int8])
def test_weights_that_come_and_go_encode_the_same_bits(write_folder, tiny_weights, offload, dtype):
    folder = write_folder(**{"model.fp16": {name: weight.half() for name, weight in tiny_weights.items()}})
    encoder = load_text_encoder(folder, dtype=dtype, stay=Stay(offload))
    assert all(weight.is_meta for weight in encoder.model.state_dict().values())
    wanted = load_text_encoder(folder, dtype=dtype)
    assert (encoder.device, encoder.dtype) == (wanted.device, wanted.dtype)
    assert torch.equal(encoder.encode(["a red cat"]).states, wanted.encode(["a red cat"]).states)
    encoder.offload()
    assert all(weight.is_meta for weight in encoder.model.state_dict().values())
