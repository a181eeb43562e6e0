"""Fixtures and switches that every test may use."""

import importlib.util
import json
import math
import sys
from importlib import resources
from pathlib import Path
from uuid import uuid4

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from if_graph.folders import Folders, using_folders
from if_graph.graph import load_workflow
from if_graph.graph.library import shipped_workflows
from if_graph.models.config import UNetConfig, config_from_json
from if_graph.models.safety import SafetyNet
from if_graph.models.unet import UNet

NANO = Path(str(resources.files("if_graph"))) / "bundled" / "nano"
TOWER = {
    "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
    "image_size": 32, "patch_size": 16, "projection_dim": 8,
}  # fmt: skip
TEXT_SIDE = {"encoder_hid_dim": 128}  # of nano's text encoder
HALVED = {"IFStageI": ("width", "height"), "IFFitImage": ("side",)}
SAVED_WORDS = ("if-prompt_00001_", "if-negative_00001_")  # as the workflow save-embeddings names them
TOYS = Path(__file__).parent / "graph" / "toy_nodes.py"
TINY = {
    "sample_size": 32,
    "block_out_channels": [32, 64],
    "down_block_types": ["ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"],
    "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
    "up_block_types": ["SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"],
    "in_channels": 3,
    "out_channels": 6,
    "layers_per_block": 1,
    "cross_attention_dim": 32,
    "encoder_hid_dim": 48,
    "attention_head_dim": 8,
    "addition_embed_type": "text",
    "addition_embed_type_num_heads": 2,
    "cross_attention_norm": "group_norm",
    "resnet_time_scale_shift": "scale_shift",
    "act_fn": "gelu",
}
TINY_SUPER_RES = TINY | {
    "in_channels": 6,
    "layers_per_block": [1, 2],
    "class_embed_type": "timestep",
    "mid_block_scale_factor": 1 / 0.7071,
    "resnet_out_scale_factor": 1 / 0.7071,
    "resnet_skip_time_act": True,
    "time_embedding_act_fn": "gelu",
    "time_embedding_dim": 64,
}

TINY_UPSCALER = {
    "unet": {
        "sample_size": 8, "in_channels": 7, "out_channels": 4, "block_out_channels": [16, 32, 32, 64],
        "down_block_types": ["DownBlock2D", *["CrossAttnDownBlock2D"] * 3],
        "up_block_types": [*["CrossAttnUpBlock2D"] * 3, "UpBlock2D"],
        "layers_per_block": 2, "attention_head_dim": 4, "cross_attention_dim": 16, "num_class_embeds": 1000,
        "only_cross_attention": [True, True, True, False], "use_linear_projection": True,
        "norm_num_groups": 8,
    },
    "vae": {
        "in_channels": 3, "out_channels": 3, "latent_channels": 4, "block_out_channels": [16, 16, 32],
        "down_block_types": ["DownEncoderBlock2D"] * 3, "up_block_types": ["UpDecoderBlock2D"] * 3,
        "layers_per_block": 1, "norm_num_groups": 8, "sample_size": 32, "scaling_factor": 0.08333,
    },
    "text_encoder": {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
        "vocab_size": 60, "hidden_act": "gelu", "bos_token_id": 58, "eos_token_id": 59, "pad_token_id": 0,
    },
    "scheduler": {
        "beta_start": 1e-4, "beta_end": 0.02, "beta_schedule": "scaled_linear",
        "prediction_type": "v_prediction", "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1,
    },
}  # fmt: skip


def pytest_addoption(parser):
    for name, about in (("--slow", "slow tests"), ("--gpu", "tests that need CUDA")):
        parser.addoption(name, action="store_true", help=f"also run {about}")
    parser.addoption(
        "--comfyui", metavar="URL", help="address of a running ComfyUI that has loaded this pack"
    )
    parser.addoption("--weights", metavar="DIR", help="folder with official IF checkpoints")


def pytest_generate_tests(metafunc):
    """Give a test that takes ``painting`` each shipped workflow that paints without further files."""
    if "painting" in metafunc.fixturenames:
        names = [w.name for w in shipped_workflows() if not w.needs and w.name != "save-embeddings"]
        metafunc.parametrize("painting", names)


def pytest_collection_modifyitems(config, items):
    for item in items:
        for marker in ("slow", "gpu", "weights"):
            if marker in item.keywords and not config.getoption(f"--{marker}"):
                item.add_marker(pytest.mark.skip(reason=f"{marker}: run with pytest --{marker}"))


@pytest.fixture(autouse=True)
def _one_seed():
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """Keep what commands cache by default out of the home folder, and apart from other tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / f"cache-{uuid4().hex}"))


def fill(module):
    """Give every weight the value that reference appendix C.2 defines for it, so no file is exchanged."""
    state = module.state_dict()
    for k, name in enumerate(sorted(state)):
        tensor = state[name]
        i = torch.arange(tensor.numel(), dtype=torch.float64)
        value = torch.sin(0.7 * i + k)
        if tensor.dim() > 1:
            value = value / math.sqrt(tensor[0].numel())
        else:
            value = 0.1 * value + float(name.endswith("weight"))
        tensor.copy_(value.reshape(tensor.shape))
    return module.eval()


def wave(*shape, f=0.3, p=0.0):
    """Reference appendix C.2's test signal: sin(f i + p) in row-major order."""
    i = torch.arange(math.prod(shape), dtype=torch.float64)
    return torch.sin(f * i + p).reshape(shape).float()


@pytest.fixture(name="fill")
def _fill():
    return fill


@pytest.fixture(name="wave")
def _wave():
    return wave


@pytest.fixture
def tiny_config() -> UNetConfig:
    return config_from_json(TINY)


@pytest.fixture
def tiny_json():
    return dict(TINY)


@pytest.fixture
def tiny_super_res_json():
    return dict(TINY_SUPER_RES)


@pytest.fixture
def tiny_upscaler_json():
    """Settings of a tiny x4 upscaler by the folder they belong to."""
    return {part: dict(fields) for part, fields in TINY_UPSCALER.items()}


@pytest.fixture
def clip_words():
    """Write a tokenizer of CLIP's kind into a folder: single letters and one merge, 60 words."""

    def write(folder):
        letters = [letter + end for end in ("", "</w>") for letter in "!abcdefghijklmnopqrstuvwxyz"]
        words = [*letters, "ca", "cat</w>"]
        words += [f"unused{i}" for i in range(58 - len(words))] + ["<|startoftext|>", "<|endoftext|>"]
        settings = {"pad_token": "!", "model_max_length": 77}
        folder.mkdir()
        (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
        (folder / "merges.txt").write_text("#version: 0.2\nc a\nca t</w>\n")
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
        return folder

    return write


@pytest.fixture
def params_of():
    """What the original config.yml says of a network's config and shapes do not."""
    return lambda config: {
        "image_size": config.sample_size,
        "num_head_channels": config.attention_head_dim,
        "att_pool_heads": config.pool_heads,
        "efficient_activation": config.resnet_skip_time_act,
        "scale_skip_connection": config.resnet_out_scale_factor != 1.0,
        "activation": "gelu",
    }


@pytest.fixture
def save_original(params_of):
    """Save weights of original names, with their config, as the original release was; JSON is YAML."""

    def save(folder, weights, config):
        folder.mkdir()
        torch.save(weights, folder / "pytorch_model.bin")
        (folder / "config.yml").write_text(json.dumps({"alias": "tiny", "params": params_of(config)}))
        return folder

    return save


@pytest.fixture
def brought(tmp_path, monkeypatch):
    """Empty files of the names that some shipped workflows ask the user for: enough to be validated."""
    models, output = tmp_path / "brought", tmp_path / "output"
    parts = ("unet", "text_encoder", "safety_checker", "watermarker")
    for name in ("IF-I-XL-v1.0", "IF-II-L-v1.0", "stable-diffusion-x4-upscaler"):
        for part in parts:
            (models / name / part).mkdir(parents=True)
    for folder, name in ((models / "loras", "nano-swapped"), *((output / "embeds", n) for n in SAVED_WORDS)):
        folder.mkdir(exist_ok=True, parents=True)
        (folder / f"{name}.safetensors").touch()
    monkeypatch.setenv("IF_GRAPH_MODELS", str(models))
    with using_folders(Folders(tmp_path / "input", output, tmp_path / "temp")):
        yield


@pytest.fixture
def tiny_unet():
    """U1 of appendix C.2."""
    return fill(UNet(config_from_json(TINY)))


@pytest.fixture
def tiny_super_res():
    """U2 of appendix C.2."""
    return fill(UNet(config_from_json(TINY_SUPER_RES)))


@pytest.fixture(scope="session")
def toy_module():
    """The toy node pack of the graph's tests, imported once under a name of its own."""
    if "if_graph_toys" not in sys.modules:
        spec = importlib.util.spec_from_file_location("if_graph_toys", TOYS)
        sys.modules[spec.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[spec.name])
    return sys.modules["if_graph_toys"]


def write_part(folder, network, fields, stem="diffusion_pytorch_model"):
    """Write a network's weights and settings as a checkpoint holds them."""
    folder.mkdir(parents=True)
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    save_file(weights, folder / f"{stem}.safetensors")
    (folder / "config.json").write_text(json.dumps(fields))


def calm_checker():
    """A tiny safety checker that flags nothing."""
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection  # takes seconds

    net = SafetyNet(CLIPVisionModelWithProjection(CLIPVisionConfig(**TOWER)), 8, 32)
    for head in (net.p_head, net.w_head):
        nn.init.zeros_(head.weight)
        nn.init.constant_(head.bias, -9.0)
    return net


def write_scheduler(folder, text):
    folder.mkdir(parents=True)
    (folder / "scheduler_config.json").write_text(text)


@pytest.fixture(name="write_part")
def _write_part():
    return write_part


@pytest.fixture(name="write_scheduler")
def _write_scheduler():
    return write_scheduler


@pytest.fixture
def models(tmp_path, monkeypatch):
    """An empty model folder of the user's, which comes before the bundled one."""
    monkeypatch.setenv("IF_GRAPH_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def tiny_cascade(models):
    """Tiny networks in place of nano's, which a model folder of the user's hides; T5 stays nano's.

    The checker lets everything pass: what random networks paint looks like anything.
    """
    write_part(
        models / "nano" / "stage_1" / "safety_checker", calm_checker(), {"vision_config": TOWER}, "model"
    )
    for stage, fields in ((1, TINY), (2, TINY_SUPER_RES), (3, TINY_SUPER_RES)):
        name = f"stage_{stage}"
        shipped = NANO / name / "scheduler" / "scheduler_config.json"
        network = UNet(config_from_json(fields | TEXT_SIDE))
        write_part(models / "nano" / name / "unet", network, fields | TEXT_SIDE)
        write_scheduler(models / "nano" / name / "scheduler", shipped.read_text())


def shortened(source, classes):
    """The workflow at half its size, or a quarter where that is large, with two steps in each stage."""
    workflow = load_workflow(source, classes)
    share = 4 if any(node.class_type == "IFStageIII" for node in workflow.nodes.values()) else 2
    for node_id, node in workflow.nodes.items():
        if node.class_type == "IFScheduler":
            workflow = workflow.with_input(node_id, "steps", 2)
        for name in HALVED.get(node.class_type, ()):
            workflow = workflow.with_input(node_id, name, node.inputs[name] // share)
    return workflow


@pytest.fixture(name="shortened")
def _shortened():
    return shortened


SHORTEN_IN_EDITOR = """(halved) => {  // as shortened() does
  const share = app.graph.nodes.some((node) => node.type === "IFStageIII") ? 4 : 2;
  for (const node of app.graph.nodes) {
    for (const widget of node.widgets ?? []) {
      if (node.type === "IFScheduler" && widget.name === "steps") widget.value = 2;
      if (halved[node.type]?.includes(widget.name)) widget.value /= share;
    }
  }
}"""


@pytest.fixture
def shorten_in_editor():
    """Shorten the workflow that is open on an editor's page."""
    return lambda page: page.evaluate(SHORTEN_IN_EDITOR, HALVED)
