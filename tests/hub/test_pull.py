import sys

import pytest

from if_graph.errors import CheckpointError, InputError
from if_graph.hub.pull import Order, pull
from if_graph.hub.store import MANIFEST, problems, read_manifest

REPO, COMMIT, TOKEN = "DeepFloyd/IF-tiny", "0123456789abcdef0123456789abcdef01234567", "hf_valid"
WEIGHTS = "unet/diffusion_pytorch_model.fp16.safetensors"
FP16 = {
    "LICENSE.md",
    "model_index.json",
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "text_encoder/model.fp16-00001-of-00002.safetensors",
    "text_encoder/model.fp16-00002-of-00002.safetensors",
    "text_encoder/model.safetensors.index.fp16.json",
    "tokenizer/spiece.model",
    "unet/config.json",
    WEIGHTS,
    "watermarker/diffusion_pytorch_model.safetensors",
}


def order(**changes):
    return Order(**({"repo": REPO, "variant": "fp16"} | changes))


def names_in(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def asked_for(hub, name):
    return [span for path, span in hub.asked if path == f"/cdn/{name}"]


def test_a_pull_brings_one_variant_and_its_manifest(hub, tmp_path):
    path = pull(order(), tmp_path)
    assert path == tmp_path / "IF-tiny"
    assert names_in(path) == FP16 | {MANIFEST}
    assert all((path / name).read_bytes() == hub.files[name] for name in FP16)
    manifest = read_manifest(path)
    assert (manifest.repo, manifest.commit, manifest.variant) == (REPO, COMMIT, "fp16")
    assert problems(path) == []


def test_parts_that_are_not_wanted_stay_away(hub, tmp_path):
    path = pull(order(parts=("unet", "scheduler")), tmp_path)
    assert {name.split("/")[0] for name in names_in(path) if "/" in name} == {"unet", "scheduler"}


def test_a_cut_connection_is_resumed_within_a_pull(hub, tmp_path):
    hub.cut_after[WEIGHTS] = 5000
    path = pull(order(), tmp_path)
    assert (path / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    first, second = asked_for(hub, WEIGHTS)
    assert first is None
    assert second.startswith("bytes=4096-")  # four whole blocks had arrived


def test_a_pull_that_broke_off_is_resumed_by_the_next(hub, tmp_path):
    hub.cut_after[WEIGHTS], hub.fails_after_cut = 5000, True
    with pytest.raises(CheckpointError, match="status 503; what has arrived is kept, run the command again"):
        pull(order(), tmp_path)
    assert not (tmp_path / "IF-tiny").exists()
    hub.refuses.clear()
    hub.asked.clear()
    path = pull(order(), tmp_path)
    assert asked_for(hub, WEIGHTS) == ["bytes=4096-"]
    assert asked_for(hub, "tokenizer/spiece.model") == []  # it had arrived
    assert (path / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert [entry.name for entry in tmp_path.iterdir()] == ["IF-tiny"]


def test_a_damaged_file_is_caught_by_its_hash_and_fetched_anew(hub, tmp_path):
    hub.damaged.add(WEIGHTS)
    with pytest.raises(
        CheckpointError, match=r"arrived damaged, it has another SHA-256 than .*; it was removed"
    ):
        pull(order(), tmp_path)
    assert not (tmp_path / "IF-tiny").exists()
    hub.damaged.clear()
    assert problems(pull(order(), tmp_path)) == []


def test_a_damaged_small_file_is_caught_too(hub, tmp_path):
    hub.damaged.add("unet/config.json")
    with pytest.raises(CheckpointError, match=r"unet/config\.json arrived damaged, it has another hash"):
        pull(order(), tmp_path)


def one_line(error):
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_licence_that_is_not_accepted_names_the_page(hub, tmp_path):
    hub.needs_licence = True
    with pytest.raises(CheckpointError) as error:
        pull(order(), tmp_path)
    assert f"accept it on {hub.address}/{REPO}, then log in with 'hf auth login'" in one_line(error)
    with pytest.raises(CheckpointError) as error:
        pull(order(token=TOKEN), tmp_path)
    assert f"not accepted yet by this account; accept it on {hub.address}/{REPO}" in one_line(error)


def test_a_wrong_token_names_the_page(hub, tmp_path):
    with pytest.raises(CheckpointError) as error:
        pull(order(token="hf_wrong"), tmp_path)
    assert f"the token is not valid; make a new one on {hub.address}/settings/tokens" in one_line(error)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"repo": "DeepFloyd/nothing"}, "there is no such repository on http"),
        ({"revision": "v9"}, "there is no such revision; see http"),
        ({"repo": "a/b/c"}, "a/b/c: "),
    ],
)
def test_what_is_not_there_is_said(hub, tmp_path, changes, complaint):
    with pytest.raises(CheckpointError, match=complaint) as error:
        pull(order(**changes), tmp_path)
    one_line(error)


def test_a_variant_that_is_not_there_is_said(hub, tmp_path):
    with pytest.raises(InputError, match=r"got variant 'bf16', expected .* safetensors: fp16, the plain one"):
        pull(order(variant="bf16"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_offline_says_so(hub, tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(CheckpointError, match="HF_HUB_OFFLINE is set"):
        pull(order(), tmp_path)
    assert hub.asked == []


def test_a_hub_that_is_not_there_is_said(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # the discard port
    with pytest.raises(CheckpointError, match=r"fetching from http://127\.0\.0\.1:9 failed") as error:
        pull(order(), tmp_path)
    one_line(error)


def test_without_the_library_its_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(CheckpointError, match=r"pip install 'if-graph\[hub\]'"):
        pull(order(), tmp_path)


def test_what_is_there_already_is_left_alone(hub, tmp_path):
    pull(order(), tmp_path)
    hub.asked.clear()
    with pytest.raises(InputError, match="is already there"):
        pull(order(), tmp_path)
    assert hub.asked == []
