# SPDX-License-Identifier: GPL-2.0
"""Rule sets as files: those that tests/bench/filters makes, and those by others."""
import glob
import os
import subprocess

FILTERS = "build/bench/filters"


def made(g, args, what):
    """The path of what tests/bench/filters makes, once; what does not overlap (-d)
    is looked for but once, too."""
    name = "-".join([os.path.basename(args[0])] + args[1:] + [what])
    path = os.path.join(g.TMP, name + (".fw" if what == "drops" else ""))
    if os.path.exists(path):
        return path
    if "-d" in args and what != "classbench":
        args = [made(g, args, "classbench"), "10000000"]
    with open(path + ".new", "wb") as f:
        subprocess.run([FILTERS, *args, "-o", what] +
                       (["-h", "ingress device d0"] if what == "drops" else []),
                       stdout=f, check=True)
    os.rename(path + ".new", path)
    return path


def given():
    """Sets by others."""
    folder = os.environ.get("FWT_CLASSBENCH")
    return sorted(glob.glob(folder + "/*.rules*")) if folder else []
