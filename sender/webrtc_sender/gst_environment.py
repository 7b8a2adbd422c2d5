"""Variables that GStreamer and its plugins read once, from the environment: set before the process's first Gst.init."""

import os


def prepare(environment=os.environ) -> None:
    """Harmless to do twice; what the user set himself wins."""
    # nvv4l2h264enc has two flavours and guesses between them by asking modprobe for a DKMS driver. A DGX Spark is the
    # discrete kind (cuvid) whatever that answers; a Jetson says what it is.
    if os.uname().machine == 'aarch64' and not os.path.exists('/etc/nv_tegra_release'):
        environment.setdefault('AARCH64_DGPU', '1')
    # GStreamer translates what it says; the sender knows the English. "en" has no translation, and goes before LC_ALL.
    environment['LANGUAGE'] = 'en'
