"""Table 1 of Miao et al. as trainings: what each network sees, and what the data allow."""

import torch
from torch.testing import assert_close

from stlib.recipes import experiment
from stlib.recipes.stdcf_tempo import EXPERIMENTS, HALF, NEAR, SPACED
from stlib.stages import WHOLE, View
from stlib.viewing import laid_out


def test_stdcf_table_1_networks_see_what_the_table_says():  # stdcf-table-1
    """16 whole frames with dilation 1 or 2; half-size frames, then whole ones with dilation 2."""
    seen = {
        NEAR: (WHOLE, WHOLE),
        SPACED: (View(temporal_dilation=2), View(temporal_dilation=2)),
        HALF: (View(shrink=2), View(spatial_dilation=2)),
    }
    assert [each.name for each in EXPERIMENTS] == list(seen)
    for name, (learned, tested) in seen.items():
        for recipe in (experiment(name).smoke, experiment(name).lab, experiment(name).paper):
            assert {stage.view for stage in recipe.stages} == {learned}
            assert recipe.test_view == tested
        assert experiment(name).paper.data.frames == experiment(name).lab.data.frames == 16


def test_networks_of_table_1_read_a_fast_clip_as_the_slow_one():
    """No pool over time, batch norm and biases included: equal on the frames that both have."""
    recipe = experiment(SPACED).lab
    torch.manual_seed(0)
    network = recipe.network.build()
    network(torch.rand(4, 8, 1, 16, 16))  # so that the statistics are not those of the start
    network.double().eval()
    clip = recipe.data.open("test")[0][None].double()
    with torch.no_grad():
        with laid_out(network, recipe.test_view):
            slow = network.features(clip)
        fast = network.features(clip[:, ::2])
    assert fast.abs().max() > 0
    assert_close(slow[:, :, ::2], fast, rtol=0, atol=1e-10)
