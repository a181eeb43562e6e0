import pytest
import torch
from if_graph_nodes.saving import save_numbered

from if_graph.errors import InputError, NodeError
from if_graph.graph import DiskCache, Executor, MemoryCache, TieredCache
from if_graph.graph.cache import NodeResult

TALE = "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has 79 GiB. See the documentation."


class Model:
    """A value that can leave its device."""

    offloaded = 0

    def offload(self):
        Model.offloaded += 1


def failing(times, error):
    """Return a function that raises ``error`` for some calls."""
    left = [error] * times

    def make(self, value, **rest):
        if left:
            raise left.pop()
        return (value,)

    return make


@pytest.fixture
def hungry(classes, flow, monkeypatch):
    """A workflow whose last node runs out of memory some times."""

    def build(times, error, cache=None):
        monkeypatch.setattr(classes["Picky"], "make", failing(times, error), raising=False)
        monkeypatch.setattr(classes["Number"], "make", lambda self, value: (Model(),))
        Model.offloaded = 0
        return Executor(classes, cache), flow(a=("Number", {"value": 1}), c=("Picky", {"value": 2}))

    return build


def caused(cause):
    error = InputError("it did not work")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        torch.cuda.OutOfMemoryError(TALE),
        MemoryError(),
        RuntimeError("can't allocate memory"),
        caused(MemoryError()),
    ],
)
def test_a_node_gets_a_second_chance_with_memory_freed(error, hungry):
    executor, workflow = hungry(1, error)
    result = executor.run(workflow, targets=["a", "c"])
    assert result.outputs["c"] == (2,)
    assert Model.offloaded == 1
    assert len(executor.cache) == 1


def test_the_second_time_is_explained_in_one_sentence(hungry):
    executor, workflow = hungry(2, torch.cuda.OutOfMemoryError(TALE))
    with pytest.raises(NodeError) as failure:
        executor.run(workflow, targets=["c"])
    said = str(failure.value)
    assert said.startswith("node c (Picky) failed: memory ran out, and once more when all that is not needed")
    assert "(Tried to allocate 20.00 GiB); make fewer" in said
    assert "documentation" not in said


def test_what_is_on_disk_stays_there(hungry, tmp_path):
    disk = DiskCache(tmp_path)
    disk.put("k", NodeResult(([1],)), 1.0)
    executor, workflow = hungry(1, MemoryError(), TieredCache(MemoryCache(), disk))
    executor.run(workflow, targets=["c"])
    assert disk.get("k") is not None


def test_other_errors_get_no_second_chance(hungry):
    executor, workflow = hungry(1, RuntimeError("sizes do not match"))
    with pytest.raises(NodeError, match="RuntimeError: sizes do not match"):
        executor.run(workflow, targets=["c"])


def test_a_call_that_ran_out_of_memory_saves_its_files_once(classes, flow, monkeypatch, tmp_path):
    shortages = [MemoryError()]

    def make(self, value):
        save_numbered(tmp_path, tmp_path / "a", ".txt", lambda path: path.write_text("x"))
        if shortages:
            raise shortages.pop()
        return (value,)

    monkeypatch.setattr(classes["Show"], "make", make)
    Executor(classes).run(flow(a=("Show", {"value": 1})))
    assert [path.name for path in tmp_path.iterdir()] == ["a_00001_.txt"]
