"""Every registered variant, and the parts that variants share."""

from __future__ import annotations

import copy
from functools import cache
from math import prod
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
import torch
import torchvision
from torch.nn import functional as F

from gan_bench.budget import PRESETS
from gan_bench.core.errors import UserError
from gan_bench.core.seeds import stream
from gan_bench.generators import VARIANTS, blocks, cyclegan, pacgan2, points, srgan, vae
from gan_bench.generators.adversarial import AdversarialVariant, Discriminating
from gan_bench.generators.settings import fault_of, wanted_by
from gan_bench.images import tasks
from gan_bench.records import FROM_LATENTS, PANELS
from tests.conftest import CPU
from tests.factories import small

SHAPES = [(1, 32, 32), (3, 32, 32)]
NAMES = VARIANTS.names()
ADVERSARIAL = [name for name in NAMES if issubclass(VARIANTS.get(name), AdversarialVariant)]


def batch(variant, n: int):
    rng = torch.Generator().manual_seed(0)
    size = variant.settings.batch_size
    reals = [torch.rand(size, *variant.image_shape, generator=rng) * 2 - 1 for _ in range(n)]
    labels = [torch.randint(0, 10, (size,), generator=rng) for _ in range(n)]
    return reals, labels


def one_step(variant, step: int = 0):
    torch.manual_seed(step)
    return variant.train_step(step, *batch(variant, variant.n_batches(step)), torch.Generator().manual_seed(step))


def snapshot(variant):
    return {name: value.clone() for name, value in variant.generator.state_dict().items()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", SHAPES)
def test_images_have_the_datasets_shape_and_range(name, shape):
    variant = small(name, shape)
    with torch.no_grad():
        if variant.task == "generate":
            z = variant.draw_z(5, torch.Generator().manual_seed(0))
            assert z.shape == (5, variant.settings.z_dim)
            images = variant.generate(z, torch.arange(5))
        else:
            images = variant.transform(tasks.SOURCES[variant.task](torch.rand(5, *shape) * 2 - 1))
    assert images.shape == (5, *shape) and images.abs().max() <= 1 and images.isfinite().all()


@pytest.mark.parametrize("name", [name for name in NAMES if VARIANTS.get(name).for_points is not None])
def test_points_are_drawn_in_full_precision(name):
    """bfloat16 near 1 knows steps of 2^-7, most of a ring mode's sigma of .01."""
    kind = VARIANTS.get(name)
    settings = kind.settings_type(**(kind.default_settings(64, short=True, points=True) | {"batch_size": 50}))
    variant = kind((2, 1, 1), 8, settings, seed=0, device=torch.device("cpu"))
    one_step(variant)
    z = variant.draw_z(500, torch.Generator().manual_seed(0))
    with torch.no_grad(), variant.evaluating(), variant.autocast():
        made = variant.generate(z, torch.zeros(500, dtype=torch.int64))
    assert z.shape == (500, 2) and made.shape == (500, 2, 1, 1) and made.dtype == variant.precision == torch.float32
    assert len(made.unique()) > 900


def test_points_networks_have_the_papers_sizes():
    """G: 2-400-400-400-400-2, no biases under batch norm; D: maxout layers of 200 units with 5 pieces on a pack of two."""
    kind = VARIANTS.get("pacgan2")
    settings = kind.settings_type(**kind.default_settings(64, points=True))
    assert (settings.lr, settings.beta1, settings.batch_size) == (1e-4, 0.8, 100)
    nets = points.networks(settings, (2, 1, 1), packed=2)
    generator, discriminator = (sum(p.numel() for p in net.parameters()) for net in nets.values())
    assert generator == 2 * 400 + 3 * 400 * 400 + 4 * 2 * 400 + 802
    assert discriminator == 5 * 1000 + 2 * 201 * 1000 + 201


def test_a_pack_is_two_batches_side_by_side():
    """Image i of one batch beside image i of the other, so that D sees samples together and not their order."""
    one, two = torch.rand(4, 3, 8, 8), torch.rand(4, 3, 8, 8)
    packed = pacgan2.pack([one, two])
    assert torch.equal(packed[:, :3], one) and torch.equal(packed[:, 3:], two)
    variant = small("pacgan2")
    assert variant.n_batches(0) == 2 and variant.discriminator[0].in_channels == 6


@pytest.mark.parametrize("name", NAMES)
def test_a_step_moves_the_generator_and_reports_finite_losses(name):
    variant = small(name)
    before = snapshot(variant)
    losses = one_step(variant)
    assert losses and all(value.ndim == 0 and value.isfinite() and not value.requires_grad for value in losses.values())
    assert any(not torch.equal(before[k], v) for k, v in variant.generator.state_dict().items())


@pytest.mark.parametrize("name", NAMES)
def test_a_step_returns_the_names_that_the_variant_declares(name):
    """All of them and no others, but for a penalty or accuracies that the variant does not have."""
    kind = VARIANTS.get(name)
    variant = small(name, pixel_steps=1) if name == "srgan" else small(name)
    returned = {column for step in range(2) for column in one_step(variant, step)}
    absent = set()
    if issubclass(kind, Discriminating):
        absent |= {"d_penalty"} if kind.d_penalty is Discriminating.d_penalty else set()
        absent |= {"real_accuracy", "fake_accuracy"} if kind.boundary is None else set()
    assert returned == set(kind.curves) - absent and set(kind.curves.values()) <= set(PANELS)


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_weights_after_steps(name):
    one, two, other = small(name, seed=3), small(name, seed=3), small(name, seed=4)
    for variant in (one, two, other):
        one_step(variant, 0)
        one_step(variant, 1)
    assert all(torch.equal(a, b) for a, b in zip(snapshot(one).values(), snapshot(two).values(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(snapshot(one).values(), snapshot(other).values(), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_state_restores_everything_a_step_depends_on(name):
    straight, resumed = small(name), small(name, seed=9)
    one_step(straight, 0)
    resumed.load_state(copy.deepcopy(straight.state()))  # as through a file: optimisers would share their tensors
    one_step(straight, 1)
    one_step(resumed, 1)
    assert all(torch.equal(a, b) for a, b in zip(snapshot(straight).values(), snapshot(resumed).values(), strict=True))


def test_samples_come_from_the_running_average_of_the_generator():
    """Two updates by hand: the average starts at the first weights and follows with decay 1/5, then 2/6."""
    variant = small("dcgan", ema=0.99)
    weight = lambda net: next(net.parameters()).detach().clone()  # noqa: E731
    expected = weight(variant.generator)
    for step, decay in enumerate((1 / 5, 2 / 6)):
        one_step(variant, step)
        expected = decay * expected + (1 - decay) * weight(variant.generator)
    assert torch.allclose(weight(variant.sampler), expected, atol=1e-7)
    z, labels = torch.randn(3, variant.settings.z_dim), torch.zeros(3, dtype=torch.int64)
    with torch.no_grad():
        assert torch.equal(variant.generate(z, labels), variant.sampler(z))
    assert variant.parameter_counts() == small("dcgan").parameter_counts()


def test_a_vae_reconstructs_by_the_averages_of_both_its_networks():
    """The live encoder beside the averaged decoder would be two networks that were never trained together."""
    images = torch.rand(2, 3, 32, 32) * 2 - 1
    for ema, moves in ((0.9, False), (0.0, True)):
        variant = small("vae", ema=ema)
        one_step(variant, 0)
        with torch.no_grad(), variant.evaluating():
            before = variant.reconstruct(images)
            for parameter in variant.encoder.parameters():
                parameter.add_(0.1)
            assert torch.equal(before, variant.reconstruct(images)) is not moves
    assert small("vae", ema=0.9).parameter_counts() == small("vae").parameter_counts()


def test_the_running_average_is_part_of_the_state():
    straight, resumed = small("dcgan", ema=0.9), small("dcgan", ema=0.9, seed=9)
    one_step(straight, 0)
    resumed.load_state(copy.deepcopy(straight.state()))
    for variant in (straight, resumed):
        one_step(variant, 1)
    pairs = zip(straight.sampler.state_dict().values(), resumed.sampler.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("name", NAMES)
def test_building_leaves_the_global_stream_alone(name):
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    small(name)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("name", NAMES)
def test_every_variant_says_where_it_is_from(name):
    kind = VARIANTS.get(name)
    assert kind.title and kind.paper and kind.__module__ and kind.default_settings(16)["width"] == 16


def test_non_saturating_losses_are_the_papers():
    real, fake = torch.tensor([[0.3], [-1.0]]), torch.tensor([[0.2], [2.0]])
    d_real, d_fake = real.sigmoid(), fake.sigmoid()
    assert blocks.nonsaturating_d_loss(real, fake).item() == pytest.approx(
        -(d_real.log().mean() + (1 - d_fake).log().mean()).item(), rel=1e-6
    )
    assert blocks.nonsaturating_g_loss(fake).item() == pytest.approx(-d_fake.log().mean().item(), rel=1e-6)


def test_maxout_takes_the_largest_piece():
    layer = blocks.Maxout(2, 3, pieces=4)
    x = torch.randn(5, 2)
    pieces = layer.linear(x)
    assert torch.equal(layer(x), torch.stack([pieces[:, unit::3].max(1).values for unit in range(3)], 1))


def test_dropout_draws_its_mask_from_uniform_numbers():
    """These are the same on every CPU from one seed. The masks of PyTorch's own layer are not."""
    layer, x = blocks.Dropout(0.3), torch.randn(50, 40)
    torch.manual_seed(5)
    found = layer(x)
    torch.manual_seed(5)
    torch.testing.assert_close(found, x * (torch.rand(50, 40) >= 0.3) / 0.7)
    assert torch.equal(layer.eval()(x), x)
    assert layer.train()(x.bfloat16()).dtype == torch.bfloat16


@pytest.mark.parametrize("name", NAMES)
def test_no_network_draws_masks_that_depend_on_the_maker_of_the_cpu(name):
    modules = [m for network in small(name)._modules.values() for m in network.modules()]
    assert not any(isinstance(m, torch.nn.modules.dropout._DropoutNd) for m in modules)


def test_convolutional_variants_that_start_from_latents_share_one_batch_size_at_short_budgets():
    """A short budget has too few updates: a smaller batch would be an advantage that has nothing to do with the kind of GAN."""
    sizes = {}
    for name in VARIANTS.names():
        variant = small(name)
        convolutional = any(isinstance(m, torch.nn.ConvTranspose2d) for m in variant.generator.modules())
        if variant.task == FROM_LATENTS and convolutional:
            sizes[name] = VARIANTS.get(name).default_settings(32, short=True)["batch_size"]
    assert len(sizes) >= 7 and set(sizes.values()) == {16}, sizes


@pytest.mark.parametrize("side", [16, 32, 64])
def test_dcgan_networks_fit_any_power_of_two(side):
    z = torch.randn(2, 10)
    images = blocks.dcgan_generator(10, (3, side, side), 4)(z)
    assert images.shape == (2, 3, side, side)
    assert blocks.dcgan_discriminator((3, side, side), 4, batch_norm=True)(images).shape == (2, 1)


def test_dcgan_refuses_other_sides():
    with pytest.raises(ValueError, match="28 is not 4 times a power of two"):
        blocks.dcgan_generator(10, (1, 28, 28), 4)


def test_gradient_penalty_is_taken_per_sample():
    """A linear critic f(x) = w.x has the gradient w at every x, so the penalty is gp_weight * (|w| - 1)^2 exactly, whatever
    the batch size. Norms over the wrong axis, or one over the whole batch, give something else."""
    variant = small("wgan-gp", gp_weight=10.0)
    linear = torch.nn.Linear(prod(variant.image_shape), 1)
    variant.discriminator = torch.nn.Sequential(torch.nn.Flatten(), linear)
    expected = 10.0 * (linear.weight.norm().item() - 1) ** 2
    for n in (1, 7):
        real, fake = torch.rand(2, n, *variant.image_shape)
        penalty = variant.d_penalty(real, fake, torch.Generator().manual_seed(0))
        assert penalty.item() == pytest.approx(expected, rel=2e-2)  # bfloat16 keeps 8 bits


def test_gradient_penalty_trains_the_critic():
    variant = small("wgan-gp")
    real, fake = torch.rand(2, 4, *variant.image_shape)
    variant.d_penalty(real, fake, torch.Generator().manual_seed(0)).backward()
    assert all(
        p.grad is not None and p.grad.isfinite().all() for n, p in variant.discriminator.named_parameters() if "weight" in n
    )


def test_the_wgan_critic_has_no_layer_that_mixes_samples():
    critic = small("wgan-gp").discriminator
    x = torch.randn(4, 3, 32, 32)
    assert torch.allclose(critic(x)[:1], critic(x[:1]), atol=1e-5)


@pytest.mark.parametrize("name", [n for n in NAMES if issubclass(VARIANTS.get(n), Discriminating)])
def test_a_shared_pass_is_as_good_as_two(name):
    """Batch statistics, running ones too, and minibatch layers see reals and fakes apart."""
    settings = [{"minibatch": m} for m in blocks.MINIBATCH] if name == "dcgan" else [{}]
    for changes in settings:
        one, two = small(name, **changes), small(name, **changes)
        rng = torch.Generator().manual_seed(0)
        real, fake = (variant_input(one, torch.rand(4, *one.image_shape, generator=rng) * scale) for scale in (1, 0.2))
        for variant in (one, two):  # dropout draws in another order, so it is switched off
            for module in variant.discriminator.modules():
                if isinstance(module, blocks.Dropout):
                    module.eval()
        expected = [one.discriminator(real), one.discriminator(fake)]
        found = blocks.together(two.discriminator, real, fake)
        assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(expected, found, strict=True))
        pairs = zip(one.discriminator.buffers(), two.discriminator.buffers(), strict=True)
        assert name == "sngan" or all(torch.allclose(a, b, atol=1e-6) for a, b in pairs)  # a power iteration a pass


def variant_input(variant, images):
    if isinstance(variant, pacgan2.PacGAN2):
        return pacgan2.pack([images, images.flip(0)])
    return variant.d_input(images, torch.arange(len(images))) if isinstance(variant, AdversarialVariant) else images


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_the_generator_step_leaves_the_discriminator_alone(name):
    variant = small(name)
    z, labels = variant.draw_z(8, torch.Generator().manual_seed(0)), torch.arange(8)
    fake = variant_input(variant, variant.generator(variant.g_input(z, labels)))
    before = [p.clone() for p in variant.discriminator.parameters()]
    variant.update_g(fake)
    assert all(torch.equal(a, b) and b.requires_grad for a, b in zip(before, variant.discriminator.parameters(), strict=True))
    assert all(p.grad is None for p in variant.discriminator.parameters())


def test_frozen_networks_pass_gradients_on_and_keep_none():
    """Also where the block ends in an error, the weights can be trained again."""
    net, x = torch.nn.Linear(2, 1), torch.ones(1, 2, requires_grad=True)
    with pytest.raises(KeyError), blocks.frozen(net):
        net(x).sum().backward()
        raise KeyError
    assert torch.equal(x.grad, net.weight) and all(p.grad is None and p.requires_grad for p in net.parameters())


def test_the_two_time_scales_are_the_optimisers():
    variant = small("wgan-gp", lr=1e-4, d_lr_ratio=4.0)
    rates = [variant.optimisers[name].param_groups[0]["lr"] for name in ("g_optimiser", "d_optimiser")]
    assert rates == pytest.approx([1e-4, 4e-4])


def test_wgan_gp_takes_five_batches_a_step():
    assert small("wgan-gp").n_batches(0) == 5


def test_wgan_takes_long_turns_as_its_authors_do():
    turns = [small("wgan").n_batches(step) for step in (0, 24, 25, 499, 500, 501)]
    assert turns == [100, 100, 5, 5, 100, 5]


def test_the_wgan_critic_is_clipped_after_each_step():
    variant = small("wgan", clip=0.003, n_critic=2, long_turns=False)
    one_step(variant)
    largest = max(p.abs().max().item() for p in variant.discriminator.parameters())
    assert largest == pytest.approx(0.003)


def test_least_squares_losses_vanish_at_their_targets():
    """D: reals 1, fakes 0; G: fakes 1. Anywhere else, half the squared distance."""
    variant = small("lsgan")
    one, zero = torch.ones(4, 1), torch.zeros(4, 1)
    assert variant.d_loss(one, zero) == 0 and variant.d_loss(zero, one) == 1
    assert variant.g_loss(one) == 0 and variant.g_loss(one * 3) == 2


def test_the_hinge_stops_where_d_is_sure():
    variant = small("sngan")
    one = torch.ones(4, 1)
    assert variant.d_loss(one * 2, one * -2) == 0 and variant.d_loss(one * 0.5, one * -0.5) == 1 and variant.g_loss(one) == -1


def test_spectral_norms_of_the_sngan_critic_are_one():
    """Each kernel as a matrix (out, in * k * k) has 1 as its largest singular value, once power iteration has settled."""
    critic = small("sngan").discriminator
    x = torch.randn(2, 3, 32, 32)
    for _ in range(100):
        critic(x)
    critic.eval()
    for module in critic.modules():
        if isinstance(module, torch.nn.Conv2d):
            assert torch.linalg.matrix_norm(module.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.02)


def test_the_label_reaches_both_networks_of_cgan():
    variant = small("cgan")
    z, images = torch.randn(1, variant.settings.z_dim).repeat(2, 1), torch.rand(1, 3, 32, 32).repeat(2, 1, 1, 1)
    labels = torch.tensor([3, 7])
    with torch.no_grad():
        variant.sampler.eval()
        variant.discriminator.eval()
        one, other = variant.generate(z, labels)
        assert not torch.allclose(one, other, atol=1e-4)
        one, other = variant.discriminator(variant.d_input(images, labels))
        assert not torch.allclose(one, other, atol=1e-6)
    planes = variant.d_input(images, labels)[:, 3:]
    assert planes[1, 7].norm() == pytest.approx(1) and planes[1].sum() == pytest.approx(planes[1, 7].sum())


def test_the_elbo_of_the_vae_by_torch_distributions():
    mean, log_var = torch.randn(5, 7), torch.randn(5, 7)
    q, prior = torch.distributions.Normal(mean, (log_var / 2).exp()), torch.distributions.Normal(0.0, 1.0)
    assert torch.allclose(vae.standard_normal_kl(mean, log_var), torch.distributions.kl_divergence(q, prior).sum(1), atol=1e-4)
    x, decoded = torch.randn(2, 100)
    mse = (x - decoded).square().mean()
    expected = -torch.distributions.Normal(decoded, mse.sqrt()).log_prob(x).sum()
    assert vae.best_normal_nll(mse, 100).item() == pytest.approx(expected.item(), rel=1e-5)


def test_the_vae_takes_grey_pixels_for_probabilities():
    """-log Bernoulli(x; p) of pixels of -1 and 1, with p = (tanh + 1) / 2, summed over an image."""
    variant, raw = small("vae", (1, 32, 32)), torch.randn(3, 1, 32, 32)
    real = torch.randn(3, 1, 32, 32).sign()
    p = (raw.tanh() + 1) / 2
    expected = -torch.where(real > 0, p, 1 - p).log().sum() / 3
    assert variant.nll(real, raw).item() == pytest.approx(expected.item(), rel=1e-4)


def test_the_vae_learns_to_reconstruct():
    variant, (reals, labels) = small("vae", lr=3e-3), batch(small("vae"), 1)
    first = variant.train_step(0, reals, labels, torch.Generator().manual_seed(0))
    for step in range(30):
        last = variant.train_step(0, reals, labels, torch.Generator().manual_seed(step))
    assert last["nll"] < first["nll"] and variant.reconstruct(reals[0]).shape == reals[0].shape


def test_the_outline_is_the_edge_of_a_square():
    square = torch.full((1, 1, 9, 9), -1.0)
    square[..., 3:6, 3:6] = 1
    outline = tasks.outline(square)
    expected = torch.full((9, 9), -1.0)
    expected[2:7, 2:7] = 1  # one pixel out, by dilation
    expected[4, 4] = -1  # the middle survives erosion
    assert torch.equal(outline[0, 0], expected)


def test_grey_keeps_grey_and_weighs_green_most():
    flat = torch.full((1, 3, 4, 4), 0.3)
    assert torch.allclose(tasks.grey(flat), flat)
    primaries = torch.eye(3).view(3, 3, 1, 1)
    assert torch.allclose(tasks.grey(primaries)[:, 0, 0, 0], torch.tensor([0.299, 0.587, 0.114]))


def test_shrinking_divides_the_side_by_four_and_keeps_a_flat_picture():
    small_picture = tasks.shrunk(torch.full((2, 3, 32, 32), -0.25))
    assert small_picture.shape == (2, 3, 8, 8) and torch.allclose(small_picture, torch.tensor(-0.25), atol=1e-6)


def test_the_pool_fills_first_and_then_shows_old_fakes_for_new_ones():
    pool, rng = cyclegan.Pool(4, (1, 1, 1)), torch.Generator().manual_seed(0)
    numbered = torch.arange(100.0).view(-1, 1, 1, 1)
    assert torch.equal(pool.exchange(numbered[:3], rng), numbered[:3])
    assert pool.filled == 3
    shown = torch.cat([pool.exchange(numbered[i : i + 3], rng) for i in range(3, 99, 3)]).flatten().tolist()
    new = set(range(3, 99))
    n_old = sum(image != latest for image, latest in zip(shown, range(3, 99), strict=True))
    assert set(shown) <= new | {0, 1, 2} and 30 < n_old < 66  # of 96, each old with probability .5: sd 5
    kept = set(pool.images.flatten().tolist())
    assert len(kept) == 4 and sorted([*shown, *kept]) == sorted([*range(99), 3])  # all once, but 3: shown while the pool filled


def test_slices_mirror_an_image_as_pytorch_does():
    """A GPU takes the one, a CPU the other."""
    one, other = (torch.rand(2, 3, 6, 5, generator=stream(0, "mirrored"), dtype=torch.float64).requires_grad_() for _ in "ab")
    made, expected = cyclegan.mirrored(one, 3), F.pad(other, (3, 3, 3, 3), mode="reflect")
    assert torch.equal(made, expected)
    weights = torch.rand(made.shape, generator=stream(1, "mirrored"), dtype=torch.float64)
    (made * weights).sum().backward()
    (expected * weights).sum().backward()
    assert torch.allclose(one.grad, other.grad)


def test_a_residual_translator_starts_as_the_identity():
    net = cyclegan.Translator(3, 8, 1, residual=True)
    torch.nn.init.zeros_(net.last.weight)
    torch.nn.init.zeros_(net.last.bias)
    x = torch.rand(2, 3, 32, 32) * 2 - 1
    assert torch.allclose(net(x), cyclegan.NEARLY * x, atol=1e-5)


def test_cyclegan_never_sees_a_pair(monkeypatch):
    """The source domain is made of the second batch, the target domain is the first."""
    variant = small("cyclegan")
    reals, labels = batch(variant, 2)
    seen = {}
    monkeypatch.setattr(
        variant, "update_generators", lambda source, target: seen.update(s=source, t=target) or (target, source, {})
    )
    variant.train_step(0, reals, labels, torch.Generator().manual_seed(0))
    assert torch.equal(seen["t"], reals[0]) and torch.equal(seen["s"], tasks.untranslated(reals[1]))


def test_srgan_learns_pixels_first_and_says_so():
    variant = small("srgan", pixel_steps=1)
    assert set(one_step(variant, 0)) == {"pixel_loss"} and variant.phase(0) != variant.phase(1)
    assert set(one_step(variant, 1)) >= {"d_loss", "real_accuracy", "fake_accuracy", "content_loss", "g_loss", "pixel_loss"}


def test_vgg19_content_takes_the_weights_that_are_available(tmp_path, monkeypatch):
    """In torchvision's format, with random values: the network is the paper's, and sees ImageNet's normalisation."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(UserError, match=r"needs torchvision's VGG19 weights at .*vgg19-dcbb9e9d.pth"):
        small("srgan", content="vgg19")
    (tmp_path / "checkpoints").mkdir()
    features = torchvision.models.vgg19(weights=None).features
    state = {f"features.{name}": value for name, value in features.state_dict().items()}
    torch.save(state, tmp_path / "checkpoints" / "vgg19-dcbb9e9d.pth")
    variant = small("srgan", content="vgg19")
    x = torch.rand(1, 3, 32, 32) * 2 - 1
    mean, std = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1), torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    expected = features[:36]((x / 2 + 0.5 - mean) / std)
    assert expected.shape == (1, 512, 2, 2) and torch.allclose(variant.content(x), expected, rtol=1e-3, atol=1e-4)


def test_the_content_network_is_frozen_and_small_images_fit():
    variant = small("srgan", (1, 32, 32))
    assert not any(p.requires_grad for p in variant.content.parameters())
    assert variant.content(variant.as_colour(torch.zeros(2, 1, 32, 32))).shape == (2, 24, 8, 8)
    assert not any("content" in name for name in variant.state())


def test_minibatch_std_of_a_known_batch():
    """Two samples at +1 and -1 in every feature: the deviation is 1, in one more plane."""
    x = torch.tensor([1.0, -1.0]).view(2, 1, 1, 1).expand(2, 3, 4, 4)
    seen = blocks.MinibatchStd(3)(x)
    assert seen.shape == (2, 4, 4, 4) and torch.allclose(seen[:, 3], torch.tensor(1.0)) and torch.equal(seen[:, :3], x)
    assert blocks.MinibatchStd(3)(x[:1].repeat(2, 1, 1, 1))[:, 3].max() < 1e-3  # a collapsed batch shows none


def test_minibatch_discrimination_counts_the_others_that_are_alike():
    layer = blocks.MinibatchDiscrimination(3, kernels=2, dims=2)
    torch.nn.init.ones_(layer.project.weight)
    alike, far = torch.zeros(3, 3, 4, 4), torch.full((1, 3, 4, 4), 50.0)
    seen = layer(torch.cat([alike, far]))[:, 3:, 0, 0]
    assert torch.allclose(seen, torch.tensor([[2.0, 2.0]] * 3 + [[0.0, 0.0]]), atol=1e-6)  # two others like it; none


def test_label_smoothing_moves_the_target_of_reals_alone():
    real, fake = torch.randn(2, 6, 1)
    target = torch.full_like(real, 0.9)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(real, target)
    expected = expected + torch.nn.functional.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    assert blocks.nonsaturating_d_loss(real, fake, 0.1).item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("changes", [{"minibatch": "std"}, {"minibatch": "discrimination"}, {"instance_noise": 0.1}])
def test_dcgan_trains_with_each_stabiliser(changes):
    losses = one_step(small("dcgan", **changes))
    assert all(value.isfinite() for value in losses.values())
    images = torch.zeros(2, 3, 32, 32)
    seen = small("dcgan", **changes).d_input(images, torch.zeros(2))
    assert seen.std().item() == pytest.approx(changes.get("instance_noise", 0), rel=0.1)


def edges(wanted: Any) -> list[Any]:
    """Values at both ends of a setting's range, as far as tiny networks can take them; both truth values, all texts."""
    if get_origin(wanted) is Literal:
        return [text for text in get_args(wanted) if text != "vgg19"]  # whose weights are not here
    if get_origin(wanted) is not Annotated:
        return [True, False] if wanted is bool else []  # without a range, nothing is promised
    number = get_args(wanted)[0]
    step = 1 if number is int else 1e-6
    ends = {"ge": 0.0, "gt": step, "le": 0.0, "lt": -step}
    bounds = [(getattr(part, word, None), shift) for part in wanted.__metadata__[0].metadata for word, shift in ends.items()]
    return [number(bound + shift) for bound, shift in bounds if bound is not None and (number is float or bound < 60)]


@pytest.mark.parametrize("name", VARIANTS.names())
def test_what_is_in_the_range_of_a_setting_can_be_trained(name: str, one_thread: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(srgan.CONTENT, "lite0", cache(srgan.lite0_features))  # read once
    kind = VARIANTS.get(name)
    for setting, wanted in wanted_by(kind.settings_type).items():
        for value in edges(wanted):
            others = {"batch_size": 4, "long_turns": False, "pixel_steps": 0}
            known = {k: v for k, v in others.items() if k in kind.default_settings(8)}
            chosen = {**kind.default_settings(8, short=True), **known, setting: value}
            if fault_of(name, kind.settings_type, chosen) is not None:  # what does not fit the other settings
                continue
            variant = kind((3, 16, 16), 10, kind.settings_type(**chosen), seed=0, device=CPU)
            losses = one_step(variant, 0)
            assert all(loss.isfinite() for loss in losses.values()), (setting, value)


def test_points_need_two_in_a_batch():
    with pytest.raises(UserError, match="batch_size must be 2 or more for points, not 1"):
        small("vanilla", image_shape=(2, 1, 1), batch_size=1)


@pytest.mark.parametrize("name", NAMES)
def test_the_settings_of_every_preset_are_in_range(name: str):
    kind = VARIANTS.get(name)
    for preset in PRESETS.values():
        for points_too in (False, True)[: 1 + (kind.for_points is not None)]:
            assert fault_of(name, kind.settings_type, kind.default_settings(preset.width, preset.short, points_too)) is None
