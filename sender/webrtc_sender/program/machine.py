"""What kind of machine this is, in lines for people. Standard library only; `root` is elsewhere in tests."""

import glob
import os
import re

NVIDIA_VERSION = 'proc/driver/nvidia/version'
NVIDIA_GPUS = 'proc/driver/nvidia/gpus/*/information'
PRODUCT_NAMES = ('sys/class/dmi/id/product_name', 'proc/device-tree/model')
JETSON = 'etc/nv_tegra_release'
# Docker and its kin, Podman, systemd-nspawn.
CONTAINER_MARKS = ('.dockerenv', 'run/.containerenv', 'run/systemd/container')


def system(root: str = '/') -> str:
    """The distribution, the processor, and the product where it says one."""
    release = re.search(r'^PRETTY_NAME="?([^"\n]*)', _read(root, 'etc/os-release'), re.MULTILINE)
    processor = os.uname().machine
    text = f'{release[1] if release else "Linux"}, {processor}, {os.cpu_count() or 1} processors'
    return f'{text}, {product(root)}' if product(root) else text


def product(root: str = '/') -> str:
    """ "DGX Spark", "Jetson …" or whatever the maker calls it; empty when it does not say."""
    names = (_read(root, path).strip('\0 \n').replace('_', ' ') for path in PRODUCT_NAMES)
    name = next(filter(None, names), '')
    return 'NVIDIA DGX Spark' if re.search(r'DGX.?Spark', name, re.IGNORECASE) else name


def nvidia(root: str = '/') -> str | None:
    """The NVIDIA driver and its GPUs; None without a driver."""
    if os.path.exists(os.path.join(root, JETSON)):
        return "a Jetson, with NVIDIA's own driver"
    version = re.search(r'Module\s+(?:for \S+\s+)?(\d+[\d.]*)', _read(root, NVIDIA_VERSION))
    if not version:
        return None
    models = [
        found[1].strip()
        for path in sorted(glob.glob(os.path.join(root, NVIDIA_GPUS)))
        if (found := re.search(r'^Model:(.*)', _read(root, os.path.relpath(path, root)), re.MULTILINE))
    ]
    return f'NVIDIA driver {version[1]}: {", ".join(models) or "it shows no GPU here"}'


def is_container(root: str = '/', environment=os.environ) -> bool:
    return 'container' in environment or any(os.path.exists(os.path.join(root, mark)) for mark in CONTAINER_MARKS)


def _read(root: str, path: str) -> str:
    try:
        with open(os.path.join(root, path), encoding='utf-8', errors='replace') as file:
            return file.read()
    except OSError:
        return ''
