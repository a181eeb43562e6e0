"""POST /prompt and what follows: refusals, messages and their order, history, jobs."""

import pytest

from if_graph.client import Client

NUMBER = {"class_type": "Number", "inputs": {"value": 3}}
SHOW = {"class_type": "Show", "inputs": {"value": ["1", 0]}}
FLOW = {"1": NUMBER, "2": SHOW}
HELD = {"1": {"class_type": "Hold", "inputs": {"value": 1}}, "2": SHOW}


def node(kind, **inputs):
    return {"class_type": kind, "inputs": inputs}


def picture(**inputs):
    usual = {"prompt": "", "width": 4, "seed": 0, "strength": 1.0, "mode": "gray", "flip": False}
    return {"1": node("Picture", **(usual | inputs)), "2": SHOW}


WHOLE = [
    ({"prompt": None}, "no_prompt"),
    ({"prompt": {}}, "no_prompt"),
    ({"prompt": {"1": {"inputs": {}}}}, "missing_node_type"),
    ({"prompt": FLOW | {"3": node("Nowhere")}}, "missing_node_type"),
    ({"prompt": {"1": NUMBER}}, "prompt_no_outputs"),
    ({"prompt": FLOW, "partial_execution_targets": ["1"]}, "prompt_no_outputs"),
    ({"prompt": FLOW, "prompt_id": "no-uuid"}, "invalid_prompt_id"),
]
NODES = [
    ({"1": node("Number"), "2": SHOW}, "required_input_missing"),
    ({"1": node("SavePicture", images=[1, 2, 3], filename_prefix="x")}, "bad_linked_input"),
    ({"1": node("SavePicture", images=["2", 0], filename_prefix="x"), "2": NUMBER}, "return_type_mismatch"),
    ({"1": node("Add", a=["1", 0], b=1), "2": SHOW}, "dependency_cycle"),
    ({"1": node("Number", value="many"), "2": SHOW}, "invalid_input_type"),
    ({"1": node("Number", value=-5000), "2": SHOW}, "value_smaller_than_min"),
    ({"1": node("Number", value=5000), "2": SHOW}, "value_bigger_than_max"),
    (picture(mode="sepia"), "value_not_in_list"),
    ({"1": node("Picky", value=13), "2": SHOW}, "custom_validation_failed"),
    ({"2": node("Show", value=["99", 0])}, "exception_during_inner_validation"),
]


@pytest.mark.parametrize(("body", "kind"), WHOLE, ids=[f"{kind}-{i}" for i, (_, kind) in enumerate(WHOLE)])
def test_a_prompt_of_which_nothing_can_run_is_refused_by_type(server, body, kind):
    answer = server.ask("POST", "/api/prompt", body)
    assert (answer.status, server.json("POST", "/api/prompt", body)["error"]["type"]) == (400, kind)


@pytest.mark.parametrize(("prompt", "kind"), NODES, ids=[kind for _, kind in NODES])
def test_what_is_wrong_with_a_node_is_told_by_type(server, prompt, kind):
    reply = server.json("POST", "/prompt", {"prompt": prompt})
    assert reply["error"]["type"] == "prompt_outputs_failed_validation"
    found = {one["type"]: record for record in reply["node_errors"].values() for one in record["errors"]}
    assert set(found) == {kind}
    assert found[kind]["dependent_outputs"]


def test_one_good_output_is_enough(server):
    prompt = FLOW | {"3": node("Show", value=["4", 0]), "4": node("Number", value="x")}
    messages = server.watch(prompt)
    done = [one["data"]["node"] for one in messages if one["type"] == "executed"]
    reply = server.json("POST", "/prompt", {"prompt": prompt})
    assert (done, list(reply["node_errors"])) == (["2"], ["4"])


def test_only_the_targets_asked_for_run(server):
    prompt = {"1": node("Number", value=77), "2": SHOW, "3": node("Show", value=["1", 0])}
    messages = server.watch(prompt, partial_execution_targets=["3"])
    assert [one["data"]["node"] for one in messages if one["type"] == "executed"] == ["3"]


def test_messages_come_in_comfyuis_order(server):
    prompt = {"1": node("Steps", value=41, steps=1), "2": SHOW}
    kinds = [one["type"] for one in server.watch(prompt) if one["type"] not in ("feature_flags", "status")]
    per_node = ["progress_state", "executing"]
    assert kinds == [
        "execution_start", "execution_cached", *per_node, "progress_state", "progress", "progress_state",
        *per_node, "executed", "progress_state", "execution_success", "executing",
    ]  # fmt: skip


def test_a_cached_output_tells_again_what_it_shows(server):
    prompt = {"1": node("Number", value=88), "2": SHOW}
    first, again = (
        [one["data"]["output"] for one in server.watch(prompt) if one["type"] == "executed"] for _ in "ab"
    )
    assert first == again == [{"text": ["88"]}]


def test_history_and_jobs_tell_of_a_finished_run(server):
    run = server.watch(FLOW)[-1]["data"]["prompt_id"]
    entry, job = server.json("GET", f"/history/{run}")[run], server.json("GET", f"/api/jobs/{run}")
    assert entry["prompt"][1:3] == [run, FLOW]
    assert entry["outputs"] == job["outputs"] == {"2": {"text": ["3"]}}
    assert entry["meta"]["2"]["display_node"] == "2"
    assert (entry["status"]["status_str"], entry["status"]["completed"]) == ("success", True)
    assert job["status"] == "completed"
    assert job["execution_start_time"] <= job["execution_end_time"]


def test_a_failing_node_is_told_with_its_class_and_reason(server):
    messages = server.watch({"1": node("Fail", value=1), "2": SHOW})
    error = next(one["data"] for one in messages if one["type"] == "execution_error")
    assert (error["node_id"], error["node_type"], error["exception_type"]) == (
        "1",
        "Fail",
        "ZeroDivisionError",
    )
    assert error["traceback"]
    job = server.json("GET", f"/api/jobs/{error['prompt_id']}")
    assert (job["status"], job["execution_error"]["node_id"]) == ("failed", "1")


def test_an_interrupt_ends_the_run_within_one_step(server, hold):
    def stop(messages, run):
        return messages[-1]["type"] == "progress" and server.ask("POST", "/interrupt", {"prompt_id": run})

    messages = server.watch(HELD, during=stop)
    last = [one for one in messages if one["type"].startswith("execution_")][-1]
    assert (last["type"], last["data"]["node_id"]) == ("execution_interrupted", "1")
    assert server.json("GET", f"/api/jobs/{last['data']['prompt_id']}")["status"] == "cancelled"


@pytest.mark.parametrize(("flags", "kind"), [(True, 4), (False, 1)])
def test_previews_come_as_the_client_understands_them(server, hold, flags, kind):
    prompt = HELD | {"1": node("Hold", value=10 + kind)}  # not cached
    frames = server.watch(prompt, until="binary", flags=flags)
    hold.GO.set()
    frame = frames[-1]["data"]
    assert int.from_bytes(frame[:4], "big") == kind
    assert b"\xff\xd8\xff" in frame


def test_waiting_runs_are_listed_and_cancelled(server, hold):
    server.ask("POST", "/prompt", {"prompt": HELD | {"1": node("Hold", value=2)}})
    assert hold.BEGUN.wait(10)
    first, second = (
        server.json("POST", "/prompt", {"prompt": FLOW, "front": f})["prompt_id"] for f in (0, 1)
    )
    assert [item[1] for item in server.json("GET", "/queue")["queue_pending"]] == [second, first]
    assert server.json("POST", f"/api/jobs/{first}/cancel") == {"cancelled": True}
    server.ask("POST", "/queue", {"delete": [second]})
    assert server.json("GET", "/queue")["queue_pending"] == []


def test_a_full_queue_says_so(make_server, tmp_path, hold):
    small = make_server(tmp_path, queue_limit=1)
    small.ask("POST", "/prompt", {"prompt": HELD})
    assert hold.BEGUN.wait(10)
    codes = [small.ask("POST", "/prompt", {"prompt": FLOW}).status for _ in range(2)]
    assert codes == [200, 429]


def test_queue_and_history_outlive_the_server(make_server, tmp_path, hold):
    before = make_server(tmp_path)
    done = before.watch(FLOW)[-1]["data"]["prompt_id"]
    held = before.json("POST", "/prompt", {"prompt": HELD})["prompt_id"]
    assert hold.BEGUN.wait(10)
    before.stop()
    hold.BEGUN.clear()
    after = make_server(tmp_path)
    assert done in after.json("GET", "/history")
    assert hold.BEGUN.wait(10)
    assert after.json("GET", "/queue")["queue_running"][0][1] == held


def test_a_run_cut_short_goes_on_and_saves_no_picture_twice(make_server, tmp_path, hold):
    prompt = picture(seed=3) | {"4": node("Hold", value=5), "5": node("Show", value=["4", 0])}
    prompt["2"] = node("SaveImage", images=["1", 0], filename_prefix="once")
    before = make_server(tmp_path)
    run = before.json("POST", "/prompt", {"prompt": prompt})["prompt_id"]
    assert hold.BEGUN.wait(10)
    before.stop()
    assert [path.name for path in (tmp_path / "output").iterdir()] == ["once_00001_.png"]
    hold.GO.set()
    shown = Client(f"http://127.0.0.1:{make_server(tmp_path).port}").wait(run, 20)["outputs"]["2"]
    assert [image["filename"] for image in shown["images"]] == ["once_00001_.png"]
    assert [path.name for path in (tmp_path / "output").iterdir()] == ["once_00001_.png"]
    assert not list((tmp_path / "home" / "running").iterdir())


def test_an_interrupt_between_two_runs_stops_neither(server):
    worker, changed = server.worker, server.worker.changed
    worker.changed = lambda job, status: (status and worker.interrupt(), changed(job, status))
    runs = [server.watch({"1": node("Steps", value=900 + i, steps=3), "2": SHOW}) for i in range(2)]
    worker.changed = changed
    ends = [one["type"] for run in runs for one in run if one["type"].startswith("execution_s")]
    assert ends == ["execution_start", "execution_success"] * 2


def test_free_lets_networks_go_before_the_next_run(server, networks):
    server.watch({"1": node("Network"), "2": SHOW})
    assert networks[-1]() is not None
    server.ask("POST", "/free", {"unload_models": True})
    server.watch({"1": node("Number", value=501), "2": SHOW})
    assert networks[-1]() is None
