"""Each malformed workflow: one clear sentence, exit code 2, nothing called and nothing written."""

import copy

import pytest

CHANGES = {
    "unknown class": (
        ["1", "class_type"],
        "Pictur",
        "node 1 'Paint' (Pictur): there is no node class 'Pictur'; did you mean 'Picture'",
    ),
    "no class": (
        ["1", "class_type"],
        None,
        "node 1: 'class_type' is null, expected the name of a node class",
    ),
    "node is a list": (["1"], [1], "node 1 is a list, expected an object with 'class_type' and 'inputs'"),
    "inputs is a list": (["1", "inputs"], [1], "node 1 (Picture): 'inputs' is a list, expected an object"),
    "missing link": (
        ["2", "inputs", "images"],
        ...,
        "node 2 (SavePicture): input 'images' is missing, expected IMAGE; connect an output of type IMAGE",
    ),
    "missing value": (
        ["1", "inputs", "width"],
        ...,
        "node 1 'Paint' (Picture): input 'width' is missing, expected INT; give it a value, for example 4",
    ),
    "text for a number": (
        ["1", "inputs", "width"],
        "wide",
        "input 'width' got \"wide\", expected INT; give a whole number",
    ),
    "null": (["1", "inputs", "width"], None, "input 'width' got null, expected INT"),
    "object for a text": (
        ["1", "inputs", "prompt"],
        {"a": 1},
        "input 'prompt' got {\"a\": 1}, expected STRING; give a text in quotes",
    ),
    "text for a boolean": (
        ["1", "inputs", "flip"],
        "false",
        "input 'flip' got \"false\", expected BOOLEAN; give true or false",
    ),
    "not a number": (
        ["1", "inputs", "strength"],
        float("nan"),
        "input 'strength' got NaN, expected FLOAT; give a finite number",
    ),
    "infinite": (
        ["1", "inputs", "strength"],
        1e999,
        "input 'strength' got Infinity, expected FLOAT; give a finite number",
    ),
    "too small": (["1", "inputs", "width"], 0, "input 'width' got 0, expected at least 1; raise it"),
    "too large": (["1", "inputs", "width"], 65, "input 'width' got 65, expected at most 64; lower it"),
    "no such choice": (
        ["1", "inputs", "mode"],
        "grey",
        "input 'mode' got \"grey\", expected one of 'gray', 'color'; did you mean 'gray'",
    ),
    "link from nowhere": (
        ["2", "inputs", "images"],
        ["9", 0],
        "node 2 (SavePicture): input 'images' is linked to node 9, which does not exist; known are '1', '2'",
    ),
    "no such output": (
        ["2", "inputs", "images"],
        ["1", 3],
        "is linked to output 3 of node 1 'Paint' (Picture), which has 1 (counted from 0)",
    ),
    "negative output": (
        ["2", "inputs", "images"],
        ["1", -1],
        "is linked to output -1 of node 1 'Paint' (Picture)",
    ),
    "constant for a socket": (
        ["2", "inputs", "images"],
        7,
        "input 'images' got 7, expected IMAGE; connect an output of type IMAGE",
    ),
    "wrong type of link": (
        ["1", "inputs", "width"],
        ["1b", 0],
        "input 'width' got IMAGE from node 1b (Picture), expected INT; connect an output of type INT",
    ),
    "a circle": (
        ["1", "inputs", "width"],
        ["3", 0],
        "the links run in a circle: node 3 (Number) -> node 3 (Number); remove one of them",
    ),
    "refused by the class": (
        ["1", "inputs", "width"],
        ["4", 0],
        "node 4 (Picky): 13 brings bad luck; take 12",
    ),
    "no output node": (["2"], ..., "the workflow has no output node among its 4 nodes; add an output node"),
}
TEXTS = {
    "empty file": ("", "is not a workflow: Expecting value"),
    "cut off": ('{"1": {"class_type"', "is not a workflow: Expecting"),
    "a list": ("[]", "holds a list, expected an object"),
    "an empty object": ("{}", "is neither API nor editor format: its keys are none"),
    "some other JSON": (
        '{"name": "x", "version": 3}',
        "is neither API nor editor format: its keys are 'name', 'version'",
    ),
    "nested without end": ("[" * 100_000, "is not a workflow: it is nested too deeply"),
    "editor nodes without id": (
        '{"nodes": [{"type": "Picture"}], "links": []}',
        'a node has id null and type "Picture"',
    ),
    "editor link cut short": (
        '{"nodes": [], "links": [[1, 2]]}',
        "link [1, 2] is malformed, expected [id, from, from slot",
    ),
    "editor links are text": ('{"nodes": [], "links": "x"}', "'links' is a string, expected a list"),
    "editor group node": (
        '{"nodes": [{"id": 1, "type": "workflow>G"}]}',
        "node 1: 'workflow>G' is a group node",
    ),
    "nothing but notes": (
        '{"nodes": [{"id": 1, "type": "Note"}]}',
        "the workflow has no output node among its 0 nodes",
    ),
}


def changed(flow, path, value):
    *way, last = path
    flow = copy.deepcopy(flow)
    flow["1b"] = copy.deepcopy(flow["1"])
    del flow["1b"]["_meta"]
    flow["3"] = {"class_type": "Number", "inputs": {"value": ["3", 0]}}
    flow["4"] = {"class_type": "Picky", "inputs": {"value": 13}}
    place = flow
    for step in way:
        place = place[step]
    place[last] = value
    return (
        flow
        if value is not ...
        else {k: v for k, v in flow.items() if v is not ...} | without(place, last, flow)
    )


def without(place, last, flow):
    del place[last]
    return {} if place is flow else {k: v for k, v in flow.items() if v is not ...}


def assert_refused(answer, message, toy_module, folder, *files):
    code, out, err = answer
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
    assert err.startswith("if-graph: ")
    assert not err.rstrip().endswith(".")
    assert (out, toy_module.CALLS) == ("", [])
    assert sorted(path.name for path in folder.iterdir()) == sorted(files)


@pytest.mark.parametrize("verb", ["run", "validate"])
@pytest.mark.parametrize(("path", "value", "message"), CHANGES.values(), ids=CHANGES)
def test_a_malformed_workflow_is_refused(
    verb, path, value, message, command, save, picture_flow, toy_module, tmp_path
):
    file = save(changed(picture_flow, path, value))
    assert_refused(command(verb, file), message, toy_module, tmp_path, file)


@pytest.mark.parametrize(("text", "message"), TEXTS.values(), ids=TEXTS)
def test_a_file_that_is_no_workflow_is_refused(text, message, command, save, toy_module, tmp_path):
    assert_refused(command("run", save(text)), message, toy_module, tmp_path, "flow.json")


OPTIONS = {
    "no such node": (["--set", "9.width=3"], "no node has the id or title '9'; known are"),
    "no such input": (["--set", "Paint.widht=3"], "there is no input 'widht'; did you mean 'width'"),
    "no equals sign": (["--set", "Paint.width"], "--set got 'Paint.width', expected NODE.INPUT=VALUE"),
    "out of range": (["--set", "Paint.width=99"], "input 'width' got 99, expected at most 64"),
    "negative seed": (["--seed", "-1"], "input 'seed' got -1, expected at least 0"),
}


@pytest.mark.parametrize(("options", "message"), OPTIONS.values(), ids=OPTIONS)
def test_an_option_that_fits_nowhere_is_refused(
    options, message, command, save, picture_flow, toy_module, tmp_path
):
    assert_refused(command("run", save(picture_flow), *options), message, toy_module, tmp_path, "flow.json")


def test_two_prompts_are_one_too_many(command, save, picture_flow, toy_module, tmp_path):
    picture_flow["7"] = picture_flow["1"]
    message = "several nodes have a 'prompt': 'node 1 'Paint' (Picture)', 'node 7"
    assert_refused(
        command("run", save(picture_flow), "--prompt", "x"), message, toy_module, tmp_path, "flow.json"
    )


def test_an_unknown_workflow_names_the_near_ones(command, toy_module, tmp_path):
    assert_refused(
        command("run", "nowhere.json"),
        "no file or shipped workflow is called 'nowhere.json'",
        toy_module,
        tmp_path,
    )


def test_a_folder_is_no_workflow(command, toy_module, tmp_path):
    assert_refused(
        command("run", tmp_path), "is a folder, expected a workflow file inside it", toy_module, tmp_path
    )
