"""Damaged workflow files: a valid workflow or one clear sentence, never anything else."""

import copy
import json
import random
from pathlib import Path

import pytest

from if_graph.errors import WorkflowError
from if_graph.graph.dag import build_dag
from if_graph.graph.load import load_workflow
from if_graph.graph.schema import Schemas

FOLDER = Path(__file__).parent / "conversion"
JUNK = [
    None,
    True,
    -1,
    4,
    1e308,
    float("nan"),
    "",
    "1",
    "a\nb",
    [],
    {},
    [1],
    ["1", 0],
    ["1", 99],
    {"a": 1},
    -10,
    10**30,
]


def places(data):
    """Return (holder, key) of every value in nested JSON."""
    found, waiting = [], [data]
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        found += [(holder, key) for key in keys]
        waiting += [holder[key] for key in keys if isinstance(holder[key], dict | list)]
    return found


def damaged(data, dice):
    data = copy.deepcopy(data)
    for _ in range(dice.randint(1, 3)):
        holder, key = dice.choice(places(data) or [({"": 0}, "")])
        if dice.random() < 0.3:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(dice.choice(JUNK))
    return data


def complaint_about(data, info):
    """Return why a workflow cannot run, or an empty string."""
    try:
        build_dag(load_workflow(data, object_info=info), {}, schemas=Schemas(info))
    except WorkflowError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.*.json")), ids=lambda path: path.name)
def test_damage_is_answered_by_one_sentence_or_none(path):
    whole, dice = json.loads(path.read_text()), random.Random(path.name)
    info = json.loads((FOLDER / "object_info.json").read_text())
    answers = {complaint_about(damaged(whole, dice), info) for _ in range(30)}
    assert len(answers) > 1
    assert not any("\n" in answer or answer.endswith(".") for answer in answers)
