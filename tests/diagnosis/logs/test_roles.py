"""The names that people give to the columns of a GAN's log."""

from pathlib import Path

import numpy as np
import pytest

from saddlepoint.diagnosis.logs.formats import Column, Log
from saddlepoint.diagnosis.logs.roles import Taken, columns_given, roles_of
from saddlepoint.errors import UserError

# As they stand in widely used code.
NAMES = {
    "pytorch's DCGAN": "Loss_D Loss_G D(x) D(G(z))",
    "its variables": "errD errG D_x D_G_z1 -D_G_z2",
    "keras": "d_loss g_loss real_score fake_score",
    "lightning": "-epoch d_loss_step g_loss_step -lr-Adam",
    "stylegan": "Loss/D/loss Loss/G/loss Loss/scores/real Loss/scores/fake -Loss/r1_penalty -Loss/signs/real",
    "words": "loss/discriminator loss/generator discriminator_real discriminator_fake",
    "critics": "critic_loss gen_loss critic_real critic_fake -gp",
    "logits": "lossD lossG real_logits fake_logits",
    "accuracies": "disc_loss generator_loss d_real d_fake -d_acc_real -d_acc_fake",
    "a fork": "D/loss_total G/loss_total D/pred_real D/pred_fake -D/loss_real -D/loss_fake",
}
ROLES = ("loss_d", "loss_g", "d_real", "d_fake")


def taken(names: list[str], given: dict[str, str] | None = None) -> Taken:
    columns = {name: Column(name=name, steps=np.arange(2), values=np.zeros(2)) for name in names}
    return roles_of(Log(path=Path("log.csv"), columns=columns, unit="row"), given or {})


@pytest.mark.parametrize("source", NAMES)
def test_columns_are_known_by_their_names(source: str) -> None:
    names = NAMES[source].split()
    wanted = [name for name in names if not name.startswith("-")]
    found = taken([name.removeprefix("-") for name in names])
    assert found.columns == dict(zip(ROLES, wanted, strict=False))


@pytest.mark.parametrize(
    "name", ["loss", "accuracy", "G_l1_loss", "lr_d", "fid", "r1", "D_grad_penalty", "x", "real", "z"]
)
def test_what_says_too_little_is_not_taken(name: str) -> None:
    assert not taken([name]).columns


def test_gradient_norms_are_no_losses() -> None:
    found = taken(["grad_norm_d", "gradient_norms.generator", "d_loss"]).columns
    assert found == {"loss_d": "d_loss", "gradient_d": "grad_norm_d", "gradient_g": "gradient_norms.generator"}


def test_of_several_the_plainest_is_taken_and_the_others_are_said() -> None:
    found = taken(["loss_D_A", "loss_D_B", "loss_G_A", "loss_G"])
    assert found.columns == {"loss_d": "loss_D_A", "loss_g": "loss_G"} and found.also == {"loss_d": ("loss_D_B",)}
    assert taken(["loss_D_A", "loss_D_B"], {"loss_d": "loss_D_B"}) == Taken(columns={"loss_d": "loss_D_B"}, also={})


def test_a_role_or_column_that_is_not_there_has_its_cure() -> None:
    assert (
        columns_given("loss_d=errD, d_real=D(x)") == {"loss_d": "errD", "d_real": "D(x)"} and columns_given(None) == {}
    )
    with pytest.raises(UserError, match="write loss_d=errD"):
        columns_given("errD")
    with pytest.raises(UserError, match="one of loss_d, loss_g"):
        taken(["a"], {"loss": "a"})
    with pytest.raises(UserError, match=r"a column of log\.csv: a, b"):
        taken(["a", "b"], {"loss_d": "c"})
