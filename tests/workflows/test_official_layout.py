"""Random weights that diffusers wrote in the published layout, run by the workflow official-cascade."""

import json
import logging
import warnings

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from if_graph.cli import main
from if_graph.models.config import config_from_json
from if_graph.models.convert import to_original

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    diffusers = pytest.importorskip("diffusers", reason="needs the peer: pip install 'if-graph[reference]'")
    from diffusers.pipelines.deepfloyd_if import IFSafetyChecker, IFWatermarker
    from transformers import (
        CLIPConfig,
        CLIPImageProcessor,
        CLIPTextConfig,
        CLIPTextModel,
        CLIPTokenizer,
        T5Config,
        T5EncoderModel,
        T5Tokenizer,
    )

pytestmark = pytest.mark.filterwarnings("ignore")
STAGE_1, STAGE_2, STAGE_3 = "IF-I-XL-v1.0", "IF-II-L-v1.0", "stable-diffusion-x4-upscaler"
SCHEDULER = {
    "beta_schedule": "squaredcos_cap_v2", "thresholding": True, "dynamic_thresholding_ratio": 0.95,
    "variance_type": "learned_range",
}  # fmt: skip
T5 = {
    "vocab_size": 40, "d_model": 48, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2,
    "feed_forward_proj": "gated-gelu",
}  # fmt: skip
TOWER = {
    "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
    "image_size": 32, "patch_size": 8, "projection_dim": 12,
}  # fmt: skip
LETTERS = [(piece, -2.0) for piece in ("\u2581", *"abcdefghijklmnopqrstuvwxyz")]
QUICK = (
    "Stage I schedule.timesteps=leading", "Stage I schedule.steps=2", "Stage I.width=16", "Stage I.height=8",
    "Stage II schedule.timesteps=leading", "Stage II schedule.steps=2", "Stage III schedule.steps=2",
    "Prompt.prompt=a corgi",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _quiet():
    diffusers.logging.set_verbosity_error()
    logging.getLogger("diffusers").setLevel(logging.ERROR)


@pytest.fixture
def stage_1(models, tiny_json):
    """Stage I as published: T5, safety checker and watermarker beside the network."""
    checker = IFSafetyChecker(CLIPConfig(vision_config=TOWER, projection_dim=12)).eval()
    for head in (checker.p_head, checker.w_head):
        torch.nn.init.constant_(head.bias, -9.0)  # nothing is flagged
    watermarker = IFWatermarker()
    watermarker.watermark_image[:] = torch.tensor([0, 255, 0, 255])  # opaque green
    diffusers.IFPipeline(
        tokenizer=T5Tokenizer(vocab=[("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *LETTERS], extra_ids=0),
        text_encoder=T5EncoderModel(T5Config(**T5)).eval(),
        unet=diffusers.UNet2DConditionModel(**tiny_json),
        scheduler=diffusers.DDPMScheduler(**SCHEDULER, sample_max_value=1.5),
        safety_checker=checker,
        feature_extractor=CLIPImageProcessor(),
        watermarker=watermarker,
    ).save_pretrained(models / STAGE_1)
    return models / STAGE_1


@pytest.fixture
def stage_2(models, tiny_super_res_json):
    """Stage II, which takes its text from Stage I."""
    diffusers.IFSuperResolutionPipeline(
        tokenizer=None, text_encoder=None, safety_checker=None, feature_extractor=None, watermarker=None,
        unet=diffusers.UNet2DConditionModel(**tiny_super_res_json),
        scheduler=diffusers.DDPMScheduler(**SCHEDULER, sample_max_value=1.0),
        image_noising_scheduler=diffusers.DDPMScheduler(beta_schedule="squaredcos_cap_v2"),
        requires_safety_checker=False,
    ).save_pretrained(models / STAGE_2)  # fmt: skip
    return models / STAGE_2


@pytest.fixture
def stage_3(models, tmp_path, clip_words, tiny_upscaler_json):
    """The x4 upscaler."""
    diffusers.StableDiffusionUpscalePipeline(
        vae=diffusers.AutoencoderKL(**tiny_upscaler_json["vae"]),
        text_encoder=CLIPTextModel(CLIPTextConfig(**tiny_upscaler_json["text_encoder"])),
        tokenizer=CLIPTokenizer.from_pretrained(str(clip_words(tmp_path / "words"))),
        unet=diffusers.UNet2DConditionModel(**tiny_upscaler_json["unet"]),
        low_res_scheduler=diffusers.DDPMScheduler(beta_schedule="scaled_linear"),
        scheduler=diffusers.DDIMScheduler(**tiny_upscaler_json["scheduler"]),
    ).save_pretrained(models / STAGE_3)


@pytest.mark.usefixtures("stage_1", "stage_2", "stage_3")
def test_a_cascade_that_diffusers_wrote_runs_from_prompt_to_marked_picture(tmp_path):
    settings = [word for change in QUICK for word in ("--set", change)]
    assert main(["run", "official-cascade", *settings, "--out", str(tmp_path / "out"), "--quiet"]) == 0
    (saved,) = (tmp_path / "out").glob("*.png")
    with Image.open(saved) as picture:
        assert picture.size == (16 * 16, 8 * 16)
        assert any(pixel == (0, 255, 0) for _, pixel in picture.getcolors(2**16))  # the checkpoint's own mark


@pytest.mark.parametrize("stage", ["stage_1", "stage_2"])
def test_a_stage_that_diffusers_wrote_comes_back_from_the_original_layout(
    stage, request, tmp_path, save_original
):
    unet = request.getfixturevalue(stage) / "unet"
    weights = load_file(unet / "diffusion_pytorch_model.safetensors")
    config = config_from_json(json.loads((unet / "config.json").read_text()))
    save_original(tmp_path / "original", to_original(weights, config), config)
    assert main(["models", "convert", str(tmp_path / "original"), str(tmp_path / "new")]) == 0
    new = load_file(tmp_path / "new" / "unet" / "diffusion_pytorch_model.safetensors")
    assert new.keys() == weights.keys()
    assert all(torch.equal(new[name], weights[name]) for name in weights)
