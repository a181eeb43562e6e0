import pytest
import torch
from safetensors.torch import load_file
from torch.testing import assert_close

from if_graph.errors import CheckpointError, InputError
from if_graph.training import state as state_module
from if_graph.training.log import LossLog


def assert_same_end(folder, other):
    for name in ("weights.safetensors", "average.safetensors"):
        one, two = load_file(folder / "state" / name), load_file(other / "state" / name)
        assert one.keys() == two.keys()
        assert all(torch.equal(one[key], two[key]) for key in one)


def test_a_stopped_run_goes_on_to_the_bit(train):
    whole, losses = train("whole")
    folder, first = train("stopped", limit=2)
    _, rest = train("stopped", resume=True)
    assert first + rest == losses
    assert_same_end(whole, folder)
    assert LossLog(folder / "log.csv").rows() == LossLog(whole / "log.csv").rows()


class KilledError(BaseException):
    pass


@pytest.mark.parametrize("renames", [0, 1])
def test_a_run_killed_while_it_saved_goes_on_to_the_bit(train, monkeypatch, renames):
    whole, losses = train("whole")
    train("killed", limit=1)
    with monkeypatch.context() as patch:
        patch.setattr(state_module.Path, "rename", killed_after(renames))
        with pytest.raises(KilledError):
            train("killed", limit=2, resume=True)
    folder, rest = train("killed", resume=True)
    assert rest == losses[1:]  # the second step was lost with the kill, and is taken again
    assert_same_end(whole, folder)
    assert [step for step, _ in LossLog(folder / "log.csv").rows()] == [1, 2, 3, 4]


def killed_after(renames):
    true_rename, calls = state_module.Path.rename, []

    def rename(self, target):
        calls.append(target)
        if len(calls) > renames:
            raise KilledError
        return true_rename(self, target)

    return rename


def test_a_kill_in_the_next_saving_loses_nothing_either(train, monkeypatch):
    folder, _ = train("run", limit=1)
    (folder / "state").rename(folder / "state.old")  # killed between the renames, then again at the next ones
    with monkeypatch.context() as patch:
        patch.setattr(state_module.Path, "rename", killed_after(0))
        with pytest.raises(KilledError):
            train("run", limit=1, resume=True)
    assert len(train("run", resume=True)[1]) == 3


def test_a_folder_with_a_run_is_not_overwritten(train):
    folder, _ = train("run", limit=1)
    before = (folder / "state" / "weights.safetensors").read_bytes()
    with pytest.raises(InputError, match="add --resume"):
        train("run")
    assert (folder / "state" / "weights.safetensors").read_bytes() == before


def test_another_recipe_does_not_go_on_with_a_run(train):
    train("run", limit=1)
    with pytest.raises(InputError, match="was trained with steps 4, got 9"):
        train("run", changes={"steps": 9}, resume=True)


def test_a_damaged_state_is_one_sentence(train):
    folder, _ = train("run", limit=1)
    (folder / "state" / "weights.safetensors").write_bytes(b"short")
    with pytest.raises(CheckpointError, match=r"weights\.safetensors"):
        train("run", resume=True)


def test_a_run_starts_from_the_averages_of_another(train):
    first, _ = train("small", limit=2)
    folder, _ = train("large", limit=1, changes={"side": 16, "peak_rate": 1e-30}, start_from=first / "state")
    averages = load_file(first / "state" / "average.safetensors")
    assert_close(
        load_file(folder / "state" / "weights.safetensors"), averages
    )  # that step moved them by 1e-30
    assert (folder / "spiece.model").read_bytes() == (first / "spiece.model").read_bytes()


def test_a_text_encoder_that_had_its_lesson_is_trained_on(train, tmp_path):
    taught, _ = train("taught", limit=1, changes={"text_lesson": 2})
    folder, _ = train(
        "joint", limit=1, changes={"peak_rate": 1e-30}, start_from=taught / "state",
        start_text_from=taught / "checkpoint",
    )  # fmt: skip
    weights = load_file(folder / "state" / "weights.safetensors")
    lesson = load_file(taught / "checkpoint" / "text_encoder" / "model.safetensors")
    unet = load_file(taught / "state" / "average.safetensors")
    name = "encoder.block.0.layer.0.SelfAttention.q.weight"
    assert_close(weights[f"text_encoder.{name}"], lesson[name].float())
    assert_close({name: weights[name] for name in unet}, unet)
    assert (folder / "spiece.model").read_bytes() == (taught / "spiece.model").read_bytes()


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"text_lesson": 2}, InputError, "leave --start-text-from out"),
        ({"text_encoder": {"d_model": 48, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}},
         CheckpointError, "holds another text encoder"),
    ],
)  # fmt: skip
def test_a_text_encoder_that_cannot_be_trained_on_is_refused(train, tmp_path, changes, error, message):
    taught, _ = train("taught", limit=1, changes={"text_lesson": 2})
    with pytest.raises(error, match=message):
        train("joint", changes=changes, start_text_from=taught / "checkpoint")
    assert not (tmp_path / "joint").exists()


def test_half_a_row_in_the_log_is_forgotten(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("step,loss,rate,seconds\n1,0.5,1e-3,0.1\n2,0.4,1e-3,0.1\n3,0.")
    log = LossLog(path)
    log.cut(2)
    assert path.read_text().splitlines()[1:] == ["1,0.5,1e-3,0.1", "2,0.4,1e-3,0.1"]
