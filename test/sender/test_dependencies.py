"""What is missing, and what is said of it. The whole program without anything installed: test_script.py."""

import os
import subprocess

import pytest
from conftest import SENDER
from webrtc_sender import gst_environment
from webrtc_sender.encode import encoders
from webrtc_sender.gst import Gst
from webrtc_sender.program import dependencies


def test_nothing_is_missing_here():
    assert dependencies.missing() == {}
    assert dependencies.too_old() is None


def test_every_encoder_that_needs_no_hardware_comes_with_a_package_that_is_named():
    for factory in ('x264enc', 'openh264enc', 'vp8enc'):
        assert encoders.by_name(factory).source in dependencies.everything()


def test_all_that_an_encoder_is_fed_through_is_asked_for():
    text = encoders.describe(encoders.by_name('x264enc'), 640, 360)
    elements = [part.split()[0] for part in text.split(' ! ') if '/' not in part.split()[0]]
    assert elements == ['videoconvertscale', 'x264enc', 'h264parse']
    assert {'videoconvertscale', 'h264parse'} <= dependencies.ELEMENTS.keys()


def test_an_old_gstreamer_is_said_to_be_too_old(monkeypatch):
    monkeypatch.setattr(Gst, 'version', lambda: (1, 20, 3, 0))
    assert dependencies.too_old().startswith('GStreamer 1.20 is too old: 1.22 or newer is needed')
    assert 'too old' in dependencies.explain({'videoconvertscale': 'gstreamer1.0-plugins-base'}, '/usr/bin/python3')


def test_what_the_user_set_for_gstreamer_himself_wins(monkeypatch):
    monkeypatch.setattr('os.uname', lambda: type('Spark', (), {'machine': 'aarch64'}))
    fresh, own = {}, {'AARCH64_DGPU': '0'}
    gst_environment.prepare(fresh)
    gst_environment.prepare(own)
    assert fresh == {'AARCH64_DGPU': '1', 'LANGUAGE': 'en'}
    assert own['AARCH64_DGPU'] == '0'


@pytest.mark.parametrize('user,lists,command', [
    (0, True, 'apt-get install -y python3-gi'),
    (0, False, 'apt-get update && apt-get install -y python3-gi'),
    (1000, True, 'sudo apt-get install -y python3-gi'),
    (1000, False, 'sudo apt-get update && sudo apt-get install -y python3-gi'),
])  # fmt: skip
def test_the_advice_fits_the_user_and_the_machine(monkeypatch, tmp_path, user, lists, command):
    monkeypatch.setattr(os, 'geteuid', lambda: user)
    (tmp_path / 'lock').touch()
    if lists:
        (tmp_path / 'deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages.lz4').touch()
    assert dependencies.apt_command(['python3-gi'], str(tmp_path / '*_Packages*')) == command


def test_packages_are_named_and_not_what_is_in_them():
    text = dependencies.explain({'gi': 'python3-gi', 'Gst': 'gir1.2-gstreamer-1.0'}, '/usr/bin/python3')
    assert text.startswith('Not installed: gir1.2-gstreamer-1.0, python3-gi.\n')


@pytest.mark.parametrize('start', [
    [str(SENDER / 'gstreamer-webrtc-sender.py'), '--doctor'],
    ['-m', 'webrtc_sender.program.option_help'],
    ['-m', 'webrtc_sender.encode.trial'],
])  # fmt: skip
def test_a_python_without_its_library_is_said_to_be_incomplete(tmp_path, start):
    # What python3-minimal lacks is hidden from this one.
    (tmp_path / 'sitecustomize.py').write_text("""
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in ('json', 'asyncio', 'difflib', 'shutil'):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hidden())
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in ('json', 'asyncio') else found(name, package)
""")
    environment = {'PATH': os.environ['PATH'], 'PYTHONPATH': str(tmp_path)}
    result = subprocess.run(
        ['/usr/bin/python3', *start], cwd=SENDER, env=environment, capture_output=True, text=True, timeout=20
    )
    assert result.returncode == 3
    assert result.stderr == 'Python is not complete here. This mends it: apt-get install python3\n'
