"""One request over HTTP, bounded in time and size, sent exactly once."""

from collections.abc import Mapping
from typing import Final

import aiohttp

from .envelope import Answer
from .errors import EnercloError, TemporaryError, UnreachableError
from .intervals import LONGEST_CALL
from .token import Token

TIMEOUT: Final = aiohttp.ClientTimeout(total=LONGEST_CALL, connect=10)
BODY_CAP: Final = 4 * 1024 * 1024
HISTORY_BODY_CAP: Final = 32 * 1024 * 1024


async def send(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    token: Token,
    params: Mapping[str, str],
    body: bytes | None = None,
    cap: int = BODY_CAP,
) -> Answer:
    """Return what the cloud answers, with at most `cap` bytes read; UnreachableError or TemporaryError if nothing."""
    headers = {"Authorization": token.header, "Accept": "application/json", "Accept-Language": "en"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    failure: EnercloError
    try:
        async with session.request(
            method,
            url,
            params=params,
            data=body,
            headers=headers,
            timeout=TIMEOUT,
            allow_redirects=False,
            middlewares=(_send_once,),
        ) as response:
            content, fault = await _read(response, cap)
            return Answer(
                status=response.status,
                content_type=response.headers.get("Content-Type", ""),
                body=content,
                fault=fault,
                retry_after=response.headers.get("Retry-After", ""),
                secrets=token.secrets,
            )
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        failure = UnreachableError(f"the cloud was not reached: {type(error).__name__}{_os_error(error)}")
    except TimeoutError:
        failure = TemporaryError(f"no answer within {LONGEST_CALL:.0f} s")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        failure = TemporaryError(f"the connection failed: {type(error).__name__}")
    # Raised here and not above: exceptions of aiohttp hold the URL, and a chained exception is printed.
    raise failure


async def _read(response: aiohttp.ClientResponse, cap: int) -> tuple[bytes, str]:
    """Return the body as far as it may be read, and why that is not all of it."""
    body = bytearray()
    try:
        async for chunk in response.content.iter_chunked(65536):
            body += chunk
            if len(body) > cap:
                response.close()
                return bytes(body[:cap]), f"the answer is larger than {cap} bytes"
    except aiohttp.ClientPayloadError:
        return bytes(body), "the answer is cut off or wrongly encoded"
    return bytes(body), ""


async def _send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending again: it repeats GET and PUT by itself when the connection is lost.

    A repetition would break the frequency limit, and write twice. These two errors are what it repeats on.
    """
    lost: str
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        lost = type(error).__name__
    raise aiohttp.ClientConnectionError(lost)


def _os_error(error: aiohttp.ClientError) -> str:
    """Return what the system says of a failed connection, which names no URL."""
    if isinstance(error, aiohttp.ClientConnectorError) and not isinstance(
        error, aiohttp.ClientConnectorCertificateError
    ):
        return f" ({error.os_error.strerror or type(error.os_error).__name__})"
    return ""
