"""What a run's events tell of its treatments, at each moment of a run that may have been killed later."""

from typing import Any

from saddlepoint.runs.treatments import Plan, asked_at, history


def event(kind: str, step: int, branch: int = 0, **more: Any) -> dict[str, Any]:
    return {"event": kind, "step": step, "branch": branch, **more}


def treated(number: int, step: int, branch: int = 0, *, to: int | None = None, **plan: Any) -> dict[str, Any]:
    about = Plan(number=number, finding="cycling", since=2, **plan).about()
    kind = "rebuilt" if to is None else "rolled back"
    return event(kind, step, branch, about=about, **({"to": to} if to is not None else {}))


TWO = [treated(1, 30, anew=True), treated(2, 60, to=30, undoes=1, anew=True), event("helped", 70, 1)]


def test_what_is_later_is_not_there_yet() -> None:
    assert history(TWO, (0, 30), with_now=False).current is None
    before = history(TWO, (0, 30), with_now=True)
    assert before.current is not None and (before.current.begins, before.current.back_to) == ((0, 30), None)
    second = history(TWO, (1, 40), with_now=False)
    assert second.current is not None and second.current.begins == (1, 30) and second.undone == (1,)
    last = history(TWO, (1, 80), with_now=False)
    assert (last.current, last.count, last.kept, last.anew) == (None, 2, 30, (30,))


def test_what_was_asked_at_a_moment_is_not_asked_twice() -> None:
    assert asked_at(TWO, (0, 60)) and not asked_at(TWO, (1, 60)) and not asked_at(TWO, (0, 59))
    twice = [*TWO[:2], {**TWO[1], "replayed": True}]
    assert history(twice, (1, 40), with_now=False) == history(TWO[:2], (1, 40), with_now=False)


def test_what_answers_a_failure_comes_after_the_requests_of_its_step() -> None:
    failed = [{**treated(1, 30, to=20), "failed": "not finite"}]
    assert history(failed, (0, 30), with_now=True).count == 0
    found = history(failed, (1, 20), with_now=True)
    assert found.current is not None and (found.current.failed, found.current.back_to) == ("not finite", 20)


def test_a_person_ends_what_is_being_tried_and_going_back_undoes_it() -> None:
    asked = history([TWO[0], event("setting", 40, values={})], (0, 50), with_now=False)
    assert asked.current is None and asked.left is not None and (asked.person, asked.kept) == ((0, 40), 30)
    back = history([TWO[0], event("rolled back", 40, to=20)], (1, 25), with_now=False)
    assert (back.person, back.kept, back.anew, back.count) == ((1, 20), 0, (), 1)
    for keys, person in ((["watch.keep"], None), (["penalties.r1"], (0, 40))):
        assert history([event("recipe changed", 40, keys=keys)], (0, 50), with_now=False).person == person


def test_what_is_refused_is_not_tried_again_and_what_cannot_be_undone_stays() -> None:
    refused = [TWO[0], event("request refused", 60, about={"number": 2, "finding": "x", "since": 1, "remedy": ["a=1"]})]
    found = history(refused, (0, 70), with_now=False)
    assert found.refused == (("a=1",),) and found.current is not None
    stays = [TWO[0], event("request refused", 60, about={"undoes": 1, "finding": "x", "since": 1})]
    assert history(stays, (0, 70), with_now=False).current is None


def test_damaged_events_are_none() -> None:
    damaged = [
        event("rebuilt", 10, about="cycling"),
        event("rebuilt", 12, about={"number": "one", "finding": 3}),
        {"event": "rebuilt", "step": None, "about": {"number": 1}},
        {"step": 3},
    ]
    found = history(damaged, (0, 50), with_now=False)
    assert found.count == 0 and found.person == (0, 12)
