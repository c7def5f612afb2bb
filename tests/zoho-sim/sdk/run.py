"""Starts a simulator and runs the proofs against it: `run.py COMMAND...`, where the command's first line of output is
the ready line (`cargo run -p zoho-sim --example sim`, or the product's own binary)."""

import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    failed = []
    for proof in ("session.py", "walk.py"):
        # Each proof gets a fresh organisation.
        simulator = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True)
        try:
            ready = simulator.stdout.readline().strip()
            if not ready:
                sys.exit(f"{sys.argv[1]} ended without a ready line")
            print(f"--- {proof}", flush=True)
            if subprocess.run([sys.executable, "-B", HERE / proof, ready]).returncode:
                failed.append(proof)
        finally:
            simulator.terminate()
            simulator.wait()
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
