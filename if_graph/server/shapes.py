"""Jobs -> the shapes in which ComfyUI's queue, history and jobs routes tell of them."""

from collections.abc import Mapping
from typing import Any

from if_graph.graph.run_store import shown_files
from if_graph.server.store import COMPLETED, Job


def queue_item(job: Job) -> list[Any]:
    """Return ``[number, id, prompt, extra_data, outputs]``."""
    return [job.number, job.id, job.prompt, job.extra_data, job.outputs]


def history_item(job: Job) -> dict[str, Any]:
    """Return what ``/history`` tells of a job that has ended."""
    done = job.status == COMPLETED
    return {
        "prompt": queue_item(job),
        "outputs": job.shown,
        "meta": {node_id: node_meta(job.prompt, node_id) for node_id in job.shown},
        "status": {
            "status_str": "success" if done else "error",
            "completed": done,
            "messages": job.messages,
        },
    }


def job_item(job: Job, is_full: bool = False) -> dict[str, Any]:
    """Return what ``/api/jobs`` tells of a job; ``is_full`` adds its workflow and its outputs."""
    files = [(node_id, key, one) for node_id, ui in job.shown.items() for key, one in _files(ui)]
    item = {
        "id": job.id,
        "status": job.status,
        "priority": job.number,
        "create_time": job.created,
        "execution_start_time": job.started,
        "execution_end_time": job.ended,
        "execution_error": next((data for name, data in job.messages if name == "execution_error"), None),
        "outputs_count": len(files),
        "preview_output": _preview(files),
        "workflow_id": _drawing(job).get("id"),
    }
    if is_full:
        item |= {
            "outputs": job.shown,
            "execution_status": history_item(job)["status"],
            "execution_meta": history_item(job)["meta"],
            "workflow": {"prompt": job.prompt, "extra_data": job.extra_data},
        }
    return {key: value for key, value in item.items() if value is not None}


def display_id(prompt: Mapping[str, Any], node_id: str) -> str:
    """Return the node a user sees for one that may be part of what it became."""
    return node_id if node_id in prompt else node_id.split(".")[0]


def node_meta(prompt: Mapping[str, Any], node_id: str) -> dict[str, Any]:
    """Return under which ids a node goes."""
    shown = display_id(prompt, node_id)
    parent = shown if shown != node_id else None
    return {"node_id": node_id, "display_node": shown, "parent_node": parent, "real_node_id": shown}


def drawing_of(extra_data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what saved pictures embed besides the API format, if the client sent it."""
    extra = extra_data.get("extra_pnginfo")
    return extra if isinstance(extra, dict) else None


def _drawing(job: Job) -> Mapping[str, Any]:
    workflow = (drawing_of(job.extra_data) or {}).get("workflow")
    return workflow if isinstance(workflow, dict) else {}


def _files(ui: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(key, one) for key in ui for one in shown_files({key: ui[key]})]


def _preview(files: list[tuple[str, str, Mapping[str, Any]]]) -> dict[str, Any] | None:
    """Choose the last saved file, or the last of all where none was saved."""
    saved = [each for each in files if each[2].get("type") == "output"] or files
    if not saved:
        return None
    node_id, key, one = saved[-1]
    return {**one, "nodeId": node_id, "mediaType": key}
