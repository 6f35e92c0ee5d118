"""The page of a proof: complete, self-contained, inert whatever stands in the objective."""

import re
from dataclasses import replace

import pytest

from saddlepoint.errors import UserError
from saddlepoint.objectives import Separable, objective
from saddlepoint.report.proof_page import render_proof, write_proof
from saddlepoint.theory.proof.prove import prove


@pytest.mark.parametrize("name", ["minimax", "wasserstein", "least_squares(-1,1,0)"])
def test_the_page_shows_verdict_and_figures(name, tmp_path):
    proof = prove(name)
    page = write_proof(proof, tmp_path / "deep" / "page.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert proof.verdict in page
    assert proof.certificate is not None
    assert f"<dd>{proof.certificate.verdict}</dd>" in page
    assert page == render_proof(proof), "the same proof gives the same bytes"


@pytest.mark.parametrize("name", ["paired_logistic", "f1=D; f2=D; f3=D"])
def test_without_a_field_there_is_no_figure(name):
    page = render_proof(prove(name))
    assert "<svg" not in page
    assert "no pointwise field" in page


def test_the_page_loads_nothing_and_runs_nothing():
    page = render_proof(prove("quadratic"))
    assert not re.search(r"<script|<link rel=\"stylesheet|url\(\s*['\"]?http|(?:src|href)=[\"']https?:", page)
    assert "default-src 'none'" in page


def test_what_a_person_wrote_is_escaped():
    quadratic = objective("quadratic")
    assert isinstance(quadratic, Separable)
    page = render_proof(prove(replace(quadratic, name="<img src=x onerror=alert(1)>")))
    assert "<img" not in page
    assert "&lt;img" in page


def test_a_page_is_not_overwritten(tmp_path):
    proof = prove("quadratic")
    write_proof(proof, tmp_path / "page.html")
    with pytest.raises(UserError, match="exists"):
        write_proof(proof, tmp_path / "page.html")
    with pytest.raises(UserError, match="ending"):
        write_proof(proof, tmp_path / "page.txt")
