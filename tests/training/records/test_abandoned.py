"""What a roll back undoes is set aside under the branch's name, and again with the same result after a kill."""

import json
from pathlib import Path

from saddlepoint.training.records.abandoned import set_aside
from saddlepoint.training.records.checkpoint import steps_saved
from saddlepoint.training.records.folder import RunFolder


def test_later_things_get_other_names_and_earlier_ones_stay(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for _ in range(2):  # the second time as after a kill, when it was all made again
        for step in (2, 4, 6):
            (folder.checkpoints / f"{step:08d}").mkdir(parents=True, exist_ok=True)
            folder.samples.mkdir(exist_ok=True)
            (folder.samples / f"{step:08d}.png").write_bytes(b"picture")
        folder.log.write_text("".join(json.dumps({"step": step}) + "\n" for step in range(1, 7)))
        during = [{"metric": "m", "provenance": {"step": step, "during": "every 9 images"}} for step in (2, 6)]
        measured = {"metric": "m", "provenance": {"step": 6}}
        folder.metrics.write_text("".join(json.dumps(line) + "\n" for line in [*during, measured]))
        set_aside(folder, 3, 1, log_every=1)
        assert steps_saved(folder.checkpoints) == [2]
        assert sorted(path.name for path in folder.checkpoints.iterdir()) == [
            "00000002",
            "00000004.branch-1",
            "00000006.branch-1",
        ]
        assert sorted(path.name for path in folder.samples.glob("*.png")) == ["00000002.png"]
        assert len(list(folder.samples.glob("*.branch-1"))) == 2
        kept = [json.loads(line)["step"] for line in folder.log.read_text().splitlines()]
        aside = [json.loads(line)["step"] for line in (tmp_path / "log.jsonl.branch-1").read_text().splitlines()]
        assert (kept, aside) == ([1, 2, 3], [4, 5, 6])
        # What a person measured is his, whatever became of the checkpoint.
        assert [json.loads(line) for line in folder.metrics.read_text().splitlines()] == [during[0], measured]
        assert json.loads((tmp_path / "metrics.jsonl.branch-1").read_text()) == during[1]
