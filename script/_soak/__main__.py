"""Runs a campaign and prints what it showed. script/soak --help tells the options."""

import argparse
import sys

from script._soak.campaigns import CAMPAIGNS


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="script/soak", add_help=False, usage="script/soak --help")
    parser.add_argument("campaign", choices=sorted(CAMPAIGNS))
    parser.add_argument("--weeks", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args()
    failed = CAMPAIGNS[chosen.campaign](chosen.weeks, chosen.seed, chosen.jobs)
    print("soak: passed" if not failed else f"soak: {failed} failed")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
