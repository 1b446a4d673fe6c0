"""A few lines for tests that print TAP, and for starting `nsprobe serve`."""
import argparse
import os
import subprocess
import sys
import threading


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def check(self, name, good, detail=""):
        """Prints one test; detail is shown when it failed."""
        self.count += 1
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}")
        if not good:
            self.failed += 1
            for line in str(detail).splitlines()[:40]:
                print(f"# {line}")
        sys.stdout.flush()
        return good

    def equal(self, name, got, wanted):
        return self.check(name, got == wanted, f"got    {got!r}\nwanted {wanted!r}")

    def skip(self, name, why):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {why}")
        print(f"SKIPPED: {name}: {why}", file=sys.stderr)

    def done(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0


def arguments(extra=()):
    parser = argparse.ArgumentParser()
    parser.add_argument("--prog", required=True, help="the nsprobe program")
    parser.add_argument("--only", help="run only what has this in its name")
    for flag in extra:
        parser.add_argument(flag, action="store_true")
    a = parser.parse_args()
    a.prog = os.path.abspath(a.prog)
    return a


def stop(processes):
    """Ends all of them, by force if they do not want to."""
    for p in processes:
        p.terminate()
    for p in processes:
        try:
            p.wait(5)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()


class Serve:
    """`nsprobe serve FILE` for the time of a with block; .ready is False when it did not start."""

    def __init__(self, prog, path, *options):
        self.argv = [prog, "serve", path, *options]

    def __enter__(self):
        self.process = subprocess.Popen(self.argv, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        self.output = ""
        self.ready = False
        for line in self.process.stdout:
            self.output += line
            if line.startswith("ready"):
                self.ready = True
                break
        # whatever comes later must not fill the pipe
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
