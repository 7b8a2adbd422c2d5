"""Encoders at work: setting up, changing the rate, asking for a keyframe, and finding out which really run here."""

import asyncio
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from .. import log
from ..gst import GObject, Gst, GstVideo
from ..server.protocol import PreviewError
from . import encoders
from .encoder_reasons import NOT_INSTALLED, why_absent
from .encoders import ENCODERS, Encoder, Rate

# A hardware encoder's first session takes about a second (CUDA start-up); a hung driver takes for ever.
TRIAL_S = 20.0
LEAVE_OUT = 'Leave out --encoder: then the first that works is used. --doctor lists them.'
PACKAGE_PARENT = Path(__file__).parents[2]
TRIAL_COMMAND = (sys.executable, '-m', 'webrtc_sender.encode.trial')


@dataclass(frozen=True)
class Encoders:
    """What works here: the best encoder of each codec, and (factory, reason) of each that was passed over."""

    h264: Encoder | None = None
    vp8: Encoder | None = None
    rejected: tuple[tuple[str, str], ...] = ()

    def worth_remembering(self) -> list[str]:
        """For remembered.py. Nothing where one that is installed has failed: it gets its chance with each start."""
        if any(not reason.startswith(NOT_INSTALLED) for _, reason in self.rejected):
            return []
        return [encoder.factory for encoder in (self.h264, self.vp8) if encoder]

    def for_codecs(self, codecs: set[str]) -> Encoder:
        """The encoder for a viewer that plays these (`H264`, `VP8`); raises `codec_mismatch` when there is none."""
        made = [encoder for encoder in (self.h264, self.vp8) if encoder]
        for encoder in made:
            if encoder.codec in codecs:
                return encoder
        plays = ' and '.join(sorted(codecs)) or 'neither H264 nor VP8'
        makes = ' and '.join(encoder.codec for encoder in made)
        raise PreviewError('codec_mismatch', f'This browser plays {plays}, but the sender makes {makes} only.')


def configure(element, encoder: Encoder, rate: Rate) -> None:
    """Sets what the element has, before it plays; leaves out the rest."""
    _set(element, encoder, encoders.settings_for(encoder, rate))


def set_bitrate(element, encoder: Encoder, rate: Rate) -> None:
    """Changes the rate of an encoder that plays.

    That makes no keyframe and begins nothing anew, except where `encoder.rate_change_costs_keyframe` says so.
    """
    _set(element, encoder, encoders.live_settings_for(encoder, rate))


def force_keyframe(element, encoder: Encoder) -> None:
    """Asks for a keyframe with the next frame, by the way that this element obeys.

    nvv4l2h264enc ignores the event: one of its flavours has an action signal, the other a property. v4l2h264enc ignores
    it before 1.24, but hands extra controls to the driver at once, in every version.
    """
    if GObject.signal_lookup('force-IDR', element):
        element.emit('force-IDR')
    elif element.find_property('force-idr'):
        element.set_property('force-idr', True)
    elif 'extra-controls' in encoder.live:
        Gst.util_set_object_arg(element, 'extra-controls', 'c,force_key_frame=1')
    else:
        event = GstVideo.video_event_new_upstream_force_key_unit(Gst.CLOCK_TIME_NONE, True, 0)
        element.get_static_pad('src').send_event(event)


async def choose_encoders(forced: str | None = None, known: Collection[str] = ()) -> Encoders:
    """The first H.264 encoder and the first VP8 encoder that pass their trials; only `forced` if that is given.

    `known`: encoders that are not tried, for they have passed before (remembered.py). Raises `no_encoder` with every
    reason when neither exists.
    """
    candidates = [encoder for encoder in ENCODERS if forced in (None, encoder.factory)]
    reasons = {encoder: _why_absent(encoder) for encoder in candidates if not is_installed(encoder)}
    reasons |= {encoder: None for encoder in candidates if encoder.factory in known and encoder not in reasons}
    while batch := next_batch(candidates, reasons):
        reasons |= await try_out(batch)
    rejected = tuple((encoder.factory, reason) for encoder, reason in reasons.items() if reason)
    for factory, reason in rejected:
        report = log.debug if reason.startswith(NOT_INSTALLED) and not forced else log.warning
        report('encoder-rejected', encoder=factory, reason=reason)
    h264, vp8 = first_that_works(reasons, 'H264'), first_that_works(reasons, 'VP8')
    if not h264 and not vp8:
        text = '; '.join(f'{factory}: {reason}' for factory, reason in rejected)
        if forced:
            what = f'The one encoder that may be used (--encoder) does not work here. {text}.'
            raise PreviewError('no_encoder', what, LEAVE_OUT)
        raise PreviewError('no_encoder', f'No video encoder works here. {text}.')
    log.info('encoders-chosen', h264=h264 and h264.factory, vp8=vp8 and vp8.factory)
    return Encoders(h264, vp8, rejected)


def next_batch(candidates: list[Encoder], reasons: dict[Encoder, str | None]) -> list[Encoder]:
    """What is to be tried now: of each codec that has none yet, the best one that was not tried.

    Together in one process, for starting that takes four times as long as trying. Never two of the same codec: with
    hardware the second might take the last session from the first.
    """
    batch = []
    for codec in ('H264', 'VP8'):
        if not first_that_works(reasons, codec):
            batch += [encoder for encoder in candidates if encoder.codec == codec and encoder not in reasons][:1]
    return batch


def first_that_works(reasons: dict[Encoder, str | None], codec: str) -> Encoder | None:
    return next((encoder for encoder, reason in reasons.items() if encoder.codec == codec and not reason), None)


async def try_out(candidates: list[Encoder]) -> dict[Encoder, str | None]:
    """Why each of these cannot be used, in words; None for one that can."""
    absent = {encoder: _why_absent(encoder) for encoder in candidates if not is_installed(encoder)}
    installed = [encoder for encoder in candidates if encoder not in absent]
    return absent | (await _run_trial(installed) if installed else {})


def is_installed(encoder: Encoder) -> bool:
    return Gst.ElementFactory.find(encoder.factory) is not None


def _why_absent(encoder: Encoder) -> str:
    return why_absent(encoder, Gst.version()[:2])


async def _run_trial(candidates: list[Encoder]) -> dict[Encoder, str | None]:
    """Runs trial.py in a process of its own: a driver that crashes or hangs takes nothing else with it.

    Whatever comes after that one in the same process is tried again, without it.
    """
    process = await asyncio.create_subprocess_exec(
        *TRIAL_COMMAND,
        *(encoder.factory for encoder in candidates),
        cwd=PACKAGE_PARENT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    results: dict[Encoder, str | None] = {}
    failure = None
    try:
        for encoder in candidates:
            line = await asyncio.wait_for(process.stdout.readline(), TRIAL_S)
            if not line:
                break
            results[encoder] = line.decode(errors='replace').strip() or None
    except asyncio.TimeoutError:
        failure = f'made no picture within {TRIAL_S:g} s'
    finally:
        if len(results) < len(candidates) and not process.stdout.at_eof():
            process.kill()
    await process.wait()
    unfinished = candidates[len(results) :]
    if not unfinished:
        return results
    results[unfinished[0]] = failure or _how_it_ended(process.returncode)
    return results | (await _run_trial(unfinished[1:]) if unfinished[1:] else {})


def _how_it_ended(status: int) -> str:
    return f'crashed with signal {-status}' if status < 0 else f'ended with status {status}'


def _set(element, encoder: Encoder, settings: dict[str, str]) -> None:
    present, skipped = encoders.applicable(settings, lambda name: element.find_property(name) is not None)
    skipped += [name for name, value in present.items() if not _set_first_known(element, name, value)]
    if skipped:
        log.debug('encoder-settings-skipped', encoder=encoder.factory, settings=','.join(skipped))


def _set_first_known(element, name: str, value: str) -> bool:
    """Sets an enumeration to the first of `a|b` that it has, anything else to what it says."""
    if not element.find_property(name).value_type.is_a(GObject.TYPE_ENUM):
        Gst.util_set_object_arg(element, name, value)
        return True
    for nick in value.split('|'):
        # An unknown one changes nothing; PyGObject lists the known ones in another way in each version.
        Gst.util_set_object_arg(element, name, nick)
        if element.get_property(name).value_nick == nick:
            return True
    return False
