"""Measured seconds of work per pool -> which workers keep which pool's model."""

from collections.abc import Mapping, Sequence
from math import ceil, floor

_ROUNDING = 1e-9


def share_out(work: Mapping[str, float], workers: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Give each pool workers in proportion to its work.

    The pools are laid end to end over the workers, each as wide as its share, so that all workers have
    the same amount to do, at most ``pools - 1`` of them serve more than one pool, and no pool goes without
    (the wrap-around rule of McNaughton, 1959).

    Args:
        work: seconds of work by pool; a pool that was not measured yet counts as the mean of the others.
        workers: numbers of the workers to give out.

    Returns:
        numbers of the workers by pool.
    """
    if not workers:
        return {pool: () for pool in work}
    known = [seconds for seconds in work.values() if seconds > 0]
    usual = sum(known) / len(known) if known else 1.0
    seconds = {pool: value if value > 0 else usual for pool, value in work.items()}
    whole, at, shares = sum(seconds.values()), 0.0, {}
    for pool, value in seconds.items():
        end = at + len(workers) * value / whole
        first = min(floor(at + _ROUNDING), len(workers) - 1)
        shares[pool] = tuple(workers[first : max(ceil(end - _ROUNDING), first + 1)])
        at = end
    return shares
