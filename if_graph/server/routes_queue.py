"""Routes of the queue: ask for runs, look at them, cancel them, look back at them."""

from typing import Any
from uuid import UUID, uuid4

from aiohttp import web

from if_graph.server.bodies import read_object
from if_graph.server.refusals import Refused
from if_graph.server.shapes import history_item, job_item, queue_item
from if_graph.server.state import State, number_in, state_of
from if_graph.server.store import CANCELLED, ENDED, PENDING, RUNNING, WAITING, Job
from if_graph.server.validation import check_prompt

routes = web.RouteTableDef()
_MOST = 1000


@routes.post("/prompt")
async def queue_prompt(request: web.Request) -> web.Response:
    """Queue a workflow; the reply holds prompt_id, number and what is wrong with outputs left out."""
    state, body = state_of(request), await read_object(request)
    job_id = _canonical(body.get("prompt_id"))
    extra = body.get("extra_data") or {}
    if not isinstance(extra, dict):
        raise Refused(400, "bad_json", "extra_data is not an object, expected {...}")
    if "client_id" in body:
        extra = extra | {"client_id": str(body["client_id"])}
    prompt, targets = body.get("prompt"), body.get("partial_execution_targets")
    accepted = await state.apart(lambda: check_prompt(prompt, state.classes, targets))
    job = Job(job_id, prompt or {}, accepted.outputs, extra)
    number = state.store.add(job, front=bool(body.get("front")) or body.get("number") == -1)
    state.metrics.queued.inc()
    state.worker.wake()
    state.queue_changed()
    reply = {"prompt_id": job_id, "number": number, "node_errors": accepted.node_errors}
    return web.json_response(reply)


def _canonical(sent: Any) -> str:
    if sent is None:
        return str(uuid4())
    try:
        if isinstance(sent, str) and str(UUID(sent)) == sent:
            return sent
    except ValueError:
        pass
    raise Refused(400, "invalid_prompt_id", "prompt_id is no UUID in lower case with hyphens; leave it out")


@routes.get("/prompt")
async def queue_length(request: web.Request) -> web.Response:
    """Tell how many runs wait or are running."""
    return web.json_response(state_of(request).status()["status"])


@routes.get("/queue")
async def show_queue(request: web.Request) -> web.Response:
    """List what is running and what waits."""
    store = state_of(request).store
    running, pending = ([queue_item(job) for job in store.list([one])] for one in (RUNNING, PENDING))
    return web.json_response({"queue_running": running, "queue_pending": pending})


@routes.post("/queue")
async def change_queue(request: web.Request) -> web.Response:
    """Remove waiting runs: all with {"clear": true}, some with {"delete": [ids]}."""
    state, body = state_of(request), await read_object(request)
    _remove(state, [PENDING], body)
    state.queue_changed()
    return web.json_response({})


@routes.get("/history")
async def show_history(request: web.Request) -> web.Response:
    """List runs that ended, oldest first; max_items and offset count from the newest."""
    state = state_of(request)
    most, offset = number_in(request, "max_items", _MOST), number_in(request, "offset", 0)
    most = min(most, _MOST) if most >= 0 else _MOST
    jobs = await state.apart(lambda: state.store.list(ENDED, True, most, max(offset, 0)))
    return web.json_response({job.id: history_item(job) for job in reversed(jobs)})


@routes.get("/history/{id}")
async def show_one_of_history(request: web.Request) -> web.Response:
    """Tell of one run, if it has ended; an empty object otherwise."""
    job = state_of(request).store.find(request.match_info["id"])
    known = job is not None and job.status in ENDED
    return web.json_response({job.id: history_item(job)} if known and job else {})


@routes.post("/history")
async def change_history(request: web.Request) -> web.Response:
    """Forget runs that ended: all with {"clear": true}, some with {"delete": [ids]}."""
    _remove(state_of(request), ENDED, await read_object(request))
    return web.json_response({})


@routes.post("/interrupt")
async def interrupt(request: web.Request) -> web.Response:
    """Stop the run in progress within one step, or only the one that {"prompt_id": id} names."""
    wanted = (await read_object(request)).get("prompt_id")
    state_of(request).worker.interrupt(wanted if isinstance(wanted, str) else None)
    return web.json_response({})


@routes.post("/free")
async def free(request: web.Request) -> web.Response:
    """Forget results of earlier runs, models included."""
    body = await read_object(request)
    if body.get("free_memory") or body.get("unload_models"):
        state_of(request).worker.free_memory()
    return web.json_response({})


@routes.get("/jobs")
async def list_jobs(request: web.Request) -> web.Response:
    """List runs of all kinds, newest first, with status, times and one picture each."""
    store, query = state_of(request).store, request.query
    asked = [one for one in query.get("status", "").split(",") if one] or [*WAITING, *ENDED]
    if unknown := set(asked) - {*WAITING, *ENDED}:
        raise Refused(400, "bad_query", f"status {sorted(unknown)[0]!r:.40} is unknown, expected {WAITING}")
    limit, offset = max(number_in(request, "limit", 100), 0), max(number_in(request, "offset", 0), 0)
    oldest_first = query.get("sort_order") == "asc"
    total = store.count(asked)
    start = max(total - offset - limit, 0) if oldest_first else offset
    found = store.list(asked, True, min(limit, _MOST), start)
    jobs = [job_item(job) for job in (reversed(found) if oldest_first else found)]
    page = {"offset": offset, "limit": limit, "total": total, "has_more": offset + len(jobs) < total}
    return web.json_response({"jobs": jobs, "pagination": page})


@routes.get("/jobs/{id}")
async def show_job(request: web.Request) -> web.Response:
    """Tell everything of one run, its workflow and outputs included."""
    return web.json_response(job_item(_known(request, request.match_info["id"]), is_full=True))


@routes.post("/jobs/{id}/cancel")
async def cancel_job(request: web.Request) -> web.Response:
    """Cancel a run, waiting or in progress."""
    job = _known(request, request.match_info["id"])
    return web.json_response({"cancelled": _cancel(state_of(request), job)})


@routes.post("/jobs/cancel")
async def cancel_jobs(request: web.Request) -> web.Response:
    """Cancel the runs that {"job_ids": [ids]} lists."""
    ids = (await read_object(request)).get("job_ids")
    jobs = [_known(request, str(one)) for one in (ids if isinstance(ids, list) else [])]
    return web.json_response({"cancelled": [job.id for job in jobs if _cancel(state_of(request), job)]})


def _known(request: web.Request, job_id: str) -> Job:
    job = state_of(request).store.find(job_id)
    if job is None:
        raise Refused(404, "not_found", "no run has this id; list them with GET /api/jobs")
    return job


def _cancel(state: State, job: Job) -> bool:
    if state.store.remove([PENDING], [job.id]):
        state.queue_changed()
        return True
    return state.worker.interrupt(job.id) or job.status == CANCELLED


def _remove(state: State, statuses: Any, body: dict[str, Any]) -> None:
    if body.get("clear"):
        state.store.remove(statuses)
    ids = body.get("delete")
    if isinstance(ids, list):
        state.store.remove(statuses, [str(one) for one in ids])
