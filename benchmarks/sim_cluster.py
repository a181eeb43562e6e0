"""A cluster of 1 to 10,000 GPUs as a discrete-event simulation: where does the design stop scaling?

    python benchmarks/sim_cluster.py                    # the published cascade on GPUs
    python benchmarks/sim_cluster.py --driver-ms 2      # with a driver that is ten times as fast
    python benchmarks/sim_cluster.py --stages paint=0.05 --gpus 1 2 4 --jobs 100   # what was measured here
    python benchmarks/sim_cluster.py --plot docs/cluster/scaling.png   # curves; needs the extra 'bench'

Every call of a node passes the driver, which handles one at a time. Workers help other pools where calls
queue up, so they are one queue here; loading a model for that counts nothing. Workers fail at random, lose
the call they were at, and come back after a while with their models to load.
"""

import argparse
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import simpy
from plots import draw_curves

# Assumed, not measured: seconds per picture on a data-centre GPU in half precision, from 100, 50 and 75 steps
# at 17, 11 and 9 steps a second; T5-XXL reads a prompt in 50 ms. Pass --stages for your own.
ASSUMED = {"t5": 0.05, "stage I": 100 / 17, "stage II": 50 / 11, "stage III": 75 / 9}


@dataclass(frozen=True)
class Setting:
    """What is simulated.

    Args:
        gpus: workers.
        jobs: pictures.
        stages: seconds by stage.
        driver: seconds that the driver spends on each call.
        megabytes: size of what one call hands to the next.
        mtbf: mean seconds between two failures of one worker; 0 for none.
        restart: seconds until a failed worker has its models again.
        ahead: jobs under way per worker.
    """

    gpus: int
    jobs: int
    stages: dict[str, float]
    driver: float = 0.02
    megabytes: float = 0.8
    mtbf: float = 0.0
    restart: float = 60.0
    ahead: int = 2


@dataclass(frozen=True)
class Outcome:
    """What came of it: seconds in all, pictures a second, idle share, peak queue in MB, calls lost."""

    seconds: float
    rate: float
    idle: float
    queue: float
    lost: int


class _Cluster:
    def __init__(self, setting: Setting, seed: int) -> None:
        self.setting, self.env, self.random = setting, simpy.Environment(), random.Random(seed)
        self.driver = simpy.Resource(self.env)
        self.gate = simpy.Resource(self.env, max(1, setting.gpus * setting.ahead))
        self.all = simpy.Resource(self.env, setting.gpus)
        self.busy, self.lost, self.waiting, self.peak = 0.0, 0, 0, 0

    def job(self) -> Iterator[Any]:
        with self.gate.request() as admitted:
            yield admitted
            for seconds in self.setting.stages.values():
                with self.driver.request() as turn:
                    yield turn
                    yield self.env.timeout(self.setting.driver)
                yield from self._call(seconds)

    def _call(self, seconds: float) -> Iterator[Any]:
        self.waiting += 1
        self.peak = max(self.peak, self.waiting)
        with self.all.request() as worker:  # help across shares makes the workers one queue
            yield worker
            self.waiting -= 1
            while (lasts := self._lasts()) < seconds:
                self.lost += 1
                self.busy += lasts
                yield self.env.timeout(lasts + self.setting.restart)
            self.busy += seconds
            yield self.env.timeout(seconds)

    def _lasts(self) -> float:
        return self.random.expovariate(1 / self.setting.mtbf) if self.setting.mtbf else float("inf")


def simulate(setting: Setting, seed: int = 0) -> Outcome:
    """Run one setting to its end."""
    cluster = _Cluster(setting, seed)
    done = [cluster.env.process(cluster.job()) for _ in range(setting.jobs)]
    cluster.env.run(simpy.AllOf(cluster.env, done))
    seconds = cluster.env.now
    idle = 1 - cluster.busy / (seconds * setting.gpus)
    return Outcome(seconds, setting.jobs / seconds, idle, cluster.peak * setting.megabytes, cluster.lost)


CLUSTERS = {
    "driver 20 ms a call": {"driver": 0.02},
    "driver 2 ms": {"driver": 0.002},
    "20 ms, a worker fails every 2 h": {"driver": 0.02, "mtbf": 7200.0},
}


def curves(sizes: list[int], stages: dict[str, float]) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """What becomes of throughput, idle share and queue as each of three clusters grows."""
    panels: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for name, changes in CLUSTERS.items():
        for gpus in sizes:
            got = simulate(Setting(gpus, _enough_jobs(gpus), stages, **changes))
            values = {
                "share of the ideal throughput": got.rate * sum(stages.values()) / gpus,
                "idle share": got.idle,
                "queue, MB": got.queue,
            }
            for title, value in values.items():
                panels.setdefault(title, {}).setdefault(name, []).append((gpus, value))
    return panels


def _enough_jobs(gpus: int) -> int:
    return max(40, 4 * gpus)


def main(argv: list[str] | None = None) -> int:
    """Print a row per cluster size."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gpus", type=int, nargs="+", default=[1, 10, 100, 300, 1000, 3000, 10000])
    parser.add_argument("--jobs", type=int, help="pictures (default: four per GPU, at least 40)")
    parser.add_argument("--stages", nargs="+", metavar="NAME=SECONDS", default=[])
    parser.add_argument("--driver-ms", type=float, default=20.0)
    parser.add_argument("--mtbf-hours", type=float, default=0.0, help="between failures of one worker")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw curves instead, for three clusters")
    args = parser.parse_args(argv)
    stages = {name: float(value) for name, value in (text.split("=") for text in args.stages)} or ASSUMED
    if args.plot is not None:
        draw_curves(args.plot, curves(args.gpus, stages), "GPUs")
        return 0
    print("| GPUs | pictures/s | efficiency | idle | queue MB | calls lost |\n|---|---|---|---|---|---|")
    for gpus in args.gpus:
        jobs = args.jobs or _enough_jobs(gpus)
        setting = Setting(gpus, jobs, stages, args.driver_ms / 1000, mtbf=args.mtbf_hours * 3600)
        got = simulate(setting)
        best = gpus / sum(stages.values())
        row = (
            f"{gpus} | {got.rate:.2f} | {got.rate / best:.0%} | {got.idle:.0%} | {got.queue:.0f} | {got.lost}"
        )
        print(f"| {row} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
