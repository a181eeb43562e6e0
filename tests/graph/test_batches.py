"""What a batch calls, in which order, what it keeps, and what it leaves on disk."""

from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from if_graph.batch.estimate import Estimate
from if_graph.batch.events import JobEnded, JobEvent
from if_graph.batch.jobs import Axis, Job, job_table
from if_graph.batch.names import LONGEST, fitted, grid_id
from if_graph.batch.prepare import Batch, prepare
from if_graph.batch.run import BatchRun
from if_graph.code import Graph
from if_graph.errors import Interrupted, WorkflowError
from if_graph.graph import MemoryCache
from if_graph.graph.events import NodeStarted

MODEL_BYTES = 400_000


@pytest.fixture
def batch(classes, tmp_path, toy_module):
    """Run a batch in one line."""

    def run(workflow, grid=None, rows=(), cache=None, resume=False, wave=64, **watch):
        axes = [Axis(target, tuple(values)) for target, values in (grid or {}).items()]
        table = job_table(workflow, rows, axes)
        prepared = prepare(Batch(workflow, table, tmp_path / "out", classes, resume, wave))
        return BatchRun(prepared, cache, **watch).carry_out()

    class Model(toy_module.Number):
        RETURN_TYPES = ("MODEL",)

        def make(self, value):
            return (torch.full((MODEL_BYTES // 4,), float(value)),)

    class Use(toy_module.Toy):
        REQUIRED = {"model": ("MODEL",), "value": ("INT", {"default": 0})}

        def make(self, model, value):
            return (int(model[0]) + value,)

    classes.update(Model=Model, Use=Use)
    return run


@pytest.fixture
def cascade(flow):
    """Two stages, each with a model of its own."""
    return flow(
        m1=("Model", {"value": 10}),
        s1=("Use", {"model": "@m1", "value": 1}),
        m2=("Model", {"value": 20}),
        s2=("Use", {"model": "@m2", "value": "@s1"}),
        out=("Show", {"value": "@s2"}),
    )


def started(events):
    """(job, node) of every call, in order."""
    return [(e.job_id, e.event.node_id) for e in events if isinstance(getattr(e, "event", 0), NodeStarted)]


def test_what_jobs_share_is_made_once(batch, cascade, calls):
    results = batch(cascade, {"s1.value": [1, 2, 3]})
    assert Counter(calls) == {"Model": 2, "Use": 6, "Show": 3}
    assert [result.status for result in results] == ["done"] * 3


def test_all_jobs_do_one_stage_before_the_next_models_is_loaded(batch, cascade):
    events = []
    batch(cascade, {"s1.value": [1, 2]}, on_event=events.append)
    a, b = "value=1", "value=2"
    first = [(a, "m1"), (a, "s1"), (b, "s1")]
    assert started(events) == [*first, (a, "m2"), (a, "s2"), (a, "out"), (b, "s2"), (b, "out")]


def test_a_wave_of_one_finishes_each_job_before_the_next(batch, cascade):
    events = []
    batch(cascade, {"s1.value": [1, 2]}, wave=1, on_event=events.append)
    assert [job for job, _ in started(events)] == ["value=1"] * 5 + ["value=2"] * 3


def test_jobs_with_the_same_model_are_neighbours(batch, cascade):
    events = []
    batch(cascade, {"s1.value": [1, 2], "m1.value": [10, 11]}, on_event=events.append)
    of_stage_1 = [job.rpartition("=")[2] for job, node in started(events) if node == "s1"]
    assert of_stage_1 == ["10", "10", "11", "11"]


def test_a_model_larger_than_the_caches_limit_is_loaded_once(batch, cascade, calls):
    batch(cascade, {"s1.value": [1, 2, 3]}, cache=MemoryCache(limit=MODEL_BYTES // 2))
    assert calls.count("Model") == 2


def test_a_model_is_let_go_before_the_next_is_loaded(batch, cascade):
    cache, held = MemoryCache(), []

    def watch(event):
        if isinstance(event, JobEvent) and isinstance(event.event, NodeStarted):
            held.append((event.event.node_id, cache.used >= MODEL_BYTES))

    batch(cascade, {"s1.value": [1, 2]}, cache=cache, on_event=watch)
    assert dict(held) == {"m1": False, "s1": True, "m2": False, "s2": True, "out": True}
    assert len(cache) == 0


def test_a_cache_without_room_still_gives_right_results(batch, cascade):
    assert all(r.status == "done" for r in batch(cascade, {"s1.value": [1, 2]}, cache=MemoryCache(limit=0)))


def test_a_shared_node_that_fails_is_called_once_and_fails_only_the_jobs_that_need_it(batch, flow, calls):
    workflow = flow(
        a=("Inverse", {"value": 0}), b=("Add", {"a": "@a", "b": 1}), out=("Show", {"value": "@b"})
    )
    results = batch(workflow, {"a.value": [0, 1], "b.b": [1, 2]})
    assert [result.status for result in results] == ["failed", "failed", "done", "done"]
    assert Counter(calls) == {"Inverse": 2, "Add": 2, "Show": 2}
    assert results[0].error == results[1].error
    assert results[0].error.startswith("node a (Inverse) failed: ZeroDivisionError: ")


def test_a_node_that_always_changes_runs_once_a_job(batch, flow, calls):
    workflow = flow(
        a=("Fickle", {"value": 1}),
        b=("Add", {"a": "@a", "b": 1}),
        one=("Show", {"value": "@a"}),
        two=("Show", {"value": "@b"}),
    )
    batch(workflow, {"b.b": [1, 2]})
    assert Counter(calls) == {"Fickle": 2, "Add": 2, "Show": 4}


PICTURE = {"prompt": "", "width": 4, "seed": 0, "strength": 1.0, "mode": "gray", "flip": False}


def test_each_job_has_all_of_its_pictures_even_if_they_are_alike(batch, flow, calls, tmp_path):
    workflow = flow(
        a=("Picture", PICTURE),
        save=("SavePicture", {"images": "@a", "filename_prefix": "same"}),
        b=("Picture", PICTURE),
        other=("SavePicture", {"images": "@b", "filename_prefix": "other"}),
    )
    results = batch(workflow, {"b.seed": [1, 2]})
    assert calls.count("Picture") == 3
    assert [sorted(result.files) for result in results] == [
        [f"seed={seed}/{name}_00001_.png" for name in ("other", "same")] for seed in (1, 2)
    ]
    assert all((tmp_path / "out" / name).is_file() for result in results for name in result.files)


def test_a_stopped_batch_keeps_what_ended_and_resumes_with_the_rest(batch, cascade, calls, tmp_path):
    ended = []

    def watch(event):
        ended.extend([event.result.id] if isinstance(event, JobEnded) else [])

    with pytest.raises(Interrupted):
        batch(cascade, {"s1.value": [1, 2, 3]}, wave=1, on_event=watch, stop=lambda: len(ended) == 2)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {".lock", "results.jsonl"}
    calls.clear()
    results = batch(cascade, {"s1.value": [1, 2, 3]}, resume=True)
    assert ended == ["value=1", "value=2"]
    assert [result.id for result in results] == ["value=1", "value=2", "value=3"]
    assert Counter(calls) == {"Model": 2, "Use": 2, "Show": 1}


def test_one_bad_job_among_many_means_that_nothing_is_called(batch, flow, calls, tmp_path):
    workflow = flow(a=("Number", {"value": 1}), out=("Show", {"value": "@a"}))
    with pytest.raises(WorkflowError, match=r"job 'value=2000': node a \(Number\): input 'value' got 2000"):
        batch(workflow, {"a.value": [1, 2, 2000]})
    assert calls == []
    assert not (tmp_path / "out").exists()


def test_time_left_is_a_lower_bound_until_every_kind_of_step_was_met(batch, cascade):
    standings = []
    batch(cascade, {"s1.value": [1, 2]}, on_event=lambda event: standings.append(event.standing))
    assert (standings[0].ended, standings[0].total, standings[0].seconds_left) == (0, 2, None)
    assert next(s.is_least for s in standings if s.seconds_left is not None)
    assert (standings[-1].ended, standings[-1].seconds_left, standings[-1].is_least) == (2, 0, False)


def test_the_estimate_takes_the_mean_of_each_column():
    class Step:
        def __init__(self, job, column):
            self.job, self.column = job, column

    steps = [Step(job, column) for column in range(2) for job in range(3)]
    estimate = Estimate(steps)
    for step, seconds in zip(steps[:4], (1.0, 3.0, 2.0, 10.0), strict=True):
        estimate.step_over(step, seconds)
    assert estimate.standing.seconds_left == 20.0


@settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(st.text(), min_size=9, max_size=9), min_size=2, max_size=2, unique_by=tuple))
def test_ids_of_different_values_differ_and_are_names_of_one_folder(values):
    ids = [fitted(grid_id([f"prompt_{i}" for i in range(9)], each)) for each in values]
    assert ids[0] != ids[1]
    assert all(not set(name) & set('/\\:*?"<>|\0\n') and len(name.encode()) <= LONGEST for name in ids)


def test_ids_do_not_depend_on_the_rest_of_the_grid(flow):
    workflow = flow(a=("Number", {"value": 1}))
    few, many = (job_table(workflow, [Job("x")], [Axis("a.value", values)]) for values in ((1, 2), range(9)))
    assert {job.id for job in few.jobs} < {job.id for job in many.jobs}


def test_python_code_runs_a_batch(classes, tmp_path):
    g = Graph(classes)
    total = g.nodes.Add(a=1, b=2).titled("Sum")
    g.nodes.Show(value=total)
    results = g.batch(tmp_path / "sums", jobs=[{"id": "x", "Sum.a": 5}], sweep={"Sum.b": [1, 2]})
    assert [(result.id, result.status) for result in results] == [("x,b=1", "done"), ("x,b=2", "done")]
    with pytest.raises(WorkflowError, match="which no workflow file can hold"):
        g.batch(tmp_path / "more", jobs=[{"Sum.a": object()}])
