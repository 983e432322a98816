"""Runs a script with the dashboard's modules in a browser without a window, and prints what it answers as JSON.

Standard input is an object with `script`, the body of an asynchronous function, and its argument `task`. The modules
are found below `/js/`.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import override

MODULES = Path(__file__).resolve().parents[1] / "custom_components" / "atess" / "frontend" / "js"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-extensions",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SECONDS = 90
PAGE = """<!doctype html><meta charset="utf-8"><script type="module">
let answer;
try {
  const { script, task } = await (await fetch("/task")).json();
  const run = Object.getPrototypeOf(async () => {}).constructor;
  answer = { result: await new run("task", script)(task) };
} catch (error) {
  answer = { error: String(error?.stack ?? error) };
}
await fetch("/answer", { method: "POST", body: JSON.stringify(answer) });
</script>
"""


def browser() -> str | None:
    """Return the browser's program, None if there is none."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


def answer_to(task: bytes, program: str) -> bytes:
    """Return what the page answers.

    Raises:
        TimeoutError: It does not answer.
    """
    answers: SimpleQueue[bytes] = SimpleQueue()

    class Handler(BaseHTTPRequestHandler):
        """Serves the page, its task, and the modules; takes the answer."""

        def do_GET(self) -> None:
            """Serve a file."""
            path = self.path.partition("?")[0]
            kind = "text/javascript" if path.endswith(".js") else "text/html"
            content: bytes | None = PAGE.encode()
            if path == "/task":
                content = task
            elif path.startswith("/js/"):
                file = MODULES / path.removeprefix("/js/")
                content = file.read_bytes() if file.is_file() else None
            self._reply(content, kind)

        def do_POST(self) -> None:
            """Take the answer."""
            answers.put(self.rfile.read(int(self.headers["Content-Length"])))
            self._reply(b"", "text/plain")

        def _reply(self, content: bytes | None, kind: str) -> None:
            self.send_response(HTTPStatus.NOT_FOUND if content is None else HTTPStatus.OK)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(content or b"")

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        command = [program, *FLAGS, "--remote-debugging-port=0", f"--user-data-dir={profile}", address]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                return answers.get(timeout=SECONDS)
            except Empty:
                raise TimeoutError(f"no answer within {SECONDS} s") from None
            finally:
                process.terminate()
                server.shutdown()


def main() -> int:
    """Print the answer; 2 if there is no browser, 1 if the script fails."""
    if (program := browser()) is None:
        print("no browser: run script/setup browser", file=sys.stderr)
        return 2
    answer = json.loads(answer_to(sys.stdin.buffer.read(), program))
    if "error" in answer:
        print(answer["error"], file=sys.stderr)
        return 1
    json.dump(answer.get("result"), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
