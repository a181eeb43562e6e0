"""``if-graph models`` from end to end, against the stand-in."""

from pathlib import Path

import pytest

from if_graph.cli import main
from if_graph.hub.store import model_folder

REPO, WEIGHTS = "DeepFloyd/IF-tiny", "unet/diffusion_pytorch_model.fp16.safetensors"


@pytest.fixture
def models(hub, tmp_path, monkeypatch, capsys):
    """Run ``if-graph models``: (exit code, stdout, stderr)."""
    monkeypatch.setenv("IF_GRAPH_MODELS", str(tmp_path / "models"))

    def run(*arguments):
        return main(["models", *arguments]), *capsys.readouterr()

    return run


def test_a_checkpoint_is_pulled_listed_verified_and_removed(models, tmp_path):
    code, out, err = models("pull", REPO, "--variant", "fp16")
    assert (code, out) == (0, f"{tmp_path / 'models' / 'IF-tiny'}\n")
    assert f"{WEIGHTS}  16.4 kB" in err
    assert models("list")[1] == f"IF-tiny  29.5 kB  fp16  {REPO}@01234567\n"
    assert models("verify")[:2] == (0, "IF-tiny: whole\n")
    assert models("remove", "IF-tiny")[0] == 0
    assert list((tmp_path / "models").iterdir()) == []


def test_verify_names_what_is_not_whole(models, tmp_path):
    models("pull", REPO, "--variant", "fp16")
    folder = tmp_path / "models" / "IF-tiny"
    (folder / "tokenizer" / "spiece.model").unlink()
    (folder / WEIGHTS).write_bytes(bytes((folder / WEIGHTS).stat().st_size))
    code, out, _ = models("verify", "IF-tiny")
    assert code == 1
    assert "IF-tiny: tokenizer/spiece.model is missing\n" in out
    assert f"IF-tiny: {WEIGHTS} has another SHA-256" in out


def test_only_what_was_pulled_is_removed(models, tmp_path):
    (tmp_path / "models" / "mine" / "unet").mkdir(parents=True)
    code, _, err = models("remove", "mine")
    assert code == 2
    assert "expected a checkpoint pulled into" in err
    assert (tmp_path / "models" / "mine").is_dir()


def test_a_failure_is_one_line(models, hub):
    hub.needs_licence = True
    code, out, err = models("pull", REPO)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith(f"if-graph: {REPO}: it is given only to who accepts its licence")


def test_without_settings_models_lie_in_the_users_data(monkeypatch):
    monkeypatch.delenv("IF_GRAPH_MODELS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert model_folder() == Path("/data/if-graph/models")
    monkeypatch.delenv("XDG_DATA_HOME")
    assert model_folder() == Path("~/.local/share/if-graph/models").expanduser()
