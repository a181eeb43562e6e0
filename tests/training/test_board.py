"""TensorBoard events beside the CSV log."""

import pytest

from if_graph.errors import InputError
from if_graph.training import board as board_module
from if_graph.training.board import Board
from if_graph.training.log import TrainStep


def test_without_the_library_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(board_module, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"if-graph\[tensorboard\]"):
        Board(tmp_path / "board")
    assert not (tmp_path / "board").exists()


@pytest.mark.filterwarnings("ignore")  # of TensorBoard's own libraries
def test_events_hold_each_step_once_though_a_killed_run_wrote_further(tmp_path):
    reader = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="pip install 'if-graph[tensorboard]'"
    )
    for steps, loss in (((1, 2, 3), 0.5), ((2, 3, 4), 0.25)):
        board = Board(tmp_path / "board")
        for step in steps:
            board(TrainStep(step, 4, loss, 1e-3, 0.1))
        board.close()
    events = reader.EventAccumulator(str(tmp_path / "board")).Reload().Scalars("loss")
    assert [(event.step, event.value) for event in events] == [(1, 0.5), (2, 0.25), (3, 0.25), (4, 0.25)]
