# SPDX-License-Identifier: GPL-2.0
"""The rows of a benchmark as text, for the terminal and the document."""


def figure(value):
    if 0 < value < 0.1:
        return f"{value:.3g}"
    return f"{value:.3f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def table(rows):
    line = "{:<56} {:<20} {:>7} {:>7} {:>6} {:<11}  {}"
    yield line.format("WORK", "WHO", "BEST", "MEDIAN", "SPREAD", "UNIT", "RATIO")
    last = None
    for r in rows:
        ratio = f"{r['ratio']:.2f} of {r['peer']}" if r["ratio"] is not None else ""
        spread = f"{r['spread'] * 100:.0f} %" if r["runs"] > 1 else ""
        median = figure(r["value"]) if r["runs"] > 1 else ""
        yield line.format("" if r["name"] == last else r["name"], r["who"], figure(r["best"]),
                          median, spread, r["unit"], ratio).rstrip()
        last = r["name"]


def goal_table(rows):
    line = "{:<66} {:>10} {:>10} {:<11} {}"
    yield line.format("GOAL", "WANTED", "MEASURED", "UNIT", "MET")
    for r in rows:
        value = "" if r["value"] is None else figure(r["value"])
        met = {True: "yes", False: "NO", None: "not measured"}[r["met"]]
        yield line.format(r["name"], r["goal"], value, r["unit"], met)


def about_line(about):
    return (f"Linux {about['kernel']} (User-Mode Linux), {about['cpu']}, {about['date']}, "
            f"commit {about['commit']}, {about['rounds']} rounds, {about['minutes']} minutes")


def text(about):
    """All of a benchmark's JSON, as lines."""
    rows = [r for r in about["rows"] if "goal" not in r]
    goals = [r for r in about["rows"] if "goal" in r]
    yield from table(rows)
    if goals:
        yield ""
        yield from goal_table(goals)
    yield ""
    yield about_line(about)
    yield ("SPREAD is from least to most, RATIO of the best. Rates: more is better; "
           "times and bytes: less.")
