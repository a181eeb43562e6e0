import threading

import pytest
import torch

from if_graph.errors import InputError, Interrupted, NodeError, WorkflowError
from if_graph.folders import Folders, using_folders
from if_graph.graph import Executor, MemoryCache
from if_graph.graph.events import (
    NodeCached,
    NodeFinished,
    NodeProgress,
    NodeStarted,
    RunFailed,
    RunFinished,
    RunStarted,
)
from if_graph.graph.workflow import Link, Node, Workflow


@pytest.fixture
def diamond(flow):
    return flow(
        a=("Number", {"value": 1}),
        b=("Add", {"a": "@a", "b": 10}),
        c=("Add", {"a": "@a", "b": 100}),
        d=("Add", {"a": "@b", "b": "@c"}),
        out=("Show", {"value": "@d"}),
    )


def test_outputs_can_be_read_by_node_id(classes, diamond):
    result = Executor(classes).run(diamond)
    assert result.outputs["out"] == (112,)
    assert result.outputs["b"] == (11,)
    assert result.ui == {"out": {"text": ["112"]}}


def test_a_second_run_calls_nothing_and_shows_the_same(classes, diamond, calls):
    executor = Executor(classes)
    first = executor.run(diamond)
    calls.clear()
    second = executor.run(diamond)
    assert calls == []
    assert second.executed == []
    assert second.cached == first.executed
    assert second.ui == first.ui
    assert second.outputs["out"] == (112,)


def test_a_changed_constant_runs_exactly_what_is_downstream(classes, diamond):
    executor = Executor(classes)
    executor.run(diamond)
    result = executor.run(diamond.with_input("b", "b", 11))
    assert result.executed == ["b", "d", "out"]
    assert sorted(result.cached) == ["a", "c"]


def test_nodes_that_feed_no_output_do_not_run(classes, flow, calls):
    Executor(classes).run(
        flow(a=("Fail", {"value": 1}), b=("Number", {"value": 1}), out=("Show", {"value": "@b"}))
    )
    assert calls == ["Number", "Show"]


def test_twins_run_once(classes, flow, calls):
    twins = flow(a=("Number", {"value": 1}), b=("Number", {"value": 1}), sum=("Add", {"a": "@a", "b": "@b"}))
    result = Executor(classes).run(twins, targets=["sum"])
    assert result.outputs["sum"] == (2,)
    assert calls == ["Number", "Add"]


def test_an_output_runs_as_soon_as_it_can(classes, flow):
    chain = flow(
        a=("Number", {"value": 1}),
        b=("Add", {"a": "@a", "b": 1}),
        last=("Show", {"value": "@b"}),
        first=("Show", {"value": "@a"}),
    )
    assert Executor(classes).run(chain).executed == ["a", "first", "b", "last"]


def test_one_branch_is_finished_before_the_next_begins(classes, flow):
    branches = flow(
        a1=("Number", {"value": 1}),
        b1=("Number", {"value": 2}),
        a2=("Add", {"a": "@a1", "b": 1}),
        b2=("Add", {"a": "@b1", "b": 1}),
        out=("Add", {"a": "@a2", "b": "@b2"}),
    )
    assert Executor(classes).run(branches, targets=["out"]).executed == ["a1", "a2", "b1", "b2", "out"]


def test_a_node_that_always_changes_runs_again_with_all_it_feeds(classes, flow):
    workflow = flow(
        a=("Fickle", {"value": 1}),
        b=("Number", {"value": 2}),
        c=("Add", {"a": "@a", "b": "@b"}),
        out=("Show", {"value": "@c"}),
    )
    executor = Executor(classes)
    executor.run(workflow)
    assert executor.run(workflow).executed == ["a", "c", "out"]


def test_is_changed_decides_whether_a_node_runs_again(classes, flow, monkeypatch):
    workflow, executor = flow(a=("Watched", {"value": 1})), Executor(classes)
    executor.run(workflow, targets=["a"])
    assert executor.run(workflow, targets=["a"]).executed == []
    monkeypatch.setattr(classes["Watched"], "outside", 1)
    assert executor.run(workflow, targets=["a"]).executed == ["a"]


def test_an_uncached_ancestor_of_a_cached_node_is_not_run(classes, diamond):
    class ForgetfulOfA(MemoryCache):
        def put(self, key, result, seconds=0.0):
            if result.outputs != ([1],):
                super().put(key, result, seconds)

    executor = Executor(classes, ForgetfulOfA())
    executor.run(diamond)
    assert executor.run(diamond).executed == []


def test_a_cache_without_room_still_gives_right_results(classes, diamond):
    executor = Executor(classes, MemoryCache(limit=0))
    assert executor.run(diamond).outputs["out"] == (112,)
    assert len(executor.run(diamond).executed) == 5


def test_results_nobody_waits_for_are_released(classes, flow):
    workflow = flow(a=("Picture", PICTURE), out=("Show", {"value": "@a"}))
    result = Executor(classes, MemoryCache(limit=0)).run(workflow)
    with pytest.raises(KeyError, match="targets"):
        result.outputs["a"]


PICTURE = {"prompt": "", "width": 4, "seed": 0, "strength": 1.0, "mode": "gray", "flip": False}


def test_nodes_run_in_inference_mode(classes, flow):
    picture = Executor(classes).run(flow(a=("Picture", PICTURE)), targets=["a"]).outputs["a"][0]
    assert isinstance(picture, torch.Tensor)
    assert picture.is_inference()


def test_a_failing_node_is_named_once(classes, flow):
    with pytest.raises(NodeError, match=r"node a \(Fail\) failed: ZeroDivisionError: ") as caught:
        Executor(classes).run(flow(a=("Fail", {"value": 1}), out=("Show", {"value": "@a"})))
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_an_error_of_ours_keeps_its_words(classes, flow):
    with pytest.raises(NodeError, match=r"^node a \(Refuse\) failed: value must be odd, got 2$") as caught:
        Executor(classes).run(flow(a=("Refuse", {"value": 2})), targets=["a"])
    assert isinstance(caught.value.__cause__, InputError)


def test_events_tell_the_whole_story_in_order(classes, flow):
    seen, executor = [], Executor(classes)
    workflow = flow(a=("Steps", {"value": 1, "steps": 2}), out=("Show", {"value": "@a"}))
    executor.run(workflow, on_event=seen.append)
    kinds = [type(event) for event in seen]
    steps = [NodeStarted, NodeProgress, NodeProgress, NodeFinished]
    assert kinds == [RunStarted, *steps, NodeStarted, NodeFinished, RunFinished]
    assert seen[0].order == ("a", "out")
    assert (seen[3].done, seen[3].total) == (2, 2)
    seen.clear()
    executor.run(workflow, on_event=seen.append)
    assert [type(event) for event in seen] == [RunStarted, NodeCached, NodeCached, RunFinished]
    assert seen[2].ui == {"text": ["1"]}


def test_a_failed_run_says_so_last(classes, flow):
    seen = []
    with pytest.raises(NodeError) as caught:
        Executor(classes).run(flow(a=("Fail", {"value": 1})), targets=["a"], on_event=seen.append)
    assert seen[-1] == RunFailed(caught.value)


def test_a_stop_flag_ends_the_run_at_the_next_step(classes, flow):
    flag, steps = threading.Event(), []

    def watch(event):
        if isinstance(event, NodeProgress):
            steps.append(event.done)
            if event.done == 2:
                flag.set()

    workflow = flow(a=("Steps", {"value": 1, "steps": 50}), out=("Show", {"value": "@a"}))
    with pytest.raises(Interrupted, match=r"node a \(Steps\) was stopped at step 2 of 50"):
        Executor(classes).run(workflow, on_event=watch, stop=flag)
    assert steps == [1, 2]


def test_a_stop_flag_is_asked_before_each_node(classes, flow, calls):
    with pytest.raises(Interrupted, match="before it began"):
        Executor(classes).run(flow(a=("Number", {"value": 1})), targets=["a"], stop=lambda: True)
    assert calls == []


def test_work_finished_before_a_failure_is_kept(classes, flow):
    executor = Executor(classes)
    workflow = flow(a=("Number", {"value": 1}), b=("Add", {"a": "@a", "b": 1}), c=("Fail", {"value": "@b"}))
    with pytest.raises(NodeError):
        executor.run(workflow, targets=["c"])
    assert executor.run(workflow, targets=["b"]).executed == []


def test_a_list_output_maps_the_next_node_over_its_items(classes, flow, calls):
    workflow = flow(a=("Range", {"count": 3}), b=("Add", {"a": "@a", "b": 10}), out=("Show", {"value": "@b"}))
    result = Executor(classes).run(workflow)
    assert result.outputs["b"] == ([10, 11, 12],)
    assert result.ui["out"] == {"text": ["10", "11", "12"]}
    assert calls.count("Add") == 3


def test_a_node_that_takes_lists_is_called_once(classes, flow, calls):
    workflow = flow(a=("Range", {"count": 4}), b=("Total", {"values": "@a", "scale": 10}))
    assert Executor(classes).run(workflow, targets=["b"]).outputs["b"] == (60,)
    assert calls == ["Range", "Total"]


def test_an_empty_list_means_nothing_to_do(classes, flow, calls):
    workflow = flow(a=("Range", {"count": 0}), b=("Add", {"a": "@a", "b": 10}))
    assert Executor(classes).run(workflow, targets=["b"]).outputs["b"] == ([],)
    assert calls == ["Range"]


def test_async_functions_are_awaited(classes, flow):
    assert Executor(classes).run(flow(a=("Later", {"value": 5})), targets=["a"]).outputs["a"] == (5,)


def test_a_node_keeps_its_object_between_runs(classes, flow):
    executor = Executor(classes)
    executor.run(flow(a=("Counting", {"value": 1})), targets=["a"])
    assert executor.run(flow(a=("Counting", {"value": 2})), targets=["a"]).outputs["a"] == (2,)


def test_a_node_can_ask_for_its_own_id(classes, flow):
    workflow = flow(a=("Named", {"value": 1}), b=("Named", {"value": 1}))
    outputs = Executor(classes).run(workflow, targets=["a", "b"]).outputs
    assert (outputs["a"], outputs["b"]) == (("a",), ("b",))


def test_titles_name_targets(classes):
    workflow = Workflow({"1": Node("Number", {"value": 7}, title="lucky")})
    assert Executor(classes).run(workflow, targets=["lucky"]).outputs["1"] == (7,)


def test_an_unknown_target_is_refused(classes, diamond):
    with pytest.raises(WorkflowError, match="no node has the id or title 'outt'; did you mean 'out'"):
        Executor(classes).run(diamond, targets=["outt"])


def test_ten_thousand_nodes_in_a_chain_run(classes):
    nodes = {"0": Node("Number", {"value": 0})}
    nodes |= {str(i): Node("Add", {"a": Link(str(i - 1), 0), "b": 1}) for i in range(1, 10_000)}
    assert Executor(classes).run(Workflow(nodes), targets=["9999"]).outputs["9999"] == (9999,)


def test_an_output_is_made_again_for_another_folder(classes, flow, calls, tmp_path):
    workflow = flow(a=("Picture", PICTURE), out=("SavePicture", {"images": "@a", "filename_prefix": "x"}))
    executor = Executor(classes)
    for name in ("first", "second", "first"):
        with using_folders(Folders(output=tmp_path / name)):
            executor.run(workflow)
    assert calls == ["Picture", "SavePicture", "SavePicture"]
    assert (tmp_path / "second" / "x_00001_.png").is_file()
