"""Stretches of many jobs -> their order, in which what is large is made once and let go early."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from if_graph.batch.stretches import Stretch

WAVE = 64


@dataclass(frozen=True)
class Step:
    """One stretch of one job.

    Args:
        job: number of the job.
        column: number of the stretch among those of its job.
        stretch: what to do.
        is_last: whether the job is done with it.
        lets_go: keys of results that no later step uses.
    """

    job: int
    column: int
    stretch: Stretch
    is_last: bool
    lets_go: frozenset[str]


def schedule(jobs: Sequence[Sequence[Stretch]], wave: int = WAVE) -> list[Step]:
    """Order the stretches of jobs: all jobs of a wave do one stretch before any of them does the next.

    So a model is needed during one stretch only, and jobs that need the same one are neighbours.

    Args:
        jobs: the stretches of each job.
        wave: how many jobs go together; more hold more unfinished results, fewer load models more often
            where memory cannot hold them all.
    """
    order = _alike_together(range(len(jobs)), lambda job: [k for s in jobs[job] for k in s.loads])
    places: list[tuple[int, int]] = []
    for start in range(0, len(order), wave):
        members = order[start : start + wave]
        for column in range(max(len(jobs[job]) for job in members)):
            there = [job for job in members if column < len(jobs[job])]
            places += [(job, column) for job in _alike_together(there, _loads_in(jobs, column))]
    return _with_ends(places, jobs)


def _loads_in(jobs: Sequence[Sequence[Stretch]], column: int) -> Callable[[int], Sequence[str]]:
    return lambda job: jobs[job][column].loads


def _alike_together(jobs: Iterable[int], loads: Callable[[int], Sequence[str]]) -> list[int]:
    """Sort jobs so that those with the same loads are neighbours; loads that differ least count most.

    A seed that stands in a node of its own differs in every job, a model in few.
    """
    marks = {job: loads(job) for job in jobs}
    width = max(map(len, marks.values()), default=0)
    ranks: list[dict[str | None, int]] = [{} for _ in range(width)]
    places = {
        job: [rank.setdefault(row[i] if i < len(row) else None, len(rank)) for i, rank in enumerate(ranks)]
        for job, row in marks.items()
    }
    weight = sorted(range(width), key=lambda i: len(ranks[i]))
    return sorted(marks, key=lambda job: [places[job][i] for i in weight])


def _with_ends(places: Sequence[tuple[int, int]], jobs: Sequence[Sequence[Stretch]]) -> list[Step]:
    last = {key: i for i, (job, column) in enumerate(places) for key in jobs[job][column].uses}
    ends: dict[int, set[str]] = {}
    for key, place in last.items():
        ends.setdefault(place, set()).add(key)
    return [
        Step(job, column, jobs[job][column], column + 1 == len(jobs[job]), frozenset(ends.get(i, ())))
        for i, (job, column) in enumerate(places)
    ]
