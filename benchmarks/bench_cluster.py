"""Throughput of a local Ray cluster, one raylet per worker, beside what the simulation says of it.

    python benchmarks/bench_cluster.py                           # calls that keep one core busy for 200 ms
    python benchmarks/bench_cluster.py --nano --jobs 200         # Stage I of the bundled cascade, 4 steps
    python benchmarks/bench_cluster.py --workers 1 2 4 --cores 2

Every picture is compared with the local run's, bit for bit. The driver's cost is its process CPU time per
job; the simulation is given that and the seconds per job that one worker took. Needs the extra ``cluster``.
"""

import argparse
import os
import runpy
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: Ray gives workers one thread too
os.environ.setdefault("RAY_worker_niceness", "0")

import ray
from ray.cluster_utils import Cluster
from sim_cluster import Setting, simulate

from if_graph.batch.jobs import Job, job_table
from if_graph.batch.prepare import Batch, Prepared, prepare
from if_graph.batch.run import BatchRun
from if_graph.batch.streams import StreamedBatchRun
from if_graph.cluster.connect import ray_backend
from if_graph.graph.api_format import read_api
from if_graph.graph.cache import MemoryCache
from if_graph.graph.dag import build_dag
from if_graph.graph.load import load_workflow
from if_graph.graph.registry import NodeClasses, load_node_classes
from if_graph.graph.schema import Schemas
from if_graph.graph.workflow import Workflow

PACK = str(Path(__file__).parents[1] / "tests" / "cluster" / "cluster_nodes.py")
WORDS = ("cat", "dog", "pig", "bell", "star")


@dataclass(frozen=True)
class Load:
    """What is run: a workflow, which inputs change per job, and the packs its classes come from."""

    workflow: Workflow
    prompt: str
    seed: str
    classes: NodeClasses
    packs: tuple[str, ...]


def toy(folder: Path, milliseconds: int) -> Load:
    """Calls that take as long as they are told, on one core."""
    classes = load_node_classes([PACK])
    api = runpy.run_path(PACK)["toy_workflow"](folder / "read.txt", milliseconds)
    return Load(read_api(api, Schemas.of(classes)), "read.prompt", "paint.seed", classes, (PACK,))


def nano(steps: int) -> Load:
    """Stage I of the bundled cascade, its 64 px picture saved."""
    classes = load_node_classes([])
    whole = load_workflow("txt2img", classes)
    api = whole.to_api()
    stage = next(name for name, node in api.items() if node["class_type"] == "IFStageI")
    wanted = {name: api[name] for name in build_dag(whole, classes, targets=[stage])}
    schedule = next(name for name, node in wanted.items() if node["class_type"] == "IFScheduler")
    prompt = next(name for name, node in wanted.items() if node["class_type"] == "IFEncodeText")
    wanted[schedule]["inputs"]["steps"] = steps
    wanted["save"] = {"class_type": "SaveImage", "inputs": {"images": [stage, 0], "filename_prefix": "x"}}
    workflow = read_api(wanted, Schemas.of(classes))
    return Load(workflow, f"{prompt}.prompt", f"{stage}.seed", classes, ())


def prepared(load: Load, out: Path, count: int, first: int = 0) -> Prepared:
    """``count`` jobs of five prompts, each with a seed of its own."""
    rows = [
        Job(f"{i:04}", {load.prompt: f"a {WORDS[i % len(WORDS)]} on a blue background", load.seed: i})
        for i in range(first, first + count)
    ]
    return prepare(Batch(load.workflow, job_table(load.workflow, rows, []), out, load.classes))


def pictures(out: Path) -> dict[str, bytes]:
    """The saved files by name."""
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*.png")}


@contextmanager
def raylets(count: int) -> Iterator[None]:
    """A head that computes nothing, and ``count`` nodes of one CPU each."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(count):
        cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
    try:
        yield
    finally:
        ray.shutdown()
        cluster.shutdown()


@dataclass(frozen=True)
class Measured:
    """Wall seconds, the driver's CPU seconds and the workers' busy seconds of the jobs; the pictures."""

    seconds: float
    driver: float
    busy: float
    pictures: dict[str, bytes]


def measure(load: Load, workers: int, jobs: int, folder: Path) -> Measured:
    """Warm up, so that every worker has its models, then carry the jobs out."""
    with raylets(workers), ray_backend(load.classes, packs=load.packs, workers=workers) as backend:
        carry_out(load, backend, folder / "warm", 4 * workers, first=10_000)
        warm = sum(backend.crew.work().values())
        began, cpu = time.perf_counter(), time.process_time()
        carry_out(load, backend, folder / "timed", jobs)
        seconds, driver = time.perf_counter() - began, time.process_time() - cpu
        busy = sum(backend.crew.work().values()) - warm
    return Measured(seconds, driver, busy, pictures(folder / "timed"))


def carry_out(load: Load, backend: object, out: Path, count: int, first: int = 0) -> None:
    """Run jobs on the cluster, with a cache that begins empty."""
    memory = MemoryCache()
    StreamedBatchRun(prepared(load, out, count, first), memory, memory, backend, backend.width).carry_out()


def main(argv: list[str] | None = None) -> int:
    """Print a row per number of workers; the exit code is 1 if a picture differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--milliseconds", type=int, default=200, help="that a call keeps a core busy")
    parser.add_argument("--nano", action="store_true", help="paint with the bundled Stage I")
    parser.add_argument("--steps", type=int, default=4, help="of Stage I")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="that the workers share")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        load = nano(args.steps) if args.nano else toy(Path(name), args.milliseconds)
        return report(load, args, Path(name))


def report(load: Load, args: argparse.Namespace, folder: Path) -> int:
    """Measure and print."""
    BatchRun(prepared(load, folder / "here", args.jobs)).carry_out()
    here, one, equal = pictures(folder / "here"), None, True
    print("| workers | jobs/s | of n times one | driver ms/job | simulated jobs/s | off by | pictures |")
    print("|---|---|---|---|---|---|---|")
    for workers in args.workers:
        got = measure(load, workers, args.jobs, folder / str(workers))
        one = one or got
        said = simulated(one, workers, args)
        rate, same = args.jobs / got.seconds, got.pictures == here
        of_ideal = rate / (workers * args.jobs / one.seconds)
        row = f"{workers} | {rate:.2f} | {of_ideal:.2f} | {1000 * got.driver / args.jobs:.1f} | {said:.2f}"
        print(f"| {row} | {said / rate - 1:+.0%} | {'equal' if same else 'DIFFER'} |", flush=True)
        equal &= same and len(here) == args.jobs
    return 0 if equal else 1


def simulated(one: Measured, workers: int, args: argparse.Namespace) -> float:
    """What the simulation says, given what one worker took; workers and driver share the cores."""
    wanted = workers + one.driver / one.busy * min(workers, args.cores)  # cores that they would keep busy
    busy = one.busy / args.jobs * max(1.0, wanted / args.cores)
    setting = Setting(workers, args.jobs, {"all": busy}, driver=one.driver / args.jobs)
    return simulate(setting).rate


if __name__ == "__main__":
    sys.exit(main())
