import pytest
import torch
from safetensors.torch import load_file, save_file

from if_graph.errors import CheckpointError
from if_graph.text import load_text_encoder
from if_graph.text.int8 import Int8Linear

WO = "encoder.block.0.layer.1.DenseReluDense.wo.weight"


def published(weights):
    """Weights as the published 8-bit files hold them: ``wo`` stays float32, like embeddings and norms."""
    files = {}
    for name, weight in weights.items():
        if weight.ndim == 2 and ".block." in name and "bias" not in name and ".wo." not in name:
            layer = Int8Linear.of(weight)
            files |= {name: layer.weight, name.replace(".weight", ".SCB"): layer.SCB}
            files[name.replace(".weight", ".weight_format")] = torch.tensor(0, dtype=torch.uint8)
        else:
            files[name] = weight.clone()
    return files


def test_rounding_errs_by_half_a_level_at_most():
    weight = torch.randn(16, 32) * torch.logspace(-3, 3, 16)[:, None]
    layer = Int8Linear.of(weight)
    error = (layer(torch.eye(32)).T - weight).abs() / weight.abs().amax(dim=1, keepdim=True)
    assert error.max() <= 0.5 / 127 + 1e-6


def test_a_row_of_zeros_stays_zero():
    assert not Int8Linear.of(torch.zeros(2, 4))(torch.ones(1, 4)).any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_an_encoder_rounded_while_loading_stays_close(write_folder, tiny_weights, dtype):
    folder = write_folder(model={name: weight.to(dtype) for name, weight in tiny_weights.items()})
    encoder = load_text_encoder(folder, dtype=torch.int8)
    full = load_text_encoder(folder).encode(["a red cat"]).states
    error = (encoder.encode(["a red cat"]).states - full).norm() / full.norm()
    assert error < 0.03  # each weight is off by up to 0.4 % of the largest in its row, and rows are short
    state = encoder.model.state_dict()
    assert state[WO].dtype == torch.int8
    assert {t.dtype for t in encoder.model.parameters()} == {torch.float32}
    assert state["shared.weight"].data_ptr() == state["encoder.embed_tokens.weight"].data_ptr()


def test_large_weights_take_a_quarter_of_the_memory(tiny_folder):
    def size(dtype):
        state = load_text_encoder(tiny_folder, dtype=dtype).model.encoder.block.state_dict()
        return sum(tensor.nbytes for tensor in state.values())

    assert size(torch.int8) < 0.36 * size(torch.float32)  # scales and norms weigh more in tiny layers


def test_published_8bit_files_give_the_same_numbers(write_folder, tiny_weights):
    folder = write_folder(**{"model.8bit": published(tiny_weights)})
    encoder = load_text_encoder(folder, dtype=torch.int8)
    assert encoder.model.state_dict()[WO].dtype == torch.float32
    full = {name: dequantised(name, tiny_weights[name]) for name in tiny_weights}
    save_file(full, folder / "text_encoder" / "model.safetensors")
    want = load_text_encoder(folder).encode(["a red cat"]).states
    # 1e-5: the scale is applied before or after the sum
    torch.testing.assert_close(encoder.encode(["a red cat"]).states, want, atol=1e-5, rtol=1e-5)


def dequantised(name, weight):
    rounded = published({name: weight})
    scale = rounded.get(name.replace(".weight", ".SCB"))
    return rounded[name] if scale is None else rounded[name].float() * scale[:, None] / 127


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda files: files.pop(WO), f"missing {WO}"),
        (lambda files: files.update({"odd.SCB": torch.zeros(1)}), r"unexpected odd\.SCB"),
        (lambda files: files.update({WO: torch.zeros(2, 2)}), rf"{WO} is \[2, 2\] instead of"),
    ],
    ids=["missing", "unexpected", "shape"],
)
def test_8bit_files_that_do_not_fit_are_refused(write_folder, tiny_weights, spoil, complaint):
    files = published(tiny_weights)
    spoil(files)
    folder = write_folder(**{"model.8bit": files})
    with pytest.raises(CheckpointError, match=complaint):
        load_text_encoder(folder, dtype=torch.int8)


def test_loading_leaves_the_files_alone(tiny_folder):
    before = load_file(tiny_folder / "text_encoder" / "model.safetensors")
    load_text_encoder(tiny_folder, dtype=torch.int8)
    after = load_file(tiny_folder / "text_encoder" / "model.safetensors")
    assert all(torch.equal(before[name], after[name]) for name in before)
