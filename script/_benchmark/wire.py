"""A stand-in for the HTTP session: the integration's client talks to the simulated cloud without a network."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from types import TracebackType

import aiohttp

from simulator import Simulator
from simulator.cloud import Call


class _Content:
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def iter_chunked(self, _size: int) -> AsyncIterator[bytes]:
        """Yield the body."""
        yield self._body


class _Response:
    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.content = _Content(body)


class Wire:
    """Carries requests to the cloud; each takes a random time of `latency` seconds (least, greatest), half each way.

    While it is `cut`, no request reaches the cloud.
    """

    def __init__(self, cloud: Simulator, latency: tuple[float, float], seed: int) -> None:
        self._cloud = cloud
        self.latency = latency
        self.cut = False
        self._random = random.Random(seed)  # a simulation

    def request(
        self, method: str, url: str, *, params: Mapping[str, str], headers: Mapping[str, str], **_: object
    ) -> _Exchange:
        """Return the request, made when it is entered, as aiohttp's."""
        call = Call(
            method=method,
            path=url.partition("/api/v1/")[2].strip("/"),
            query=dict(params),
            headers={name.lower(): value for name, value in headers.items()},
            body=None,
        )
        return _Exchange(self._cloud, call, self._random.uniform(*self.latency), cut=self.cut)


class _Exchange:
    def __init__(self, cloud: Simulator, call: Call, seconds: float, *, cut: bool) -> None:
        self._cloud = cloud
        self._call = call
        self._seconds = seconds
        self._cut = cut

    async def __aenter__(self) -> _Response:
        await asyncio.sleep(self._seconds / 2)
        if self._cut:
            raise aiohttp.ConnectionTimeoutError
        reply = self._cloud.cloud.answer(self._call)
        await asyncio.sleep(self._seconds / 2)
        return _Response(reply.status, {"Content-Type": reply.content_type, **reply.headers}, reply.body)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is left open."""
