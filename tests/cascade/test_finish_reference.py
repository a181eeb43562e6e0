"""Safety decisions and watermarks against diffusers, the independent implementation (extra ``reference``)."""

import warnings

import numpy as np
import pytest
import torch
from if_graph_nodes.finish import IFWatermark
from PIL import Image
from torch.testing import assert_close

from if_graph.cascade.safety import SafetyChecker, clip_view
from if_graph.cascade.watermark import load_mark, mark_box
from if_graph.models.placement import place
from if_graph.models.safety import load_safety_net

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("diffusers", reason="needs the peer: pip install 'if-graph[reference]'")
    from diffusers.pipelines.deepfloyd_if.safety_checker import IFSafetyChecker
    from diffusers.pipelines.deepfloyd_if.watermark import IFWatermarker
    from transformers import CLIPConfig, CLIPImageProcessor

pytestmark = pytest.mark.filterwarnings("ignore")
SIZES = [(64, 64), (256, 256), (1024, 1024), (96, 64), (384, 256)]
TINY = {
    "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    "image_size": 32, "patch_size": 8, "projection_dim": 12,
}  # fmt: skip


def pictures_of(count, size, seed):
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, 5, 7, generator=generator)
    return torch.nn.functional.interpolate(coarse, size=size, mode="bicubic").clamp(0, 1)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("size", [(64, 64), (48, 80), (97, 33)])
def test_views_equal_the_peers_image_processor(seed, size):
    processor = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    image = pictures_of(1, size, seed)[0]
    levels = (image.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    wanted = processor(Image.fromarray(levels), return_tensors="pt").pixel_values
    assert_close(clip_view(image * 2 - 1, 32), wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_decisions_equal_the_peers(tmp_path, seed):
    torch.manual_seed(seed)
    peer = IFSafetyChecker(CLIPConfig(vision_config=TINY, projection_dim=12)).eval()
    for head in (peer.p_head, peer.w_head):
        torch.nn.init.normal_(
            head.weight, std=3.0
        )  # random towers give similar embeddings: spread the scores
    peer.save_pretrained(tmp_path / "safety_checker")
    images = pictures_of(12, (40, 56), seed)
    ours = SafetyChecker(load_safety_net(tmp_path, place("cpu")), place("cpu"))
    views = torch.cat([clip_view(image * 2 - 1, 32) for image in images])
    with torch.no_grad():
        scores = [score.quantile(0.5).item() for score in ours.net(views)]  # between the middle two
    arrays = list(images.permute(0, 2, 3, 1).numpy().copy())
    blacked, nsfw, watermarked = peer(views, arrays, *scores)
    verdict = ours.check(images * 2 - 1, "logit", *scores)
    assert (list(verdict.nsfw), list(verdict.watermarked)) == (nsfw, watermarked)
    assert 0 < sum(nsfw) < 12
    assert list(verdict.flags) == [not array.any() for array in blacked]


@pytest.mark.parametrize("size", SIZES)
def test_boxes_equal_the_peers(size):
    peer = IFWatermarker()
    peer.watermark_image.fill_(255)
    picture = Image.new("RGB", size)
    peer.apply_watermark([picture])
    assert picture.getbbox() == mark_box(*size)


@pytest.mark.parametrize("size", SIZES)
def test_marked_pictures_equal_the_peers(size):
    peer = IFWatermarker()
    peer.watermark_image.copy_(torch.from_numpy(np.array(load_mark())))
    image = pictures_of(1, size[::-1], 1)
    levels = (image * 255).round()
    picture = Image.fromarray(levels[0].permute(1, 2, 0).to(torch.uint8).numpy())
    peer.apply_watermark([picture])
    (marked,) = IFWatermark().run((levels / 255).permute(0, 2, 3, 1), "this project's")
    difference = (marked[0] * 255 - torch.from_numpy(np.array(picture)).float()).abs()
    assert difference.max() <= 1  # the peer rounds to 8 bits once more
