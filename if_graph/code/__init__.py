"""Graphs written in Python: node classes as functions, checked as they are wired, saved, run and watched."""

from if_graph.code.builder import Graph as Graph
from if_graph.code.handles import NodeHandle as NodeHandle
from if_graph.code.handles import Output as Output
from if_graph.code.result import Result as Result
from if_graph.code.running import Running as Running

__all__ = ["Graph", "NodeHandle", "Output", "Result", "Running"]
