"""The x4 upscaler without a peer: what it refuses, its tiles, and the memory they bound."""

import weakref
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch
from if_graph_nodes.load import IFUpscalerTiles
from torch import nn
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode

from if_graph.cascade.plan import SamplingPlan
from if_graph.cascade.stage import Request
from if_graph.cascade.upscaler import Upscaler, rough_view
from if_graph.cascade.upscaler_schedule import PUBLISHED_SCHEDULER, UpscalerSchedule
from if_graph.cascade.upscaler_tiles import Tiles, feather, spans, tiled
from if_graph.diffusion.schedule import diffusion_from_json
from if_graph.errors import InputError
from if_graph.models.placement import place
from if_graph.models.x4.config import UPSCALER, UpscalerConfig
from if_graph.models.x4.unet import UpscalerUNet
from if_graph.models.x4.vae import Vae
from if_graph.models.x4.vae_config import UPSCALER_VAE, VaeConfig
from if_graph.text.embeddings import TextEmbeddings

UNET = UpscalerConfig(7, 4, (8, 16), 1, (False, True), (True, False), (2, 2), 8, 1000, 4)
VAE = VaeConfig(3, 4, (8, 8, 16), 1, 4)


@pytest.fixture
def upscaler():
    noise = diffusion_from_json(PUBLISHED_SCHEDULER)
    text = SimpleNamespace(encode=lambda prompts: torch.stack([torch.full((3, 8), len(p)) for p in prompts]))
    schedule = UpscalerSchedule(noise, noise, offset=1, arrives_clean=False)
    return Upscaler(UpscalerUNet(UNET).eval(), Vae(VAE).eval(), text, schedule, place("cpu"))


def request_for(pixels, **changes):
    rows = changes.pop("rows", 1)
    blank = TextEmbeddings(torch.zeros(1, 1, 1), torch.ones(1, 1).bool(), ("cat",))
    fields = {
        "positive": blank.repeat(rows),
        "negative": blank,
        "plan": SamplingPlan("ddim", steps=2),
        "generators": [torch.Generator().manual_seed(7 + i) for i in range(rows)],
        "size": (4 * pixels.shape[2], 4 * pixels.shape[3]),
        "low_res": pixels,
        "noise_level": 0.02,
    }
    return Request(**(fields | changes))


def test_every_step_can_be_shown_and_the_last_is_the_picture(upscaler):
    steps = list(upscaler.sample(request_for(torch.zeros(1, 3, 5, 7))))
    assert [tuple(step.x_0.shape) for step in steps] == [(1, 3, 5, 7), (1, 3, 20, 28)]
    assert steps[0].x_0.abs().max() <= 1
    assert torch.equal(steps[-1].x_t, steps[-1].x_0)


def test_picture_i_of_a_batch_equals_the_single_run_with_its_seed(upscaler):
    low_res = torch.rand(1, 3, 6, 8)
    *_, two = upscaler.sample(request_for(low_res, rows=2))
    *_, one = upscaler.sample(request_for(low_res, generators=[torch.Generator().manual_seed(8)]))
    assert_close(two.x_t[1:], one.x_t, atol=1e-4, rtol=0)  # the order of sums depends on the batch


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"low_res": None}, "connect an image"),
        ({"noise_level": 0.4}, "at most 0.35"),
        ({"noise_level": -1.0}, "expected 0 to 1"),
        ({"size": (64, 64)}, "enlarges 4 times"),
        ({"low_res": torch.zeros(3, 3, 8, 8), "size": (32, 32), "rows": 2}, "3 low-res pictures"),
    ],
)
def test_bad_values_are_refused_before_any_work(upscaler, changes, words):
    with pytest.raises(InputError, match=words):
        upscaler.sample(request_for(torch.zeros(1, 3, 8, 8), **changes))


def test_a_rough_view_of_nothing_is_grey():
    assert torch.equal(rough_view(torch.zeros(1, 4, 2, 2)), torch.zeros(1, 3, 2, 2))


@pytest.mark.parametrize(
    ("length", "tile", "overlap"), [(512, 256, 32), (513, 64, 16), (70, 64, 16), (9, 64, 0)]
)
def test_spans_cover_the_whole_and_share_the_overlap(length, tile, overlap):
    found = spans(length, tile, overlap)
    assert (found[0][0], found[-1][1]) == (0, length)
    assert all(a[1] - b[0] >= overlap for a, b in pairwise(found))
    assert all(start % 8 == 0 and end - start < tile + 8 for start, end in found)


def test_weights_ramp_only_where_a_neighbour_is():
    first, middle = feather((0, 32), 96, 8, 1), feather((32, 64), 96, 8, 1)
    assert (first[0], middle[16]) == (1, 1)
    assert_close(first[-8:] + middle[:8], torch.ones(8))
    assert (middle[0] < 0.05, middle[-1] < 0.05) == (True, True)


def test_a_pointwise_function_is_the_same_in_tiles():
    x = torch.randn(2, 3, 41, 70)
    enlarge = nn.Upsample(scale_factor=4)
    assert_close(tiled(enlarge, x, 24, 8, 4), enlarge(x))
    assert_close(tiled(torch.exp, x, 32, 8), torch.exp(x))


@torch.no_grad()
def test_a_convolution_in_tiles_equals_the_whole_away_from_the_seams():
    conv, x = nn.Conv2d(3, 3, 5, padding=2), torch.randn(1, 3, 32, 72)
    difference = (tiled(conv, x, 48, 16) - conv(x)).abs().amax(dim=(0, 1, 2))
    first, second = spans(72, 48, 16)
    seam = torch.zeros(72, dtype=torch.bool)
    seam[second[0] : second[0] + 2] = seam[first[1] - 2 : first[1]] = True  # within reach of a tile's border
    assert difference[~seam].max() < 1e-5
    assert difference.max() < 0.1  # there it sees zeros in place of its neighbour, but weighs at most 2.2 %


@torch.no_grad()
def test_networks_in_tiles_stay_near_the_whole(upscaler):
    latents = torch.randn(1, 4, 24, 96) * 0.1
    whole, parts = upscaler.vae.decode(latents), tiled(upscaler.vae.decode, latents, 48, 16, 4)
    # norms and attention see a tile, not the whole: statistics of another cut of the same noise
    assert (whole - parts).abs().mean() < 0.1 * whole.std()


@torch.no_grad()
def test_a_picture_in_tiles_runs_through_both_networks(upscaler):
    tiles = IFUpscalerTiles().run(upscaler, 16, 16, 8)[0]
    low_res = torch.rand(1, 3, 20, 37)
    (*_, a), (*_, b) = (model.sample(request_for(low_res)) for model in (tiles, upscaler))
    assert a.x_t.shape == b.x_t.shape == (1, 3, 80, 148)
    assert (a.x_t - b.x_t).abs().mean() < 0.5 * b.x_t.std()


def test_tiles_smaller_than_their_overlap_are_refused(upscaler):
    with pytest.raises(InputError, match="expected at least 40"):
        Tiles(unet=32, overlap=32)
    assert "at least 40" in IFUpscalerTiles.VALIDATE_INPUTS(0, 32, 32)
    with pytest.raises(InputError, match="got an IF stage"):
        IFUpscalerTiles().run(object(), 512, 256, 32)


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of all tensors alive at once, meta tensors as if they were real."""

    def __init__(self):
        super().__init__()
        self.now = self.peak = 0
        self.sizes = {}

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, (tuple, list)) else [result]:
            if isinstance(tensor, torch.Tensor):
                self._count(tensor.untyped_storage())
        return result

    def _count(self, storage):
        key = storage._cdata
        if key not in self.sizes:
            self.sizes[key] = storage.nbytes()
            self.now += storage.nbytes()
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self._forget, key)

    def _forget(self, key):
        self.now -= self.sizes.pop(key, 0)


@torch.no_grad()
def test_decoding_takes_no_more_than_a_tile_and_the_picture_at_the_published_size():
    with torch.device("meta"):
        vae = Vae(UPSCALER_VAE)

    def peak(height, width, tile):
        with LiveBytes() as live:
            tiled(vae.decode, torch.empty(1, 4, height, width, device="meta"), tile, 32, 4)
        return live.peak

    tile, picture = peak(128, 128, 0), 3 * 4 * 512 * 2048  # float32
    assert tile < 1.3 * 2**30
    # a 2048 x 512 picture: the canvas, its weights and one weighted tile come on top
    assert peak(128, 512, 128) < tile + 3 * picture
    assert peak(128, 512, 0) > 2 * tile


@torch.no_grad()
def test_a_picture_of_2048_px_takes_what_the_documentation_says_at_the_published_size():
    with torch.device("meta"):
        vae, unet = Vae(UPSCALER_VAE), UpscalerUNet(UPSCALER)
        t, text, level = torch.zeros(1).long(), torch.empty(2, 77, 1024), torch.zeros(1).long()

    def peak(run, x, factor):
        with LiveBytes() as live:
            tiled(run, x, 256, 32, factor)
        return live.peak / 2**30

    painting = peak(lambda x: unet(x, t, text, level), torch.empty(1, 7, 512, 512, device="meta"), 1)
    decoding = peak(vae.decode, torch.empty(1, 4, 512, 512, device="meta"), 4)
    assert (round(painting, 1), round(decoding, 1)) == (2.7, 2.6)  # GiB, in docs/memory.md
