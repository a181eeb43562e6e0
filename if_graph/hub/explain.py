"""Whatever goes wrong between here and a hub -> one sentence that says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from if_graph.errors import CheckpointError

_TOKEN = "log in with 'hf auth login' or set HF_TOKEN"


@contextmanager
def explained(repo: str, endpoint: str) -> Iterator[None]:
    """Turn the errors of huggingface_hub into a CheckpointError.

    Args:
        repo: ``owner/name``.
        endpoint: the hub's address; its pages are named in the message.
    """
    try:
        from huggingface_hub import errors
    except ImportError as error:
        raise CheckpointError(f"{repo}: pulling needs a library: pip install 'if-graph[hub]'") from error
    transport: Any = errors.HfHubHTTPError.__mro__[1]  # the base of whichever HTTP library it uses
    try:
        yield
    except errors.OfflineModeIsEnabled as error:
        raise CheckpointError(f"{repo}: HF_HUB_OFFLINE is set; unset it to use {endpoint}") from error
    except errors.HfHubHTTPError as error:
        raise CheckpointError(f"{repo}: {_sentence(error, repo, endpoint)}") from error
    except (errors.HFValidationError, OSError, transport) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(
            f"{repo}: fetching from {endpoint} failed ({reason}); what has arrived is kept, try again"
        ) from error


def _sentence(error: Exception, repo: str, endpoint: str) -> str:
    from huggingface_hub import errors

    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, errors.GatedRepoError):
        if status == 403:
            return f"its licence is not accepted yet by this account; accept it on {endpoint}/{repo}"
        return f"it is given only to who accepts its licence; accept it on {endpoint}/{repo}, then {_TOKEN}"
    if status == 401 and not isinstance(error, errors.RepositoryNotFoundError):
        return f"the token is not valid; make a new one on {endpoint}/settings/tokens, then {_TOKEN}"
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"there is no such repository on {endpoint}, or it is private; check the name, or {_TOKEN}"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"there is no such revision; see {endpoint}/{repo}/commits/main"
    return f"{endpoint} answered with status {status}; what has arrived is kept, run the command again later"
