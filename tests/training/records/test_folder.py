"""The run folder: one writer, nothing mixed with what is there, each step in the log once."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from saddlepoint.errors import UserError
from saddlepoint.files import append_line
from saddlepoint.training.records.folder import RunFolder

ROOT = Path(__file__).resolve().parents[3]


def steps_logged(folder: RunFolder) -> list[int]:
    return [json.loads(line)["step"] for line in folder.log.read_text().splitlines()]


def folder_with_log(path: Path, steps: range, torn: bytes = b"") -> RunFolder:
    folder = RunFolder(path)
    for step in steps:
        append_line(folder.log, {"step": step, "outputs": {"real": 0.5}})
    with folder.log.open("ab") as file:
        file.write(torn)
    return folder


# One writer


def test_a_second_writer_in_another_process_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from saddlepoint.training.records.folder import RunFolder\n"
        "with RunFolder(Path(sys.argv[1])).locked():\n"
        "    print('locked', flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
        try:
            assert writer.stdout is not None and writer.stdout.readline() == "locked\n"
            refused = pytest.raises(UserError, match=r"run, which another process is writing.*nobody writes")
            with refused, RunFolder(tmp_path / "run").locked():
                pytest.fail("two writers")
            # A run that is killed leaves no lock behind.
            writer.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
            writer.wait(10)
        finally:
            writer.kill()
    with RunFolder(tmp_path / "run").locked():
        pass


def test_the_lock_is_given_back_after_a_failure(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "deep" / "run")
    with pytest.raises(ZeroDivisionError), folder.locked():
        raise ZeroDivisionError
    with folder.locked():
        assert folder.path.is_dir()


# Taken folders


@pytest.mark.parametrize("checkpoint", [True, False])
@pytest.mark.parametrize("networks", ["own", "by_size"])
def test_a_folder_that_holds_a_run_is_refused_with_the_ways_on_that_there_are(
    checkpoint: bool, networks: str, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    folder.recipe.write_text(f"name: digits\nnetworks: {networks}\n")
    if checkpoint:
        (folder.checkpoints / "00000004").mkdir(parents=True)
    with pytest.raises(UserError, match="holds a run") as error:
        folder.refuse_if_taken()
    said = str(error.value)
    assert "choose another --out" in said
    # The command line has no networks of one's own; and without a checkpoint the first step may fail again.
    assert ("`saddlepoint resume " in said) is (networks != "own")
    assert ("saddlepoint.resume(" in said) is (networks == "own")
    assert ("go on with it" in said) is checkpoint and ("remove that folder" in said) is not checkpoint


def test_a_folder_that_holds_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years")
    with pytest.raises(UserError, match="holds other files"):
        RunFolder(tmp_path).refuse_if_taken()
    with pytest.raises(UserError, match="which is a file"):
        RunFolder(tmp_path / "thesis.tex").refuse_if_taken()


def test_a_new_an_empty_and_a_scarcely_begun_folder_are_free(tmp_path: Path) -> None:
    RunFolder(tmp_path / "new").refuse_if_taken()
    folder = RunFolder(tmp_path)
    folder.refuse_if_taken()
    with folder.locked():
        folder.refuse_if_taken()
    # Killed while its recipe was being written.
    (tmp_path / ".recipe.yaml.writing").write_text("na")
    folder.refuse_if_taken()


def test_what_is_no_run_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the run '.*nowhere'.*recipe\.yaml"):
        RunFolder.existing(tmp_path / "nowhere")
    (tmp_path / "recipe.yaml").write_text("name: digits\n")
    assert RunFolder.existing(str(tmp_path)).path == tmp_path


# The log


def test_a_torn_last_line_is_repaired(tmp_path: Path) -> None:
    folder = folder_with_log(tmp_path, range(1, 6), torn=b'{"step": 6, "outp')
    assert folder.rewind_log(5, every=1).dropped == 1
    assert steps_logged(folder) == [1, 2, 3, 4, 5]
    append_line(folder.log, {"step": 6})
    assert steps_logged(folder) == [1, 2, 3, 4, 5, 6]


def test_lines_after_the_checkpoint_go(tmp_path: Path) -> None:
    folder = folder_with_log(tmp_path, range(1, 10))
    assert folder.rewind_log(4, every=1).dropped == 5
    assert steps_logged(folder) == [1, 2, 3, 4]


def test_the_line_of_an_end_that_is_none_any_more_goes(tmp_path: Path) -> None:
    folder = folder_with_log(tmp_path, range(10, 40, 10))
    append_line(folder.log, {"step": 34})
    assert folder.rewind_log(34, every=10).dropped == 1
    assert steps_logged(folder) == [10, 20, 30]


# Lines from elsewhere: whatever a JSON library raises of them, they are damaged lines like any other.
NO_LINES = [
    b"{}\n",
    b"[1]\n",
    b"null\n",
    b"\n",
    b"\xff\xfe\n",
    b'{"step": "4"}\n',
    b'{"step": true}\n',
    b'{"step": 4.0}\n',
    b"[" * 100_000 + b"\n",
    b'{"step": ' + b"4" * 5000 + b"}\n",
    b'{"step": 4, "outputs": ' + b'{"a": ' * 60 + b"1" + b"}" * 61 + b"\n",
]


@pytest.mark.parametrize("torn", [b"\xff\xfe", b'{"step": 4, "outp', *NO_LINES], ids=lambda line: repr(line[:12]))
def test_a_line_that_is_none_goes(torn: bytes, tmp_path: Path) -> None:
    folder = folder_with_log(tmp_path, range(1, 4), torn=torn)
    assert folder.rewind_log(3, every=1).dropped == 1
    assert steps_logged(folder) == [1, 2, 3]


@pytest.mark.parametrize("line", NO_LINES, ids=lambda line: repr(line[:12]))
def test_a_hole_in_the_log_is_named_and_what_stood_there_is_kept_beside_it(line: bytes, tmp_path: Path) -> None:
    folder = folder_with_log(tmp_path, range(1, 4), torn=line)
    for step in range(5, 9):
        append_line(folder.log, {"step": step})
    with folder.log.open("ab") as file:
        file.write(line)  # after the checkpoint: it would go in any case
    found = folder.rewind_log(7, every=1)
    assert (found.dropped, found.damaged) == (3, ("line 4, after step 3",))
    assert steps_logged(folder) == [1, 2, 3, 5, 6, 7]
    assert (tmp_path / "log.jsonl.damaged").read_bytes() == line
    assert folder.rewind_log(7, every=1).dropped == 0


@pytest.mark.parametrize(
    "line", [*NO_LINES, b'{"metric": "m", "provenance": {"during": "x"}}\n'], ids=lambda x: repr(x[:9])
)
def test_a_hole_in_the_metrics_is_named_and_kept_as_well(line: bytes, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for step in (2, 4):
        append_line(folder.metrics, {"metric": "m", "provenance": {"step": step, "during": "every 9 images"}})
        with folder.metrics.open("ab") as file:
            file.write(line)
    append_line(folder.metrics, {"metric": "m", "provenance": {"step": 4}})
    found = folder.rewind_metrics(3)
    assert found.dropped == 3 and found.damaged == ("line 2", "line 4")
    assert [json.loads(kept)["provenance"]["step"] for kept in folder.metrics.read_bytes().splitlines()] == [2, 4]
    assert (tmp_path / "metrics.jsonl.damaged").read_bytes() == 2 * line


def test_a_log_that_was_written_more_often_before_keeps_its_lines(tmp_path: Path) -> None:
    folder = folder_with_log(tmp_path, range(1, 10))
    assert folder.rewind_log(8, every=4).dropped == 1
    assert steps_logged(folder) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_whole_log_is_left_as_it_is(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.rewind_log(0, every=1).dropped == 0 and not folder.log.exists()
    folder = folder_with_log(tmp_path, range(1, 4))
    before = folder.log.read_bytes()
    assert folder.rewind_log(3, every=1).dropped == 0 and folder.log.read_bytes() == before


def test_a_last_line_without_its_end_is_dropped_even_if_it_can_be_read(tmp_path: Path) -> None:
    # It may be the beginning of a longer number: {"step": 4} torn out of {"step": 4, ...} is no whole line.
    folder = folder_with_log(tmp_path, range(1, 4), torn=b'{"step": 4}')
    assert folder.rewind_log(4, every=1).dropped == 1
    assert steps_logged(folder) == [1, 2, 3]


def test_an_event_is_a_line_with_its_time_and_what_a_kill_tore_is_closed_first(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.note("started", step=0)
    with folder.events.open("ab") as file:
        file.write(b'{"time": "20')
    folder.note("resumed", step=4, changed=["threads 2 -> 1"])
    lines = folder.events.read_text().splitlines()
    assert len(lines) == 3
    events = [json.loads(lines[0]), json.loads(lines[2])]
    assert [event["event"] for event in events] == ["started", "resumed"]
    assert events[1]["changed"] == ["threads 2 -> 1"] and events[0]["time"].endswith("+00:00")


def test_what_json_cannot_say_is_refused_and_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        append_line(tmp_path / "log.jsonl", {"loss": float("nan")})
    assert not (tmp_path / "log.jsonl").read_bytes()
