"""Fixtures: the scripted cloud, virtual time, a client of both."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from custom_components.atess.enerclo import EnercloClient, Pacer, Token

from .cloud import TOKEN_PAIR, Cloud, Time


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def cloud(time: Time, socket_enabled: None) -> AsyncIterator[Cloud]:
    cloud = Cloud(time)
    await cloud.start()
    yield cloud
    await cloud.stop()


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def pacer(time: Time) -> Pacer:
    return Pacer(clock=time.clock, sleep=time.sleep, chance=lambda: 0.0)


@pytest.fixture
def new_client(cloud: Cloud, session: aiohttp.ClientSession, pacer: Pacer, time: Time) -> Callable[..., EnercloClient]:
    def new(**kwargs: Any) -> EnercloClient:
        kwargs = {"base_url": cloud.base_url, "pacer": pacer, "now": time.datetime} | kwargs
        return EnercloClient(session, Token(kwargs.pop("token", TOKEN_PAIR)), **kwargs)

    return new


@pytest.fixture
def client(new_client: Callable[..., EnercloClient]) -> EnercloClient:
    return new_client()
