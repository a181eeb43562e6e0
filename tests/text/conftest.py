"""A tiny tokenizer and tiny checkpoint folders in the official layout."""

import json

import pytest
import sentencepiece
import torch
from safetensors.torch import save_file

SENTENCES = (
    "a photo of a red cat on a blue mat",
    "an oil painting of a small green house by the sea",
    "two dogs, one ball: a game in the park",
    "the quick brown fox jumps over 13 lazy dogs",
    "self-portrait of a robot in the rain, 4k best quality",
)
CONFIG = {
    "model_type": "t5",
    "vocab_size": 64,
    "d_model": 32,
    "d_kv": 8,
    "d_ff": 48,
    "num_layers": 2,
    "num_heads": 4,
    "feed_forward_proj": "gated-gelu",
    "relative_attention_num_buckets": 32,
    "relative_attention_max_distance": 128,
    "dropout_rate": 0.1,
}


@pytest.fixture(scope="session")
def spiece_model(tmp_path_factory):
    """A SentencePiece model with T5's special ids, 60 pieces."""
    prefix = tmp_path_factory.mktemp("tokenizer") / "spiece"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 4),
        model_prefix=str(prefix),
        vocab_size=60,
        model_type="unigram",
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        character_coverage=1.0,
        num_threads=1,
        minloglevel=2,
    )
    return prefix.with_suffix(".model")


def fill(shapes):
    """Weights by rule, so that no file has to be exchanged: sin(0.7 i + k), scaled by fan-in."""
    weights = {}
    for k, name in enumerate(sorted(shapes)):
        shape = torch.Size(shapes[name])
        values = torch.sin(0.7 * torch.arange(shape.numel(), dtype=torch.float64) + k).view(shape)
        matrix = len(shape) > 1
        weights[name] = (values / shape[1:].numel() ** 0.5 if matrix else 0.1 * values + 1.0).float()
    return weights


@pytest.fixture(scope="session")
def tiny_weights():
    """The state of the tiny encoder, both names of the tied pair included."""
    from transformers import T5Config, T5EncoderModel

    with torch.device("meta"):
        model = T5EncoderModel(T5Config.from_dict(CONFIG))
    weights = fill({name: tensor.shape for name, tensor in model.state_dict().items()})
    return weights | {"encoder.embed_tokens.weight": weights["shared.weight"].clone()}


@pytest.fixture
def write_folder(tmp_path, spiece_model):
    """Write a checkpoint folder from {file name: weights}; returns its path."""

    def write(**files):
        for name in ("text_encoder", "tokenizer"):
            (tmp_path / name).mkdir()
        (tmp_path / "tokenizer" / "spiece.model").write_bytes(spiece_model.read_bytes())
        (tmp_path / "text_encoder" / "config.json").write_text(json.dumps(CONFIG))
        for name, weights in files.items():
            save_file(weights, tmp_path / "text_encoder" / f"{name}.safetensors")
        return tmp_path

    return write


@pytest.fixture
def tiny_folder(write_folder, tiny_weights):
    """An official-layout folder with one weights file."""
    return write_folder(model=tiny_weights)
