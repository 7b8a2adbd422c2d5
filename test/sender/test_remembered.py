"""What trials of encoders have found is believed once, by the next start on the same machine, and no longer."""

import asyncio
import os

import pytest
from webrtc_sender.encode import encoding, remembered
from webrtc_sender.encode.encoding import Encoders, choose_encoders
from webrtc_sender.program import service
from webrtc_sender.program.service import Service


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    for name in ('GST_REGISTRY', 'GST_REGISTRY_1_0'):
        monkeypatch.delenv(name, raising=False)
    registry = tmp_path / 'gstreamer-1.0' / 'registry.x86_64.bin'
    registry.parent.mkdir()
    registry.write_text('plugins')
    return tmp_path


def test_it_is_taken_once(cache):
    assert remembered.take() == []
    remembered.leave(['x264enc', 'vp8enc'])
    assert remembered.take() == ['x264enc', 'vp8enc']
    assert remembered.take() == [], 'a start that came to grief is not repeated'


def test_it_is_forgotten_when_an_encoder_fails(cache):
    remembered.leave(['x264enc'])
    remembered.forget()
    assert remembered.take() == []
    remembered.forget()


@pytest.mark.parametrize('name', ['BOOT_ID', 'NVIDIA'])
def test_another_boot_or_driver_is_another_machine(cache, tmp_path, monkeypatch, name):
    file = tmp_path / 'word'
    file.write_text('former')
    monkeypatch.setattr(remembered, name, str(file))
    remembered.leave(['x264enc'])
    file.write_text('latter')
    assert remembered.take() == []


def test_other_plugins_are_another_machine(cache):
    remembered.leave(['x264enc'])
    registry = cache / 'gstreamer-1.0' / 'registry.x86_64.bin'
    os.utime(registry, ns=(1, 1))
    assert remembered.take() == []


@pytest.mark.parametrize('text', ['', '{', '[]', 'null', '{"of": 1}', '{"passed": ["x264enc"]}'])
def test_nonsense_is_nothing(cache, text):
    remembered.leave(['x264enc'])
    (cache / 'webrtc-preview' / remembered.NAME).write_text(text)
    assert remembered.take() == []


def test_without_a_place_nothing_is_remembered(monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', '/proc/nowhere')
    remembered.leave(['x264enc'])
    assert remembered.take() == []


def test_what_has_passed_is_not_tried_again(monkeypatch):
    async def no_trial(candidates):
        pytest.fail(f'tried {candidates}')

    monkeypatch.setattr(encoding, 'is_installed', lambda encoder: encoder.factory in ('x264enc', 'vp8enc'))
    monkeypatch.setattr(encoding, 'try_out', no_trial)
    found = asyncio.run(choose_encoders(known=['x264enc', 'vp8enc']))
    assert (found.h264.factory, found.vp8.factory) == ('x264enc', 'vp8enc')
    assert found.worth_remembering() == ['x264enc', 'vp8enc']


def test_what_is_not_installed_any_more_is_not_used(monkeypatch):
    monkeypatch.setattr(encoding, 'is_installed', lambda encoder: encoder.factory == 'vp8enc')
    found = asyncio.run(choose_encoders(known=['x264enc', 'vp8enc']))
    assert found.h264 is None


def test_an_encoder_that_failed_gets_its_chance_with_each_start():
    found = Encoders(rejected=(('nvh264enc', 'made no picture within 20 s'),))
    assert found.worth_remembering() == []


def test_who_cannot_go_on_lingers_under_systemd_and_nowhere_else(tmp_path, monkeypatch):
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    monkeypatch.setattr(service.asyncio, 'sleep', sleep)
    asyncio.run(Service(None).linger())
    assert slept == []
    asyncio.run(Service(str(tmp_path / 'notify')).linger())
    assert slept == [service.LINGER_S]
