"""Starting from pictures: golden numbers, masks, and what is refused."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.testing import assert_close

from if_graph.cascade.edit import Start, binary
from if_graph.cascade.plan import SamplingPlan
from if_graph.cascade.resize import fitted_size, resize, resize_mask
from if_graph.errors import InputError

TOLERANCE = 3e-4  # as in test_stage.py: ten steps amplify the order of sums


@pytest.fixture
def image(wave):
    return wave(1, 3, 16, 16, f=0.21)


@pytest.fixture
def mask():
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., 4:12, 4:12] = 1
    return mask


def check(pixels, mean, std, first, last, tolerance=TOLERANCE):
    assert (pixels.mean().item(), pixels.std().item()) == pytest.approx((mean, std), abs=tolerance)
    assert_close(pixels.flatten()[:6], torch.tensor(first), atol=tolerance, rtol=0)
    assert_close(pixels.flatten()[-3:], torch.tensor(last), atol=tolerance, rtol=0)


def test_image_to_image_gives_the_golden_picture(stage_1, make_request, paint, image):
    pixels = paint(stage_1, make_request(start=Start(image, 0.7), guidance_scale=10.0))
    first = [-0.203763, 0.330787, -0.086578, 0.242602, 0.119954, 0.318477]
    # this case and the next are chaotic: the peer itself moves by 0.03 from machine to machine, and ours with
    # it to the last bit; test_edit_reference.py holds the two together
    check(pixels, 0.0053396, 0.5331178, first, [0.020995, -0.080303, -0.568891], tolerance=0.06)


def test_inpainting_gives_the_golden_picture(stage_1, make_request, paint, image, mask):
    pixels = paint(stage_1, make_request(start=Start(image, 1.0, mask, "clean")))
    first = [0.0, 0.20846, 0.40776, 0.589145, 0.744643, 0.867423]
    check(pixels, 0.0219102, 0.6885533, first, [-0.415757, -0.596212, -0.750471], tolerance=0.06)
    assert_close(pixels.flatten()[:6], torch.tensor(first), atol=TOLERANCE, rtol=0)  # the known region


@pytest.mark.parametrize("sampler", ["ddpm", "ddim", "unipc"])
@pytest.mark.parametrize("known_region", ["clean", "renoised"])
def test_the_protected_region_is_returned_untouched(
    stage_1, make_request, paint, image, mask, known_region, sampler
):
    start = Start(image, 0.6, mask, known_region)
    pixels = paint(stage_1, make_request(start=start, plan=SamplingPlan(sampler, steps=5)))
    kept = mask.expand_as(image) == 0
    assert torch.equal(pixels[kept], image[kept])
    assert not torch.equal(pixels[~kept], image[~kept])


def test_a_renoised_region_has_the_noise_of_its_step(stage_1, make_request, mask):
    flat = torch.zeros(1, 3, 64, 64)
    wide = torch.nn.functional.interpolate(mask, scale_factor=4)
    request = make_request(
        start=Start(flat, 1.0, wide), size=(64, 64), guidance_scale=1.0, plan=SamplingPlan(steps=4)
    )
    steps = list(stage_1.sample(request))
    levels = request.plan.trajectory(stage_1.diffusion).alpha_bar[1:]
    for step, level in zip(steps, levels, strict=True):
        known = step.x_t[..., :16, :]
        assert known.std().item() == pytest.approx((1 - level).sqrt().item(), rel=0.05)


def test_strength_runs_its_share_of_the_steps(stage_1, make_request, image):
    for strength, kept in ((0.1, 1), (0.39, 3), (1.0, 10)):
        steps = list(stage_1.sample(make_request(start=Start(image, strength), guidance_scale=1.0)))
        assert [step.t for step in steps] == [900 - 100 * i for i in range(10)][10 - kept :]


def test_less_noise_keeps_more_of_the_picture(stage_1, make_request, image):
    trajectory = SamplingPlan(steps=10).trajectory(stage_1.diffusion)
    noise = torch.zeros_like(image)
    kept = Start(image, 1.0, less_noise=3).noised(noise, trajectory)
    assert_close(kept, image * trajectory.alpha_bar[3].sqrt())


def test_one_picture_serves_every_row_and_each_row_its_own_seed(stage_1, make_request, paint, image):
    one = make_request(start=Start(image, 0.5), guidance_scale=1.0, plan=SamplingPlan(steps=4))
    seeds = [torch.Generator().manual_seed(5), torch.Generator().manual_seed(0)]
    two = make_request(
        start=Start(image, 0.5), guidance_scale=1.0, plan=SamplingPlan(steps=4),
        positive=one.positive.repeat(2), generators=seeds,
    )  # fmt: skip
    assert_close(paint(stage_1, two)[1:], paint(stage_1, one), atol=TOLERANCE, rtol=0)


def test_masks_are_rounded_without_touching_the_callers():
    mask = torch.tensor([0.49, 0.5, 0.51])
    assert binary(mask).tolist() == [0, 1, 1]
    assert mask.tolist() == pytest.approx([0.49, 0.5, 0.51])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"strength": 1.5}, "strength is 1.5, expected 0 to 1"),
        ({"strength": -0.1}, "strength is -0.1, expected 0 to 1"),
        ({"strength": float("nan")}, "strength is nan"),
        ({"known_region": "grey"}, "known_region is 'grey'"),
        ({"mask": torch.ones(1, 1, 16, 8)}, "mask is 8 x 16 pixels and the picture 16 x 16"),
        ({"mask": torch.ones(1, 16, 16)}, "mask has shape"),
        ({"pixels": torch.ones(3, 16, 16)}, "start picture has shape"),
        (
            {"pixels": torch.ones(3, 3, 16, 16), "mask": torch.ones(2, 1, 16, 16)},
            "got 2 masks for 3 pictures",
        ),
    ],
)
def test_a_bad_start_cannot_be_made(image, fields, words):
    with pytest.raises(InputError, match=words) as caught:
        Start(**({"pixels": image} | fields))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (Start(torch.zeros(1, 3, 16, 16), 0.0), "strength 0.0 of 10 steps leaves none to run; take 0.1"),
        (Start(torch.zeros(1, 3, 16, 16), 0.05), "leaves none to run"),
        (Start(torch.zeros(1, 3, 16, 16), 0.3, less_noise=3), "less_noise is 3, expected 0 to 2"),
        (Start(torch.zeros(1, 3, 8, 16), 0.5), "the start picture is 16 x 8 pixels, expected 16 x 16"),
        (Start(torch.zeros(2, 3, 16, 16), 0.5), "got 2 start pictures for 1 prompts"),
        (Start(torch.zeros(1, 3, 16, 16), 0.5, torch.ones(2, 1, 16, 16)), "got 2 masks for 1 prompts"),
    ],
)
def test_a_start_that_does_not_fit_is_refused_before_any_work(stage_1, make_request, start, words):
    with pytest.raises(InputError, match=words):
        stage_1.sample(make_request(start=start))


@pytest.mark.parametrize(
    ("size", "side", "multiple", "wanted"),
    [
        ((64, 64), 64, 8, (64, 64)),
        ((300, 451), 64, 8, (64, 96)),
        ((451, 300), 64, 8, (96, 64)),
        ((300, 451), 256, 32, (256, 384)),
        ((1000, 333), 64, 8, (192, 64)),
    ],
)
def test_fitted_sizes_keep_the_shape(size, side, multiple, wanted):
    assert fitted_size(size, side, multiple) == wanted


def test_a_side_that_is_no_multiple_is_refused():
    with pytest.raises(InputError, match="side is 60, expected a multiple of 8; take 56 or 64"):
        fitted_size((64, 64), 60)


def test_resizing_gives_the_8_bit_levels_of_the_published_pipelines():
    levels = np.random.default_rng(0).integers(0, 256, (37, 53, 3), dtype=np.uint8)
    pixels = torch.from_numpy(levels).permute(2, 0, 1)[None] / 127.5 - 1
    wanted = np.asarray(Image.fromarray(levels).resize((24, 16), Image.Resampling.BICUBIC))
    assert_close(resize(pixels, (16, 24))[0].permute(1, 2, 0), torch.from_numpy(wanted.copy()) / 127.5 - 1)


def test_a_resized_mask_is_still_a_mask():
    mask = torch.zeros(1, 1, 40, 40)
    mask[..., 10:30, 10:30] = 1
    small = resize_mask(mask, (16, 16))
    assert set(small.unique().tolist()) == {0, 1}
    assert small.sum() == 64
