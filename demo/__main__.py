"""`python -m demo [--once]`, which is what `make demo` runs."""

import argparse
import sys

from demo.supervisor import Demo

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m demo", description="Everything of Byggbro with demo data.")
    parser.add_argument("--once", action="store_true", help="end after the comparison")
    sys.exit(Demo(once=parser.parse_args().once).run())
