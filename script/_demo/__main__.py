"""Starts everything, says where it is, and stops everything. script/demo --help tells the options."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import aiohttp
from playwright import async_api as playwright

from script._demo import checks, home_assistant, importing, setting_up, simulator, steering
from script._demo.home_assistant import PASSWORD, ROOT, USER_NAME, Api
from script._demo.process import Child, DemoError, doing, free_port, require_free, say
from simulator.plant import PlantError, load_plant

FOLDER = ROOT / ".cache" / "demo"
HTTP_SECONDS = 180


def options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="script/demo", add_help=False, usage="script/demo --help")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--screenshots", type=Path, default=FOLDER / "screenshots")
    parser.add_argument("--plant", default="demo")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int)
    parser.add_argument("--simulator-port", type=int)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--keep", action="store_true")
    return parser.parse_args()


def choose_ports(chosen: argparse.Namespace) -> tuple[int, int]:
    """Return the ports of Home Assistant and the simulator; DemoError if one is taken."""
    wanted = [(chosen.host, chosen.port, 8123, "--port")]
    wanted.append((simulator.HOST, chosen.simulator_port, 8199, "--simulator-port"))
    ports = []
    for host, port, usual, option in wanted:
        if port == 0 or (port is None and chosen.check and not chosen.keep):
            ports.append(free_port(host))
        else:
            ports.append(usual if port is None else port)
            require_free(host, ports[-1], option)
    return ports[0], ports[1]


async def demo(chosen: argparse.Namespace, children: list[Child]) -> int:
    """Start, set up, then check or wait; every child that was started is in the list."""
    try:
        plant = load_plant(chosen.plant)
    except PlantError as err:
        raise DemoError(str(err)) from err
    port, simulator_port = choose_ports(chosen)
    config = FOLDER / "config"
    if not chosen.keep:
        home_assistant.fresh(config)
    FOLDER.mkdir(parents=True, exist_ok=True)
    logs = FOLDER / "simulator.log", FOLDER / "home-assistant.log"

    async with aiohttp.ClientSession() as session:
        async with doing("starting the simulated cloud"):
            cloud = await simulator.start(
                children,
                logs[0],
                port=simulator_port,
                plant=chosen.plant,
                seed=chosen.seed,
                more=[
                    *importing.simulator_options(check=chosen.check),
                    *(steering.SIMULATOR_OPTIONS if chosen.check else ()),
                ],
            )
        getting_ready = asyncio.create_task(_get_ready(chosen, cloud))
        say(f"  {cloud.base_url} with {', '.join(f'{sn} ({kind})' for sn, kind in cloud.devices.items())}")

        home_assistant.prepare(config, plant, host=chosen.host, port=port)
        reached = "127.0.0.1" if chosen.host in {"0.0.0.0", "::"} else chosen.host  # noqa: S104
        api = Api(session, f"http://{reached}:{port}")
        async with doing(f"starting Home Assistant (its log: {logs[1].relative_to(ROOT)})"):
            home = await home_assistant.start(children, config, logs[1])
            await home.wait_until(api.is_up, HTTP_SECONDS)
            await getting_ready
        async with doing("creating the user" if not chosen.keep else "logging in"):
            await api.log_in()
            await home.wait_until(api.is_running, HTTP_SECONDS)
        if chosen.check:
            done = await checks.run(api, cloud, home, chosen.screenshots)
            await stop(children)
            print(f"{done.passed} passed, {done.failed} failed", flush=True)
            return 1 if done.failed else 0
        if not await api.entries():
            async with doing("adding the integration through its config flow"):
                title = await setting_up.add_integration(
                    api, token=cloud.token, devices=list(cloud.devices), base_url=cloud.base_url
                )
            say(f"  entry {title}")
        await setting_up.complete(api, cloud.devices)
        print()
        say(f"Home Assistant is at {api.url}")
        say(f"  user {USER_NAME}, password {PASSWORD}")
        say("  Settings > Devices & services > ATESS; the Energy dashboard shows a year as soon as it is imported")
        async with doing("importing a year by the action, once there are statistics (five minutes at most)"):
            await importing.import_year(api, cloud, importing.homes(cloud))
        say("Ctrl-C stops it")
        await asyncio.wait(
            [asyncio.create_task(child.process.wait()) for child in children], return_when="FIRST_COMPLETED"
        )
        for child in children:
            child.require_alive()
    return 0


async def _get_ready(chosen: argparse.Namespace, cloud: simulator.Cloud) -> None:
    """Have the cloud ready for an import, and with --check for changes of settings."""
    await importing.permit(cloud)
    if chosen.check and (steered := steering.inverter(cloud)):
        await steering.begin(cloud, steered)


async def main() -> int:
    """Run the demo until it ends or a signal comes, and leave no process behind."""
    chosen = options()
    children: list[Child] = []
    running = asyncio.create_task(demo(chosen, children))
    signals: list[signal.Signals] = []

    def interrupt(received: signal.Signals) -> None:
        signals.append(received)
        if len(signals) == 1:
            running.cancel()
        else:
            for child in children:
                child.kill()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, interrupt, number)
    interrupted = 128 + signal.SIGINT if chosen.check else 0
    try:
        status = await running
    except asyncio.CancelledError:
        status = interrupted
    except (DemoError, aiohttp.ClientError, playwright.Error, TimeoutError) as err:
        status = interrupted if signals else explain(err, children)
    finally:
        await stop(children)
    return status


def explain(err: Exception, children: list[Child]) -> int:
    """Say what went wrong and return the exit status."""
    say(f"error: {str(err) or type(err).__name__}")
    for child in children:
        say(f"  the output of {child.name} is in {child.log}")
    return 1


async def stop(children: list[Child]) -> None:
    """Stop what still runs, the youngest first."""
    if alive := [child for child in children if child.process.returncode is None]:
        async with doing("stopping"):
            for child in reversed(alive):
                await child.stop()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
