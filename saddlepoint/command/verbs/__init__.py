"""The verbs, in the order of `saddlepoint --help`; a verb is a file here and a line in `VERBS`.

A file holds a `Verb`: its name, its line of help, its options, what it does. It imports what is heavy inside `run`.
"""

from saddlepoint.command.verb import Verb
from saddlepoint.command.verbs.ask import ASK
from saddlepoint.command.verbs.check_loss import CHECK_LOSS
from saddlepoint.command.verbs.check_run import CHECK_RUN
from saddlepoint.command.verbs.compare import COMPARE
from saddlepoint.command.verbs.conformance import CONFORMANCE
from saddlepoint.command.verbs.data import DATA
from saddlepoint.command.verbs.diagnose import DIAGNOSE
from saddlepoint.command.verbs.doctor import DOCTOR
from saddlepoint.command.verbs.evaluate import EVALUATE
from saddlepoint.command.verbs.field import FIELD
from saddlepoint.command.verbs.figure1 import FIGURE1
from saddlepoint.command.verbs.interpolate import INTERPOLATE
from saddlepoint.command.verbs.prove import PROVE
from saddlepoint.command.verbs.recipes import RECIPES
from saddlepoint.command.verbs.report import REPORT
from saddlepoint.command.verbs.resume import RESUME
from saddlepoint.command.verbs.sample import SAMPLE
from saddlepoint.command.verbs.train import TRAIN

VERBS: tuple[Verb, ...] = (
    TRAIN,
    RESUME,
    ASK,
    SAMPLE,
    INTERPOLATE,
    REPORT,
    EVALUATE,
    DIAGNOSE,
    COMPARE,
    RECIPES,
    PROVE,
    FIELD,
    CHECK_LOSS,
    CHECK_RUN,
    FIGURE1,
    CONFORMANCE,
    DATA,
    DOCTOR,
)
