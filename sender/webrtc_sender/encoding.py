"""Encoders at work: setting them up, asking for a keyframe, and finding out which one really runs here."""

import asyncio
import sys
from pathlib import Path

from . import encoders, log
from .encoders import ENCODERS, Encoder, Rate
from .gst import GObject, Gst, GstVideo
from .protocol import PreviewError

# A hardware encoder's first session takes about a second (CUDA start-up); a hung driver takes for ever.
TRIAL_S = 6.0
NOT_INSTALLED = 'not installed'
PACKAGE_PARENT = Path(__file__).parent.parent


def configure(element, encoder: Encoder, rate: Rate) -> None:
    """Sets what the element has, leaves out the rest, and survives a value that this version does not know."""
    wanted = encoders.settings_for(encoder, rate)
    present, missing = encoders.applicable(wanted, lambda name: element.find_property(name) is not None)
    for name, value in present.items():
        Gst.util_set_object_arg(element, name, value)
    if missing:
        log.debug('encoder-settings-skipped', encoder=encoder.factory, settings=','.join(missing))


def force_keyframe(element) -> None:
    """Asks the encoder for a keyframe with its next frame.

    nvv4l2h264enc ignores the event that all others obey: one of its flavours has an action signal, the other a
    property.
    """
    if GObject.signal_lookup('force-IDR', element):
        element.emit('force-IDR')
    elif element.find_property('force-idr'):
        element.set_property('force-idr', True)
    else:
        event = GstVideo.video_event_new_upstream_force_key_unit(Gst.CLOCK_TIME_NONE, True, 0)
        element.get_static_pad('src').send_event(event)


async def choose_encoder(forced: str | None = None) -> Encoder:
    """The first encoder that passes its trial; raises `no_encoder` with every reason when none does."""
    reasons = []
    for encoder in ENCODERS:
        if forced and encoder.factory != forced:
            continue
        reason = await why_not(encoder)
        if reason is None:
            log.info('encoder-chosen', encoder=encoder.factory, rejected='; '.join(reasons) or None)
            return encoder
        reasons.append(f'{encoder.factory}: {reason}')
        report = log.debug if reason == NOT_INSTALLED and not forced else log.warning
        report('encoder-rejected', encoder=encoder.factory, reason=reason)
    raise PreviewError('no_encoder', 'No video encoder works here. ' + '; '.join(reasons))


async def why_not(encoder: Encoder) -> str | None:
    """Why this encoder cannot be used, in words; None when it can."""
    if not Gst.ElementFactory.find(encoder.factory):
        return NOT_INSTALLED
    return await _try_in_subprocess(encoder.factory)


async def _try_in_subprocess(factory: str) -> str | None:
    """A driver that crashes or hangs takes only its own process with it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        '-m',
        'webrtc_sender.trial',
        factory,
        cwd=PACKAGE_PARENT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), TRIAL_S)
    except asyncio.TimeoutError:
        process.kill()
        await process.wait()
        return f'made no picture within {TRIAL_S:g} s'
    if process.returncode == 0:
        return None
    if process.returncode < 0:
        return f'crashed with signal {-process.returncode}'
    return output.decode(errors='replace').strip() or f'ended with status {process.returncode}'
