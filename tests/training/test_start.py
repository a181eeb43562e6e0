"""First weights of a super-resolution network: it begins with what it is shown."""

import pytest
import torch

from if_graph.errors import InputError
from if_graph.models.config import config_from_json
from if_graph.models.unet import UNet
from if_graph.training.start import start_as_copy, start_quiet


def quiet(fields):
    torch.manual_seed(0)
    unet = UNet(config_from_json(fields))
    start_quiet(unet)
    return unet


@pytest.mark.parametrize("t", [0, 500, 999])
def test_a_network_that_starts_from_low_res_answers_with_it(tiny_super_res_json, t):
    unet = quiet(tiny_super_res_json | {"norm_num_groups": 1, "block_out_channels": [16, 32]})
    start_as_copy(unet)
    x_t = torch.randn(2, 3, 16, 16)
    low_res = torch.rand(2, 3, 1, 1).expand(2, 3, 16, 16) * 2 - 1
    with torch.no_grad():
        text = unet.read_text(torch.randn(2, 7, unet.config.encoder_hid_dim))
        answer = unet(torch.cat([x_t, low_res], dim=1), torch.full((2,), t), text, torch.zeros(2).long())
    torch.testing.assert_close(answer[:, :3, 2:-2, 2:-2], low_res[:, :, 2:-2, 2:-2], atol=0.15, rtol=0)


def test_a_network_with_many_norm_groups_cannot_start_as_copy(tiny_super_res_json):
    with pytest.raises(InputError, match="norm groups, expected at least 14, and 1"):
        start_as_copy(quiet(tiny_super_res_json | {"norm_num_groups": 4}))
