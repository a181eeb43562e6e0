"""A step count becomes timesteps: evenly over the table, or over the part of it that solvers use."""

import math

from if_graph.diffusion.respacing import Timesteps, check_count


def linspace(steps: int, train_steps: int = 1000) -> Timesteps:
    """Evenly spaced timesteps that include both ends of the table.

    Raises:
        InputError: if ``steps`` is outside [1, train_steps].
    """
    check_count(steps, train_steps)
    stride = (train_steps - 1) / max(steps - 1, 1)
    return _descending([round(i * stride) for i in range(steps)])


def trailing(steps: int, train_steps: int = 1000, last: int | None = None) -> Timesteps:
    """Evenly spaced timesteps counted down from the very last one.

    Args:
        steps: how many the whole table gets.
        train_steps: length of the table.
        last: highest timestep that may be visited; the strides stay those of the whole table, so there
            may be fewer of them.

    Raises:
        InputError: if ``steps`` is outside [1, train_steps].
    """
    check_count(steps, train_steps)
    start, stride = train_steps if last is None else last + 1, train_steps / steps
    count = min(steps, math.ceil(start / stride))
    stride = start - (start - stride)  # rounded twice, as the published pipelines' ranges are
    return _descending([max(round(start - i * stride) - 1, 0) for i in range(count)])


def solver_linspace(steps: int, last: int) -> Timesteps:
    """Evenly spaced from ``last`` downwards, stopping one stride above 0: the last step leads there.

    Args:
        steps: how many.
        last: highest timestep that may be visited.

    Raises:
        InputError: if ``steps`` is outside [1, last].
    """
    check_count(steps, last)
    stride = last / steps
    return _descending([round(i * stride) for i in range(1, steps)] + [last])


def solver_leading(steps: int, last: int) -> Timesteps:
    """Spaced by the largest whole stride that leaves room for 0 below them.

    Raises:
        InputError: if ``steps`` is outside [1, last].
    """
    check_count(steps, last)
    stride = (last + 1) // (steps + 1)
    return _descending([i * stride for i in range(1, steps + 1)])


def _descending(chosen: list[int]) -> Timesteps:
    """Sort into running order; where there are more steps than timesteps, each is visited once."""
    return tuple(sorted(set(chosen), reverse=True))
