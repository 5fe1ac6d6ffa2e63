"""The page of progress: what a form started and has not ended yet."""

from __future__ import annotations

from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sync_engine.web.site import Site


def routes(site: Site) -> list[BaseRoute]:
    """One page a job."""
    return [Route("/jobs/{job_id}", partial(_job, site))]


def _job(site: Site, request: Request) -> Response:
    job = site.jobs.get(request.path_params["job_id"])
    if job is None:
        raise HTTPException(404)
    if job.finished.is_set():
        return site.after(job)
    what, done, total = job.step
    return site.show(request, "job.html", {"title": job.title, "what": what, "done": done, "total": total})
