"""The command line: verbs, exit codes, and one line for each mistake.

Exit codes: 0; 2 the user's mistake; 3 the run could not go on; 130 stopped by a signal after saving; 1 our own fault.
Arguments are parsed before anything heavy is imported.
"""

import argparse
import os
import re
import shlex
import sys
from collections.abc import Sequence

from saddlepoint.ends import end_of
from saddlepoint.errors import UserError
from saddlepoint.mistyped import Parser
from saddlepoint.signals import answered, interrupt
from saddlepoint.streams import guarded_streams

_NETWORK_NOTE = "Nothing is fetched from the network unless --data names a Hugging Face data set (hf:NAME)."

_STANDING = "first gather the statistics of batch normalisation anew, over N batches of such latents"
_TRUNCATION = "draw each number of a normal z from [-T, T]; with batch normalisation add --standing 16"

# Options whose value may begin with a minus.
_SIGNED = ("--domain", "--rest", "--pd", "--seconds")
# What a cure may name.
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_COMMAND = re.compile(r"`saddlepoint [^`]*`")
# The beginning of a point D,P.
_POINT = re.compile(r"[-+]?(\d|\.|inf|nan).*,")


def build_parser() -> argparse.ArgumentParser:
    """All verbs and their options."""
    parser = Parser(
        prog="saddlepoint",
        description="Trains generative adversarial networks.",
        epilog=_NETWORK_NOTE,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version and end")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=Parser)

    def verb(name: str, summary: str) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        made.add_argument("--json", action="store_true", help="print the answer as JSON")
        return made

    train = verb("train", "train a recipe: its name, or a YAML file")
    train.add_argument("recipe", metavar="RECIPE", help="see `saddlepoint recipes`")
    train.add_argument(
        "--data",
        metavar="PATH",
        help="folder, .zip, .tar.gz, .parquet, .npz, .csv of pixels, IDX or CIFAR files, an embedded name, hf:NAME",
    )
    train.add_argument("--out", metavar="DIR", help="the run's folder, new or empty (default: runs/RECIPE)")
    train.add_argument("--steps", type=int, metavar="N", help="the total number of steps")
    train.add_argument("--seed", type=int, metavar="S", help="of everything that is random")
    train.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"))
    train.add_argument(
        "--objective", metavar="NAME|TEXT", help='such as hinge, or "f1=log(D); f2=log(1-D); f3=log(D); link=sigmoid"'
    )
    train.add_argument("--from", dest="weights_from", metavar="RUN", help="begin with another run's weights")
    train.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change any leaf of the recipe")

    resume = verb("resume", "go on with a run, as if it had not been interrupted")
    resume.add_argument("run", metavar="RUN")
    resume.add_argument("--steps", type=int, metavar="N", help="the new total number of steps")
    resume.add_argument("--data", metavar="PATH", help="where the data is now, if it has moved")
    resume.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change a leaf of the recipe from here on"
    )

    sample = verb("sample", "make images with a trained generator")
    sample.add_argument("run", metavar="RUN")
    sample.add_argument("--count", type=int, metavar="N", help="how many (default 64)")
    sample.add_argument("--seed", type=int, metavar="S", help="the seed they all come from (default 0)")
    sample.add_argument("--seeds", metavar="LIST", help="one image for each seed: 0-31 or 1,5,9")
    sample.add_argument("--label", metavar="L", help="a class, by name or number")
    sample.add_argument("--truncation", type=float, metavar="T", help=_TRUNCATION)
    sample.add_argument("--standing", type=int, metavar="N", help=_STANDING)
    sample.add_argument("--step", type=int, metavar="N", help="of the checkpoint (default: the newest)")
    sample.add_argument("--neighbours", type=int, metavar="K", help="show the K nearest training images beside each")
    sample.add_argument(
        "--data",
        metavar="PATH",
        help="your own image or folder, for a run that makes images from images; with --neighbours: where the training "
        "data is now, if it has moved",
    )
    sample.add_argument("--back", action="store_true", help="translate back, with a run of the task cycle")
    sample.add_argument("--out", metavar="FILE.png|FILE.npz|DIR", help="default: a picture in the run's folder")

    interpolate = verb("interpolate", "make the images between two seeds, and on to the next; or a film of them")
    interpolate.add_argument("run", metavar="RUN")
    interpolate.add_argument("--seeds", default="0-4", metavar="LIST", help="two or more (default 0-4)")
    interpolate.add_argument(
        "--count",
        type=int,
        metavar="N",
        help="images from each to the next (default 8, ends included; in a film 24, and back to the first)",
    )
    interpolate.add_argument("--spherical", action="store_true", help="along great circles instead of straight lines")
    interpolate.add_argument("--label", metavar="L", help="a class, by name or number")
    interpolate.add_argument("--truncation", type=float, metavar="T", help=_TRUNCATION)
    interpolate.add_argument("--standing", type=int, metavar="N", help=_STANDING)
    interpolate.add_argument("--fps", type=float, metavar="F", help="frames a second of a film (default 20)")
    interpolate.add_argument(
        "--grid", type=int, metavar="N", help="images that move at once in a film, each through its share of the seeds"
    )
    interpolate.add_argument(
        "--out",
        metavar="FILE.png|FILE.npz|FILE.gif|FILE.mp4|DIR",
        help="default: a picture in the run's folder; .gif and .mp4 are films",
    )

    report = verb("report", "write a run's report.html anew")
    report.add_argument("run", metavar="RUN")

    evaluate = verb("evaluate", "measure a run, or samples from anywhere, beside what real data scores")
    evaluate.add_argument("run", nargs="?", metavar="RUN")
    evaluate.add_argument(
        "--samples", metavar="FOLDER", help="instead of a run: images from anywhere (folder, zip, .npz), with --data"
    )
    evaluate.add_argument(
        "--metrics",
        metavar="LIST",
        help="such as frechet_distance,memorisation (default: Frechet and kernel distances, precision, recall, "
        "density, coverage; a wrong name lists all)",
    )
    evaluate.add_argument(
        "--features",
        default="pixels",
        metavar="NAME|NAME:FILE",
        help="pixels (default), classifier:RUN, inception:FILE, inception-clean:FILE, dinov2:FILE, vgg19:FILE",
    )
    evaluate.add_argument("--data", metavar="PATH", help="where the real data is (a run's: if it has moved)")
    evaluate.add_argument(
        "--reference",
        choices=("train", "held_out", "test"),
        help="the split that is compared with (default train, as published distances are; for accuracy test)",
    )
    evaluate.add_argument(
        "--samples-count",
        type=int,
        metavar="N",
        help="how many samples (default: half of the split, 10000 at most, so that the baseline has the same counts)",
    )
    evaluate.add_argument("--seed", type=int, default=0, metavar="S", help="of the samples")
    evaluate.add_argument("--step", type=int, metavar="N", help="of the checkpoint (default: the newest)")
    evaluate.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")

    compare = verb("compare", "line up what runs were measured to be, where it was measured in the same way")
    compare.add_argument("runs", nargs="+", metavar="RUN")
    compare.add_argument("--metrics", metavar="LIST", help="only these (default: all that any of the runs has)")

    recipes = verb("recipes", "list the recipes, or show one as YAML")
    recipes.add_argument("name", nargs="?", metavar="NAME")

    prove = verb("prove", "say, and prove, whether an objective can converge")
    prove.add_argument(
        "objective", metavar="OBJECTIVE", help='such as hinge, minimax@logit, or "f1=-D**2/2; f2=D; f3=-D"'
    )
    prove.add_argument(
        "--domain", metavar="A,B", help="of D, ends left out; inf is allowed (default: all D with a value)"
    )
    prove.add_argument(
        "--rest", metavar="D0", help="the rest point, where there are several (default: the first stable one)"
    )
    prove.add_argument("--pd", default="1", metavar="P", help="the data's density at the point (default 1)")
    prove.add_argument(
        "--seconds",
        default="20",
        metavar="S",
        help="of processor time at most, about; what is open then is called undecided (default 20)",
    )
    prove.add_argument("--out", metavar="FILE.html", help="also write a page with the phase portrait")

    field = verb("field", "follow and draw the trajectories of an objective's pointwise field")
    field.add_argument("objective", metavar="OBJECTIVE", help="as in prove")
    field.add_argument(
        "--start", action="append", required=True, metavar="D,P", help="where to start: D and p_g; as many as wanted"
    )
    field.add_argument("--pd", type=float, required=True, metavar="P", help="the data's density at the point")
    field.add_argument("--method", choices=("euler", "rk"), default="euler", help="rk is adaptive (default euler)")
    field.add_argument("--step", type=float, default=1e-3, metavar="H", help="of Euler's method (default 1e-3)")
    field.add_argument("--steps", type=int, default=100_000, metavar="N", help="the time is N times H (default 100000)")
    region = field.add_mutually_exclusive_group()
    region.add_argument("--plane", action="store_true", help="any p_g, as in the first experiment (the default)")
    region.add_argument("--nonnegative", action="store_true", help="keep p_g >= 0 by projection, as a density is")
    field.add_argument("--out", metavar="FILE.png", help="draw the phase portrait")

    check_loss = verb("check-loss", "recognise and judge the GAN loss of your own PyTorch code, which it runs")
    check_loss.add_argument(
        "target",
        metavar="MODULE:FUNCTION",
        help="MODULE:loss_d,loss_g; or what holds or gives both: a module (also FILE.py), a class, a function",
    )

    figure1 = verb("figure1", "draw figure 1 of the 2014 paper from a run of the recipe figure1")
    figure1.add_argument("run", metavar="RUN")
    figure1.add_argument("--out", metavar="FILE.png", help="beside it stands FILE.gif (default: in the run's folder)")

    conformance = verb("conformance", "measure every exact number of the theory on the trainer's own pieces")
    conformance.add_argument(
        "--optimizer",
        metavar="MODULE:FACTORY",
        help="instead, say which games your own f(parameters_d, parameters_g) -> (optimizer_d, optimizer_g) solves",
    )

    data = verb("data", "look at data before training")
    data.add_argument("action", choices=("check",))
    data.add_argument("path", metavar="PATH")

    verb("doctor", "check the machine and the installation")
    for each in (parser, *verbs.choices.values()):
        each.verbs = verbs.choices
    return parser


def options_by_verb() -> dict[str, frozenset[str]]:
    """The options of each verb: {"resume": {"--steps", "--data", "--json", "--help"}, ...}."""
    (verbs,) = (action for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction))
    return {
        name: frozenset(option for action in verb._actions for option in action.option_strings)
        for name, verb in verbs.choices.items()
    }


def _belonging(cure: str, verb: str) -> str:
    """What a cure leaves open: which verb has an option that it names and that this verb has not; empty otherwise.

    An error may be raised wherever a run or data is read: `sample` can meet data whose cure is a setting of `train`.
    """
    verbs = options_by_verb()
    # A whole command says by itself whose its options are.
    named = dict.fromkeys(_OPTION.findall(_COMMAND.sub("", cure)))
    foreign = [option for option in named if option not in verbs[verb]]
    owners = {option: [name for name, options in verbs.items() if option in options] for option in foreign}
    said = [f"{option} belongs to `saddlepoint {names[0]}`" for option, names in owners.items() if names]
    return f" ({'; '.join(said)})" if said else ""


def _joined(arguments: Sequence[str]) -> list[str]:
    """`--domain -1,2` as `--domain=-1,2`: argparse would take a value that begins with a minus for an option.

    `--start` may be followed by several points: each becomes a `--start=D,P` of its own.
    """
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1].startswith("--start") and _POINT.match(argument):
            joined[-1:] = [f"--start={argument}"] if joined[-1] == "--start" else [joined[-1], f"--start={argument}"]
        elif joined and joined[-1] in _SIGNED and argument.startswith("-") and not argument.startswith("--"):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; gives its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    with guarded_streams(), answered(interrupt):
        try:
            chosen = build_parser().parse_args(_joined(arguments))
        except SystemExit as ended:
            return int(ended.code or 0)
        try:
            code = _run(chosen, arguments)
            sys.stdout.flush()
            return code
        except (Exception, KeyboardInterrupt) as error:
            end = end_of(error)
            if end is None:
                raise
            more = _belonging(error.cure, chosen.verb) if isinstance(error, UserError) else ""
            print(f"saddlepoint{f' {chosen.verb}' if chosen.verb else ''}: {end.said}{more}", file=sys.stderr)
            return end.code


def _run(chosen: argparse.Namespace, arguments: Sequence[str]) -> int:
    if chosen.version:
        import saddlepoint

        print(saddlepoint.__version__)
        return 0
    if chosen.verb is None:
        build_parser().print_help()
        return 0
    try:
        os.getcwd()
    except FileNotFoundError:
        # Said before torch is loaded, whose libraries end the process there.
        raise UserError(
            "a current folder that was removed", "one that exists", "go to another folder, as with `cd`"
        ) from None
    from saddlepoint import commands

    command = "saddlepoint " + shlex.join(arguments)
    return getattr(commands, chosen.verb.replace("-", "_"))(chosen, command)
