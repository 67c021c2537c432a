# SPDX-License-Identifier: GPL-2.0
"""Debian's stock kernels under QEMU, for tests/vm/run.

The root is the host's file system, as in the User-Mode Linux guest: virtiofs
brings it in, and the same init runs on it. An initramfs of busybox and a few
modules gets that far. Three serial lines: the kernel's log, stdout, stderr.
"""
import gzip
import lzma
import os
import shutil
import subprocess

# What mounts the root, in order; built in where a kernel lacks the file.
BOOT = ["virtio_ring", "virtio", "virtio_pci_modern_dev",
        "virtio_pci_legacy_dev", "virtio_pci", "fuse", "virtiofs"]

INIT = """#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
for m in {modules}; do /bin/busybox insmod /$m.ko; done
/bin/busybox mount -t virtiofs root /root || /bin/busybox poweroff -f
export FWT_OUT=/dev/ttyS1 FWT_ERR=/dev/ttyS2
exec /bin/busybox switch_root /root {init}
"""


def virtiofsd():
    for path in ("/usr/libexec/virtiofsd", "/usr/lib/qemu/virtiofsd"):
        if os.path.exists(path):
            return path
    return None


def missing():
    """What is not here, or None."""
    if not shutil.which("qemu-system-x86_64") or not virtiofsd():
        return "QEMU or virtiofsd (tests/deps --stock)"
    if os.getuid():
        return "root, for virtiofsd"
    return None


def release_of(image):
    return os.listdir(image + "/lib/modules")[0]


def find_modules(image):
    """Name of each module -> its file."""
    found = {}
    for where, _, files in os.walk(image + "/lib/modules/"):
        for name in files:
            stem, dot, _ = name.partition(".ko")
            if dot:
                found[stem.replace("-", "_")] = os.path.join(where, name)
    return found


def read_module(path):
    with open(path, "rb") as f:
        data = f.read()
    if path.endswith(".xz"):
        return lzma.decompress(data)
    if path.endswith(".zst"):
        return subprocess.run(["zstd", "-dc", path], check=True,
                              stdout=subprocess.PIPE).stdout
    return data


def initramfs(image, rundir, init):
    """A small archive that mounts the host's root and goes there."""
    found = find_modules(image)
    tree = rundir + "/initramfs"
    for d in ("bin", "proc", "root", "dev"):
        os.makedirs(f"{tree}/{d}")
    shutil.copy("/bin/busybox", tree + "/bin/busybox")
    os.mknod(tree + "/dev/console", 0o20600, os.makedev(5, 1))
    here = [m for m in BOOT if m in found]
    for m in here:
        with open(f"{tree}/{m}.ko", "wb") as f:
            f.write(read_module(found[m]))
    with open(tree + "/init", "w") as f:
        f.write(INIT.format(modules=" ".join(here), init=init))
    os.chmod(tree + "/init", 0o755)
    names = "\n".join(os.path.relpath(os.path.join(w, n), tree)
                      for w, ds, fs in os.walk(tree) for n in ds + fs)
    cpio = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=tree,
                          input=names.encode(), check=True,
                          stdout=subprocess.PIPE).stdout
    shutil.rmtree(tree)
    with gzip.open(rundir + "/initrd", "wb", compresslevel=1) as f:
        f.write(cpio)


def start_virtiofsd(rundir, before):
    """The daemon ends with its one client, or with us."""
    path = virtiofsd()
    argv = [path, f"--socket-path={rundir}/fs"]
    if path.startswith("/usr/libexec"):
        argv += ["--shared-dir=/", "--sandbox=none", "--cache=auto",
                 "--log-level=error"]
    else:
        argv += ["-o", "source=/,cache=auto,sandbox=chroot,xattr"]
    log = open(rundir + "/virtiofsd.log", "w")
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log,
                            stderr=log, start_new_session=True,
                            preexec_fn=before)


def command(image, rundir, smp, mem):
    append = (f"console=ttyS0 panic=-1 loglevel=8 printk.devkmsg=on "
              f"FWT_RUN={rundir} FWT_MODULES={image}/lib/modules")
    return ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max",
            "-smp", str(smp), "-m", mem, "-nographic", "-no-reboot",
            "-nodefaults",
            "-object", f"memory-backend-memfd,id=mem,size={mem},share=on",
            "-machine", "q35,memory-backend=mem",
            "-chardev", f"socket,id=fs,path={rundir}/fs",
            "-device", "vhost-user-fs-pci,chardev=fs,tag=root",
            "-kernel", f"{image}/boot/vmlinuz-{release_of(image)}",
            "-initrd", rundir + "/initrd", "-append", append,
            "-serial", "stdio",
            "-chardev", "file,id=out,path=/dev/fd/{out}",
            "-serial", "chardev:out",
            "-chardev", "file,id=err,path=/dev/fd/{err}",
            "-serial", "chardev:err"]
