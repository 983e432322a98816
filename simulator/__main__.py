"""Command line: serve a plant until Ctrl-C."""

import argparse
import asyncio
import contextlib
import signal
import sys

from .clock import wall_clock
from .plant import PlantError
from .simulator import Simulator


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m simulator", description="A stand-in for the Enerclo cloud with a simulated plant behind it."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=8199, help="port to listen on, 0 for any free one (default: %(default)s)"
    )
    parser.add_argument(
        "--plant", default="demo", help="an example (demo, home, farm, commercial, minimal) or a plant file"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of everything random (default: %(default)s)")
    parser.add_argument(
        "--speed", type=float, default=1.0, help="how many times faster than real time (default: %(default)s)"
    )
    parser.add_argument(
        "--history-days", type=float, help="days of history before the start (default: the plant file's)"
    )
    parser.add_argument(
        "--upload-interval",
        type=float,
        help="seconds between uploads of each data logger, regular and quick (default: as in the plant file)",
    )
    parser.add_argument(
        "--past-interval",
        type=float,
        help="seconds between the samples of the history before the start (default: the plant file's, else as now)",
    )
    parser.add_argument("--behind", type=float, default=0.0, help="seconds by which its clock is late, to be jumped")
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace) -> None:
    simulator = Simulator(
        plant=arguments.plant,
        seed=arguments.seed,
        now=lambda: wall_clock() - arguments.behind,
        speed=arguments.speed,
        history_days=arguments.history_days,
        upload_interval=arguments.upload_interval,
        past_interval=arguments.past_interval,
    )
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stopped.set)
    await simulator.start(arguments.host, arguments.port)
    try:
        lines = [f"address: {simulator.base_url}", f"token: {simulator.token}"]
        lines += [f"device: {device.sn} {device.kind} {device.model}" for device in simulator.devices]
        lines += [f"data logger: {log}" for log in simulator.data_logs]
        print("\n".join(lines), flush=True)
        await stopped.wait()
    finally:
        await simulator.stop()


def main() -> int:
    """Serve until stopped; 1 if that is not possible."""
    arguments = _arguments()
    try:
        asyncio.run(_serve(arguments))
    except OSError as error:
        print(f"cannot listen on {arguments.host}:{arguments.port}: {error.strerror}", file=sys.stderr)
        return 1
    except (PlantError, ValueError) as error:
        print(f"cannot start: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
