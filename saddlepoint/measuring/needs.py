"""What a comparison must have for a metric, and where a person gets it from."""

from collections.abc import Callable
from dataclasses import dataclass

from saddlepoint.data.embedded.toy import Mixture
from saddlepoint.measuring.comparison import Comparison


@dataclass(frozen=True, kw_only=True)
class Need:
    """What a comparison must have for a metric."""

    there: Callable[[Comparison], bool]
    without: str
    expected: str
    cure: str


NEEDS: dict[str, Need] = {
    "samples": Need(
        there=lambda c: c.samples is not None,
        without="a run that makes nothing",
        expected="samples",
        cure="choose a run with a generator, or --metrics accuracy",
    ),
    "images": Need(
        there=lambda c: c.reference is not None and len(c.reference.shape) == 3,
        without="points",
        expected="images",
        cure="leave it out",
    ),
    "line": Need(
        there=lambda c: c.reference is not None and c.reference.shape == (1,),
        without="data of more than one dimension",
        expected="numbers",
        cure="use sliced_wasserstein",
    ),
    "density": Need(
        there=lambda c: c.density is not None,
        without="data whose density is not known",
        expected="a toy set",
        cure="leave it out",
    ),
    "modes": Need(
        there=lambda c: isinstance(c.density, Mixture),
        without="data without known modes",
        expected="a mixture such as 8-gaussians",
        cure="leave it out",
    ),
    "logits": Need(
        there=lambda c: c.features.logits is not None,
        without="features that name no classes",
        expected="a classifier",
        cure="use --features classifier:RUN (train one with `saddlepoint train classifier --data PATH`), "
        "or inception:FILE",
    ),
    "maps": Need(
        there=lambda c: c.features.maps is not None,
        without="features without maps",
        expected="a network of several layers",
        cure="use --features classifier:RUN or vgg19:FILE",
    ),
    "labels": Need(
        there=lambda c: (
            bool(c.classes)
            and c.samples is not None
            and c.samples.labels is not None
            and c.reference is not None
            and c.reference.labels is not None
        ),
        without="samples or real data without labels",
        expected="labels on both sides",
        cure="use a conditional run such as mnist-conditional, or samples sorted by class",
    ),
    "known labels": Need(
        there=lambda c: bool(c.classes) and c.reference is not None and c.reference.labels is not None,
        without="real data without labels",
        expected="a label for each item",
        cure="sort the images into one folder per class",
    ),
    "unseen": Need(
        there=lambda c: c.unseen is not None and c.unseen.count > 1 and c.training is not None,
        without="data of which fewer than two items are held out",
        expected="items that were not trained on",
        cure="train with a data.hold_out that holds out more, such as 0.1 or 0.3, or give data with a test split",
    ),
    "validation and test": Need(
        there=lambda c: c.validation is not None and c.test is not None,
        without="data of which too little is held out",
        expected="some validation and at least two test images",
        cure="train with data.hold_out=0.1, or give data with a test split",
    ),
    "pairs": Need(
        there=lambda c: c.pairs is not None,
        without="images without partners",
        expected="pairs of images",
        cure="give two folders with the same file names: --samples FOLDER --data FOLDER --metrics psnr,ssim",
    ),
}
