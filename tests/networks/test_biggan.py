"""BigGAN and BigGAN-deep: the published channels, chunks of z, the shared embedding, initialisation."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from saddlepoint.errors import UserError
from saddlepoint.networks import BigGan, BigGanDeep
from saddlepoint.networks.biggan import channel_chains, halvings


def _build(pair: BigGan | BigGanDeep, side: int, channels: int = 3, classes: int = 0) -> tuple[Any, Any]:
    # Any, because torch types a module's parts as tensors or modules.
    torch.manual_seed(0)
    return pair.build((channels, side, side), classes=classes)


@pytest.mark.parametrize(
    ("side", "generator_in", "generator_out", "discriminator"),
    [
        (32, [4, 4, 4], [4, 4, 4], [4, 4, 4, 4]),
        (64, [16, 16, 8, 4], [16, 8, 4, 2], [1, 2, 4, 8, 16]),
        (128, [16, 16, 8, 4, 2], [16, 8, 4, 2, 1], [1, 2, 4, 8, 16, 16]),
        (256, [16, 16, 8, 8, 4, 2], [16, 8, 8, 4, 2, 1], [1, 2, 4, 8, 8, 16, 16]),
        (512, [16, 16, 8, 8, 4, 2, 1], [16, 8, 8, 4, 2, 1, 1], [1, 1, 2, 4, 8, 8, 16, 16]),
    ],
)
def test_the_published_table_of_channels(side, generator_in, generator_out, discriminator):
    with torch.device("meta"):
        made, judge = _build(BigGan(width=96), side)
    convolutions = [(block.first.in_channels // 96, block.first.out_channels // 96) for block in made.blocks]
    assert [first for first, _ in convolutions] == generator_in
    assert [second for _, second in convolutions] == generator_out
    blocks = [block for block in judge.blocks if hasattr(block, "down")]
    assert [block.first.out_channels // 96 for block in blocks] == discriminator
    halving = [block.down for block in blocks]
    assert halving == ([True, True, False, False] if side == 32 else [True] * (len(blocks) - 1) + [False])


def test_sizes_beyond_the_table_go_on_with_single_widths():
    assert channel_chains(96, 9)[0][-3:] == [96, 96, 96] and channel_chains(96, 9)[1][:3] == [96, 96, 96]
    assert [len(chain) for chain in channel_chains(96, 9)] == [10, 10] and halvings(9) == 9


@pytest.mark.parametrize(("latent", "chunks"), [(120, [20] * 6), (128, [22, 22, 21, 21, 21, 21])])
def test_every_block_has_a_chunk_of_z_beside_the_shared_embedding(latent, chunks):
    with torch.device("meta"):
        generator, _ = _build(BigGan(latent=latent), 128, classes=1000)
    assert generator.embedding is not None and generator.embedding.weight.shape == (1000, 128)
    widths = [block.first_norm.gain.in_features - 128 for block in generator.blocks]
    assert [generator.linear.in_features, *widths] == chunks


def test_a_chunk_moves_nothing_before_its_own_block():
    generator, _ = _build(BigGan(width=1, latent=12, embedding=3), 32, channels=1, classes=3)
    generator.eval()
    assert generator.chunks == [3, 3, 3, 3]
    seen: list[Tensor] = []
    for block in generator.blocks:
        block.register_forward_hook(lambda module, given, output: seen.append(output))
    z, labels = torch.randn(2, 12), torch.tensor([0, 2])
    generator(z, labels)
    for chunk in range(4):
        changed = z.clone()
        changed[:, 3 * chunk : 3 * chunk + 3] += 1.0
        generator(changed, labels)
        same = [torch.equal(before, after) for before, after in zip(seen[:3], seen[-3:], strict=True)]
        first_moved = max(chunk - 1, 0)
        assert same == [True] * first_moved + [False] * (3 - first_moved)


def test_z_shorter_than_its_chunks_is_refused_with_a_way_out():
    with pytest.raises(
        UserError, match=r"latent 3, cut into 4 chunks.*set networks.latent=80, or networks.conditioning=shared"
    ):
        BigGan(latent=3).build((3, 32, 32))
    BigGan(latent=3, width=1, conditioning="shared").build((3, 32, 32))


@pytest.mark.parametrize("pair", [BigGan(width=4), BigGanDeep(width=8)], ids=repr)
def test_weights_are_orthogonal_before_spectral_norm(pair):
    torch.manual_seed(0)
    for network in pair.build((3, 32, 32), classes=5):
        count = 0
        for path, weight in network.named_parameters():
            if weight.dim() > 1:
                matrix = weight.flatten(1)
                matrix = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
                torch.testing.assert_close(matrix @ matrix.T, torch.eye(len(matrix)), atol=1e-5, rtol=0, msg=path)
                count += 1
            elif path.endswith("bias"):
                assert not weight.any(), path
        assert count > 10


def test_the_cifar_net_has_normal_weights_a_set_of_gains_per_class_and_no_attention():
    torch.manual_seed(0)
    pair = BigGan(latent=128, width=64, conditioning="separate", attention=None, initialisation="normal")
    generator, discriminator = pair.build((3, 32, 32), classes=10)
    counts = [sum(p.numel() for p in network.parameters()) for network in (generator, discriminator)]
    # Block by block: 3x3, 3x3 and 1x1 convolutions with biases at 256 channels, and 2 x 2 sets of 10 x 256.
    block = 2 * (9 * 256**2 + 256) + 256**2 + 256
    first = 9 * 256 * 3 + 9 * 256**2 + 256 * 3 + 3 * 256
    assert counts == [
        129 * 4096 + 3 * (block + 4 * 10 * 256) + 2 * 256 + 9 * 256 * 3 + 3,
        first + block + 2 * 2 * (9 * 256**2 + 256) + 257 + 10 * 256,
    ]
    assert generator.embedding is None and generator.chunks is None and generator.attention is None
    for network in (generator, discriminator):
        for path, weight in network.named_parameters():
            if weight.dim() > 1 and weight.numel() > 200:
                assert weight.std().item() == pytest.approx(0.02, rel=0.1), path


def test_without_classes_and_without_chunks_batch_norm_is_plain():
    generator, _ = BigGan(width=1, conditioning="shared").build((1, 16, 16))
    norms = [module for module in generator.modules() if isinstance(module, nn.BatchNorm2d)]
    assert norms and all(norm.affine for norm in norms)


def test_the_skips_of_bottlenecks_carry_channels_unchanged():
    generator, discriminator = _build(BigGanDeep(width=2), 64, channels=1)
    up = next(block for block in generator.blocks if block.size is not None and block.outputs == 16)
    down = discriminator.blocks[1]
    for block in (up, down):
        last = block.convolutions[3]
        parametrize.remove_parametrizations(last, "weight")
        nn.init.zeros_(last.weight)
    maps = torch.randn(2, 32, 8, 8)
    doubled = maps[:, :16].repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(up(maps, torch.randn(2, 128)), doubled)
    maps = torch.randn(2, 2, 8, 8)
    pooled = maps.unflatten(2, (4, 2)).unflatten(4, (4, 2)).mean((3, 5))
    torch.testing.assert_close(down(maps)[:, :2], pooled)


def test_a_size_of_the_deep_generator_is_depth_blocks_the_last_of_which_doubles():
    with torch.device("meta"):
        generator, discriminator = _build(BigGanDeep(depth=3, attention=None), 64)
    assert [block.size for block in generator.blocks] == [
        size for side in (8, 16, 32, 64) for size in (None, None, (side, side))
    ]
    assert [block.down for block in discriminator.blocks[1:]] == [True, False, False] * 4
