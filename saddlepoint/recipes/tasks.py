"""From a recipe and data to the task that is played: one builder for each kind of task."""

import numpy as np
import torch

from saddlepoint.data import Packed
from saddlepoint.data.pairs import ImagePairs
from saddlepoint.errors import UserError
from saddlepoint.game.constraints import Clipping
from saddlepoint.game.penalties import refuse_batch_statistics
from saddlepoint.networks import PAIRS, Classifier, CycleGan, Pair, SrResNet, UnetPatchgan
from saddlepoint.networks.layers import couples_samples
from saddlepoint.objectives import Objective, objective
from saddlepoint.randomness import derive_seed
from saddlepoint.recipes.content import open_content
from saddlepoint.recipes.found import Found, RecipeData
from saddlepoint.recipes.network_trial import ITEMS, Setting, try_networks
from saddlepoint.recipes.own_networks import OwnNetworks
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.task_parts import CyclePart, GenerationPart, SuperResolutionPart, TranslationPart
from saddlepoint.tasks.classification import Classification
from saddlepoint.tasks.cycle import Cycle
from saddlepoint.tasks.generation import INPUT_PENALTIES, Generation
from saddlepoint.tasks.kit.content import PIXELS
from saddlepoint.tasks.super_resolution import SuperResolution
from saddlepoint.tasks.translation import Translation

# What a recipe can play.
RecipeTask = Generation | Translation | Cycle | SuperResolution | Classification


def _pair(
    recipe: Recipe,
    part: GenerationPart,
    found: Found,
    data: Packed | None,
    device: torch.device,
    own: OwnNetworks | None,
) -> OwnNetworks:
    """The recipe's pair, initialised from its seed; or the person's own, as they are, after they were tried."""
    if recipe.networks == "own":
        if own is None:
            raise UserError(
                f"a run of one's own networks ({recipe.name})",
                "the same networks",
                "use the Python API with generator= and discriminator=",
            )
        averaged, top_k = recipe.average is not None, part.top_k is not None
        try_networks(own, _setting(found, data, device, conditional=part.conditional, top_k=top_k, averaged=averaged))
        return own
    if own is not None:
        raise UserError(
            f"generator= for a run of {recipe.name}, which has networks of its recipe",
            "networks only for a run that began with such",
            "leave generator= and discriminator= out",
        )
    pair = recipe.networks
    if not isinstance(pair, Pair):
        raise _misplaced(recipe, ", ".join(PAIRS))
    mean = _mean(data) if pair.uses_mean and data is not None and data.kind == "images" else None
    torch.manual_seed(derive_seed(recipe.seed, "initialisation"))
    classes = len(found.classes) if part.conditional else 0
    generator, discriminator = pair.build(found.shape, classes=classes, mean=mean)
    return OwnNetworks(
        generator=generator, discriminator=discriminator, latent=pair.latent, pixel_range=generator.pixel_range
    )


def try_own_task(task: Generation, *, averaged: bool, begins: bool) -> None:
    """The trial of a person's own networks in a task that the person has built.

    Args:
        task: with its data.
        averaged: whether the run keeps an average of the generator.
        begins: as in `OwnNetworks`.

    Raises:
        UserError: the networks are not what the game needs.
    """
    if task.data is None:
        raise UserError("a task without data", "what it is to imitate", "build it with data=...")
    own = OwnNetworks(
        generator=task.generator,
        discriminator=task.discriminator,
        latent=task.latent,
        pixel_range=task.pixel_range,
        begins=begins,
    )
    found = Found.of(task.data)
    try_networks(
        own, _setting(found, task.data, task.device, conditional=task.conditional, top_k=task.top_k, averaged=averaged)
    )


def _setting(
    found: Found, data: Packed | None, device: torch.device, *, conditional: bool, top_k: bool, averaged: bool
) -> Setting:
    """What a person's own networks are tried with: the data's first training items, or nothing where there is none."""
    # The last class too: who counts one class too few should meet it here.
    labels = torch.tensor([max(len(found.classes) - 1, 0), 0]) if conditional else None
    real = None
    if data is not None:
        indices = data.splits["train"] if len(data.splits["train"]) else np.arange(len(data))
        real, _ = data.batch(np.resize(indices, ITEMS))
    return Setting(
        shape=found.shape,
        points=found.kind == "points",
        real=real,
        labels=labels,
        single_scores=top_k,
        averaged=averaged,
        device=device,
    )


def _mean(data: Packed) -> torch.Tensor:
    """The training images' mean, in [0, 1], summed in pieces that fit into memory whatever the size of the data."""
    indices = data.splits["train"]
    total = torch.zeros(data.shape, dtype=torch.float64)
    for start in range(0, len(indices), 512):
        total += data.batch(indices[start : start + 512])[0].sum(0)
    return (total / (255 * len(indices))).float()


def build_task(
    recipe: Recipe, found: Found, data: RecipeData | None, device: torch.device, own: OwnNetworks | None = None
) -> RecipeTask:
    """The recipe's task; without data it can only sample.

    Raises:
        UserError: the recipe's networks, data or settings are not those of its task.
    """
    if own is not None and not isinstance(recipe.task, GenerationPart):
        raise UserError("own networks", "a recipe of the task generation", "set task.kind=generation")
    part = recipe.task
    if isinstance(part, TranslationPart | CyclePart):
        assert data is None or isinstance(data, ImagePairs)
        build = _translation if isinstance(part, TranslationPart) else _cycle
        return build(recipe, found, data, device)
    if isinstance(data, ImagePairs):
        raise UserError(f"pairs of images for the task {part.kind}", "images", "set task.kind=translation")
    if isinstance(part, GenerationPart):
        return _generation(recipe, part, found, data, device, own)
    if isinstance(part, SuperResolutionPart):
        return _super_resolution(recipe, part, found, data, device)
    return _classification(recipe, found, data, device)


def _generation(
    recipe: Recipe,
    part: GenerationPart,
    found: Found,
    data: Packed | None,
    device: torch.device,
    own: OwnNetworks | None,
) -> Generation:
    networks = _pair(recipe, part, found, data, device, own)
    penalties = tuple(name for name, weight in recipe.penalties if weight is not None)
    if getattr(recipe.networks, "normalisation", None) == "batch":
        on_gradient = [name for name in penalties if name in INPUT_PENALTIES]
        refuse_batch_statistics(networks.discriminator, on_gradient, "set networks.normalisation=none")
    assert isinstance(recipe.training.batch, int)
    prior = recipe.latent_prior or getattr(recipe.networks, "prior", "normal")
    return Generation(
        generator=networks.generator.to(device),
        discriminator=networks.discriminator.to(device),
        data=data,
        objective=_objective(recipe),
        latent=networks.latent,
        prior=prior,
        pixel_range=networks.pixel_range,
        conditional=part.conditional,
        batch=recipe.training.batch,
        generator_batches=recipe.dynamics.generator_batches,
        adaptive=recipe.adaptive_augmentation,
        top_k=part.top_k is not None,
        # A person's own D may compare the samples of a batch in ways that nobody knows here.
        one_call=recipe.training.one_call and own is None and not couples_samples(networks.discriminator),
        mirror=part.mirror,
        dequantise=part.dequantise,
        penalties=penalties,
        augmentations=tuple(name for name, strength in recipe.augment if strength is not None),
        constraint=Clipping(bound=recipe.clip) if recipe.clip is not None else None,
        seed=recipe.seed,
        device=device,
    )


def _classification(recipe: Recipe, found: Found, data: Packed | None, device: torch.device) -> Classification:
    if not isinstance(recipe.networks, Classifier):
        raise _misplaced(recipe, "classifier")
    _refuse(recipe, objective=recipe.objective is not None)
    _refuse_all_of_generation(recipe)
    assert isinstance(recipe.training.batch, int)
    if len(found.shape) != 3:
        raise UserError(f"{found.kind} ({found.source})", "labelled images", "give images sorted by class")
    torch.manual_seed(derive_seed(recipe.seed, "initialisation"))
    classifier = recipe.networks.build(found.shape, len(found.classes))
    return Classification(
        classifier=classifier.to(device),
        data=data,
        pixel_range=classifier.pixel_range,
        batch=recipe.training.batch,
        seed=recipe.seed,
        device=device,
    )


def _translation(recipe: Recipe, found: Found, data: ImagePairs | None, device: torch.device) -> Translation:
    part, pair = recipe.task, recipe.networks
    assert isinstance(part, TranslationPart)
    if not isinstance(pair, UnetPatchgan | CycleGan):
        raise _misplaced(recipe, "unet-patchgan, cyclegan")
    _refuse_all_of_generation(recipe)
    assert isinstance(recipe.training.batch, int) and found.source_shape is not None
    torch.manual_seed(derive_seed(recipe.seed, "initialisation"))
    generator, discriminator = pair.build(found.source_shape, found.shape)
    return Translation(
        generator=generator.to(device),
        discriminator=discriminator.to(device),
        data=data,
        objective=_objective(recipe),
        source_range=generator.source_range,
        pixel_range=generator.pixel_range,
        batch=recipe.training.batch,
        scale=part.scale,
        mirror=part.mirror,
        conditional=pair.conditional_discriminator,
        seed=recipe.seed,
        device=device,
    )


def _cycle(recipe: Recipe, found: Found, data: ImagePairs | None, device: torch.device) -> Cycle:
    part, pair = recipe.task, recipe.networks
    assert isinstance(part, CyclePart)
    if not isinstance(pair, CycleGan):
        raise _misplaced(recipe, "cyclegan")
    _refuse_all_of_generation(recipe)
    assert isinstance(recipe.training.batch, int) and found.source_shape is not None
    torch.manual_seed(derive_seed(recipe.seed, "initialisation"))
    generator, discriminator = pair.build(found.source_shape, found.shape)
    generator_back, discriminator_back = pair.build(found.shape, found.source_shape)
    return Cycle(
        generator=generator.to(device),
        discriminator=discriminator.to(device),
        generator_back=generator_back.to(device),
        discriminator_back=discriminator_back.to(device),
        data=data,
        objective=_objective(recipe),
        shape=found.shape,
        pixel_range=generator.pixel_range,
        batch=recipe.training.batch,
        scale=part.scale,
        mirror=part.mirror,
        pool=part.pool,
        seed=recipe.seed,
        device=device,
    )


def _super_resolution(
    recipe: Recipe, part: SuperResolutionPart, found: Found, data: Packed | None, device: torch.device
) -> SuperResolution:
    if not isinstance(recipe.networks, SrResNet):
        raise _misplaced(recipe, "srresnet")
    _refuse_all_of_generation(recipe)
    _check_opponent(recipe, part)
    assert isinstance(recipe.training.batch, int)
    if len(found.shape) != 3:
        raise UserError(f"{found.kind} ({found.source})", "photographs", "give a folder of images")
    channels, crop = found.shape[0], part.crop
    content = PIXELS
    if data is not None:
        content = open_content(part.content, channels=channels, crop=crop, device=device)
    torch.manual_seed(derive_seed(recipe.seed, "initialisation"))
    small = crop // part.factor
    generator, discriminator = recipe.networks.build((channels, small, small), (channels, *(2 * [small * part.factor])))
    against = recipe.objective is not None
    return SuperResolution(
        generator=generator.to(device),
        discriminator=discriminator.to(device) if against else None,
        data=data,
        objective=_objective(recipe) if against else None,
        factor=part.factor,
        crop=crop,
        content=content,
        source_range=generator.source_range,
        pixel_range=generator.pixel_range,
        batch=recipe.training.batch,
        seed=recipe.seed,
        device=device,
    )


def _check_opponent(recipe: Recipe, part: SuperResolutionPart) -> None:
    """Objective, its weight and the discriminator's optimizer are there together, or none of them is."""
    given = {
        "objective": recipe.objective is not None,
        "task.adversarial": part.adversarial is not None,
        "discriminator": recipe.discriminator is not None,
    }
    if len(set(given.values())) > 1:
        there, missing = ([name for name, present in given.items() if present is wanted] for wanted in (True, False))
        raise UserError(
            f"{' and '.join(there)} without {' and '.join(missing)} in a recipe of the task {part.kind}",
            "all of objective, task.adversarial and discriminator, or none",
            "see `saddlepoint recipes srgan-x4` for all, `saddlepoint recipes srresnet-x4` for none",
        )


def _objective(recipe: Recipe) -> Objective:
    if recipe.objective is None:
        raise UserError(f"recipe {recipe.name} without an objective", "one", "set objective=non_saturating")
    return objective(recipe.objective)


def _refuse_all_of_generation(recipe: Recipe) -> None:
    """Refuses what only a generator of latents has."""
    _refuse(
        recipe,
        latent_prior=recipe.latent_prior is not None,
        penalties=any(weight is not None for _, weight in recipe.penalties),
        clip=recipe.clip is not None,
        generator_batches=recipe.dynamics.generator_batches != 1,
        adaptive_augmentation=recipe.adaptive_augmentation is not None,
        augment=any(strength is not None for _, strength in recipe.augment),
    )


def _refuse(recipe: Recipe, **given: bool) -> None:
    """Refuses settings that the recipe's task has no use for."""
    for name, present in given.items():
        if present:
            raise UserError(
                f"{name} in a recipe of the task {recipe.task.kind}",
                "nothing there, because it would have no effect",
                f"leave {name} out",
            )


def _misplaced(recipe: Recipe, known: str) -> UserError:
    given = recipe.networks if isinstance(recipe.networks, str) else recipe.networks.pair
    return UserError(f"networks {given} for the task {recipe.task.kind}", f"one of {known}", "set networks.pair")
