"""One line for each aim: what was wanted, what was measured, and whether that meets it."""
import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]


def line(what, wanted, measured, met):
    print(f"  {what:62}{wanted:>12}{measured:>12}   {'met' if met else 'NOT MET'}", flush=True)


def below(what, bound, measured, unit, digits=0):
    line(what, f"< {bound} {unit}", f"{measured:.{digits}f} {unit}", measured < bound)


def above(what, bound, measured, unit="times"):
    line(what, f">= {bound} {unit}", f"{measured:.1f} {unit}", measured >= bound)


def describing():
    """Describing instances among many, in one process and without a network: `crates/svc-ec2/benches/describe.rs`."""
    subprocess.run(["cargo", "bench", "--quiet", "--package", "svc-ec2", "--bench", "describe"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    few, many = milliseconds("99 by id", 100), milliseconds("99 by id", 100_000)
    below("99 by id among 100,000, beside among 100", 2, many / few, "times", 2)
    below("a page of 1,000 that run, among 100,000", 20, milliseconds("page of those that run", 100_000), "ms", 1)
    print(f"  besides: 99 by id {few:.2f} ms and {many:.2f} ms; a page of 1,000 by a tag that one in ten has "
          f"{milliseconds('page of a tenth, by tag', 100_000):.1f} ms; the one with a name {milliseconds('one, by its name', 100_000):.1f} ms")


def milliseconds(what, count):
    """Criterion's estimate of the median."""
    estimates = ROOT / "target/criterion/describe" / what / str(count) / "new/estimates.json"
    return json.loads(estimates.read_text())["median"]["point_estimate"] / 1e6
