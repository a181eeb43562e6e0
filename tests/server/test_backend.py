"""The server's nodes run where it is told: here in a backend that keeps count."""

from if_graph.graph.backends import LocalBackend

FLOW = {
    "1": {"class_type": "Number", "inputs": {"value": 3}},
    "2": {"class_type": "Show", "inputs": {"value": ["1", 0]}},
}


class Counting(LocalBackend):
    def __init__(self):
        self.called = []

    def call(self, call):
        self.called.append(call.node_id)
        return super().call(call)


def test_nodes_run_where_the_server_is_told(make_server, tmp_path):
    backend = Counting()
    messages = make_server(tmp_path, backend=backend).watch(FLOW)
    assert messages[-1]["type"] == "executing"
    assert backend.called == ["1", "2"]
