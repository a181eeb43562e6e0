import pytest
import torch
from PIL import Image
from torch.testing import assert_close

from if_graph.cascade.stage import load_stage
from if_graph.errors import CheckpointError
from if_graph.models.placement import place
from if_graph.text.t5 import load_text_encoder
from if_graph.text.tokenizer import Tokenizer
from if_graph.training.data import load_pictures
from if_graph.training.dice import Dice
from if_graph.training.ema import AveragedWeights
from if_graph.training.export import export
from if_graph.training.recipe import Recipe
from if_graph.training.run import VOCABULARY_SIZE
from if_graph.training.state import load_weights
from if_graph.training.trainable import Trainable, new_text_encoder
from if_graph.training.trainer import Trainer
from if_graph.training.vocabulary import train_tokenizer


@pytest.fixture
def trainer(tiny_recipe, tmp_path):
    recipe = Recipe(**tiny_recipe)
    spiece = tmp_path / "spiece.model"
    train_tokenizer(["a dark square on red", "a dark square on blue"], VOCABULARY_SIZE, spiece)
    encoder = new_text_encoder(recipe.text_encoder, VOCABULARY_SIZE)
    model = Trainable(recipe, encoder, Tokenizer(spiece), trains_text=True)
    return Trainer(model, load_pictures(recipe), recipe, tmp_path)


def test_a_step_lowers_the_loss_of_its_own_batch(trainer):
    def loss():
        dice = Dice(seed=0, step=0)
        return trainer.model(trainer._draw(dice), trainer.diffusion, dice)

    before = loss().item()
    assert trainer._step().loss == before
    assert loss().item() < before


def test_exported_weights_predict_what_the_trained_ones_did(trainer, tmp_path, wave):
    for _ in range(2):
        trainer._step()
    model = trainer.model.eval()
    export(model, trainer.recipe, tmp_path / "spiece.model", tmp_path / "checkpoint")
    stage = load_stage(tmp_path / "checkpoint", place("cpu"))
    embeds = load_text_encoder(tmp_path / "checkpoint").encode(["a dark square on red"])
    x_t, t = wave(1, 3, 8, 8), torch.tensor([300])
    with torch.no_grad():
        wanted = model.unet(x_t, t, model.unet.read_text(model.encode(["a dark square on red"])))
        got = stage.unet(x_t, t, stage.unet.read_text(embeds.states))
    assert_close(got, wanted, atol=5e-3, rtol=0)  # fp16 rounds weights by 2^-11, over a dozen layers
    assert stage.diffusion.prediction_type == "v_prediction"


def test_swapping_the_averages_twice_changes_nothing(trainer):
    trainer._step()
    average, model = trainer.state.average, trainer.model
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    averages = {name: p.clone() for name, p in average.weights.items()}
    average.swap(model)
    assert all(torch.equal(p, averages[name]) for name, p in model.named_parameters())
    average.swap(model)
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())
    assert all(torch.equal(p, averages[name]) for name, p in average.weights.items())


def test_averages_follow_slowly():
    layer = torch.nn.Linear(1, 1)
    torch.nn.init.zeros_(layer.weight)
    average = AveragedWeights(layer, decay=0.5)
    torch.nn.init.ones_(layer.weight)
    for wanted in (1 - 2 / 11, 1 - 2 / 11 * 3 / 12):  # decays 2/11 and 3/12: early steps forget faster
        average.update(layer)
        assert_close(average.weights["weight"], torch.tensor([[wanted]]))


def test_weights_of_another_network_are_refused_before_any_is_copied(trainer, tmp_path):
    trainer.state.save(tmp_path / "state")
    with pytest.raises(CheckpointError, match="another network"):
        load_weights(torch.nn.Linear(2, 2), tmp_path / "state" / "weights.safetensors")


def test_a_run_leaves_a_checkpoint_a_curve_and_a_sheet_of_what_it_paints(train):
    folder, losses = train("run", sheet_every=1e9, save_every=0.0)
    assert len(losses) == 4
    assert [path.name for path in sorted((folder / "sheets").iterdir())] == ["0000001.png", "0000004.png"]
    with Image.open(folder / "loss.png") as curve:
        assert curve.size == (800, 450)
    assert load_stage(folder / "checkpoint", place("cpu")).unet.config.in_channels == 3


def test_a_super_resolution_stage_trains_with_a_frozen_encoder(train, tiny_super_res_json):
    first, _ = train("first", limit=1)
    changes = {
        "unet": tiny_super_res_json, "text_encoder": None, "side": 16, "low_side": 4, "steps": 1,
        "frozen_text_encoder": str(first / "checkpoint"),
    }  # fmt: skip
    folder, _ = train("second", changes=changes, sheet_every=1.0)
    stage = load_stage(folder / "checkpoint", place("cpu"))
    assert stage.is_super_resolution
    assert sorted(path.name for path in (folder / "checkpoint").iterdir()) == [
        "image_noising_scheduler", "scheduler", "unet",
    ]  # fmt: skip
    with Image.open(folder / "sheets" / "0000001.png") as sheet:  # low-res, painted and true side by side
        assert sheet.width > sheet.height
