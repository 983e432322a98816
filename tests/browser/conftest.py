"""A Home Assistant with a browser for all tests of the folder; without the browser's driver there are none."""

from importlib.util import find_spec

collect_ignore_glob: list[str] = []

# Playwright and Home Assistant's frontend are in the demo's environment only, which script/test uses for this folder.
if find_spec("playwright") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    from .home import home

    __all__ = ["home"]
