"""What the executor costs per node, apart from the nodes: CPU time on chains and fans of trivial ones.

    python benchmarks/bench_executor.py [--sizes 100 200 1000 10000] [--rounds 15]

``cold`` runs a workflow with an empty cache, ``cached`` runs it again unchanged. ComfyUI's own figures at 200
nodes, taken the same way, are 1.4 ms a node cold and 1.8 ms fully cached.
"""

import argparse
import statistics
import time

import torch
from measuring import heading

from if_graph.graph import Executor, Link, Node, Workflow


class Pass:
    """Hands a number on."""

    CATEGORY, FUNCTION, RETURN_TYPES = "bench", "run", ("INT",)
    INPUT_TYPES = classmethod(
        lambda cls: {"required": {"value": ("INT", {}), "add": ("INT", {"default": 0})}}
    )

    def run(self, value, add):
        return (value + add,)


class End(Pass):
    """Ends a branch."""

    OUTPUT_NODE = True


CLASSES = {"Pass": Pass, "End": End}


def chain(count):
    """Each node feeds the next."""
    links = [0, *(Link(str(i), 0) for i in range(count - 1))]
    kinds = ["Pass"] * (count - 1) + ["End"]
    return _workflow(zip(kinds, links, strict=True))


def fan(count):
    """One node feeds all the others, and each of those is an output."""
    return _workflow([("Pass", 0), *(("End", Link("0", 0)) for _ in range(count - 1))])


def _workflow(parts):
    return Workflow({str(i): Node(kind, {"value": link, "add": i}) for i, (kind, link) in enumerate(parts)})


def _cpu_ms(executor, workflow):
    began = time.process_time()
    executor.run(workflow)
    return (time.process_time() - began) * 1000


def measure(workflow, rounds):
    """Return milliseconds a node, cold and cached, of every round."""
    count, cold, cached = len(workflow.nodes), [], []
    for _ in range(rounds):
        executor = Executor(CLASSES)
        cold.append(_cpu_ms(executor, workflow) / count)
        cached.append(_cpu_ms(executor, workflow) / count)
    return cold, cached


def _cell(values):
    low, *_, high = statistics.quantiles(values, n=4)
    return f"{statistics.median(values):.4f} ({low:.4f}..{high:.4f})"


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 200, 1000, 10_000])
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    torch.set_num_threads(1)
    measure(chain(100), 3)  # what is done once a process
    print(f"CPU milliseconds a node, median (quartiles) of {args.rounds} rounds; {heading('networkx')}\n")
    print("| graph | nodes | cold | cached |\n|---|---|---|---|")
    for name, make in (("chain", chain), ("fan", fan)):
        for count in args.sizes:
            cold, cached = measure(make(count), args.rounds)
            print(f"| {name} | {count} | {_cell(cold)} | {_cell(cached)} |", flush=True)


if __name__ == "__main__":
    main()
