#!/bin/sh
# Puts the sender onto this machine as a service, upgrades it, adds cameras to it, takes it away. --help says how.
set -eu

NAME=webrtc-preview-sender
USER_NAME=webrtc-preview
UNIT="$NAME@.service"
PYTHON=/usr/bin/python3
SOURCE=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
ROOT=${DESTDIR:-}
CONFIG=/etc/webrtc-preview
UNITS=/etc/systemd/system
CACHE=/var/cache/webrtc-preview
INSTALLED_MARK=.installed # only in an installed copy
OPTIONS='--stream --device --server --prefix --no-apt --no-start --dry-run --uninstall --purge --help'

usage() {
  cat <<END
usage: install.sh [option ...]

Installs the camera sender as a systemd service, or upgrades it. Each camera is one instance of it with a file of
options, /etc/webrtc-preview/NAME.env, which is made once and never changed afterwards.

  --stream NAME   the stream to install or to add, one for each camera (default: camera)
  --device PATH   its camera, such as /dev/v4l/by-id/...; into a new file of options
  --server URL    its signalling server; into a new file of options
  --prefix DIR    install into DIR/$NAME (default: \$PREFIX or /opt/nemo)
  --no-apt        install no Debian packages, only name those that are missing
  --no-start      neither enable nor start the service
  --dry-run       only say what would be done
  --uninstall     take everything away but the files of options
  --purge         with --uninstall: those too
  --help          show this

DESTDIR=DIR in the environment puts all files below DIR and touches nothing else: for making packages.

examples:
  sudo sender/install.sh --stream door --device /dev/video2 --server https://example.org
  sudo PREFIX=/usr/local/lib sender/install.sh
  sudo /opt/nemo/$NAME/install.sh --uninstall
END
}

say() { printf '%s\n' "$*"; }

quoted() {
  case $1 in
    '' | *[!A-Za-z0-9_./:=@,-]*) printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;;
    *) printf '%s' "$1" ;;
  esac
}

fail() {
  printf '%s\n' "$*" >&2
  exit 2
}

# Carries a command out, or with --dry-run only shows it.
run() {
  if [ "$dry_run" = yes ]; then
    say "would run: $*"
  else
    "$@"
  fi
}

# Whether there is a systemd to talk to: not in a chroot, not in a container, not when packaging.
has_systemd() { [ -z "$ROOT" ] && [ -d /run/systemd/system ]; }

has_user() { getent passwd "$USER_NAME" >/dev/null; }

# ---- arguments -------------------------------------------------------------------------------------------------------

prefix=${PREFIX:-}
stream=camera
device=
server=
apt=yes
start=yes
dry_run=no
uninstall=no
purge=no
copied=no

read_arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      --stream | --device | --server | --prefix)
        [ $# -ge 2 ] || fail "$1 needs a value. --help lists all options."
        case $1 in
          --stream) stream=$2 ;;
          --device) device=$2 ;;
          --server) server=$2 ;;
          --prefix) prefix=$2 ;;
        esac
        shift
        ;;
      --no-apt) apt=no ;;
      --no-start) start=no ;;
      --dry-run) dry_run=yes ;;
      --uninstall) uninstall=yes ;;
      --purge) purge=yes ;;
      --help | -h)
        usage
        exit 0
        ;;
      -*)
        shown=${1%%=*}
        fail "There is no option $shown.$(suggestion "$1") --help lists all options."
        ;;
      *) fail "There is no place for \"$1\": every argument must belong to an option. --help lists all options." ;;
    esac
    shift
  done
}

# The option that may have been meant: with a value behind "=", or with its beginning or its end misspelt.
suggestion() {
  name=${1%%=*}
  for known in $OPTIONS; do
    if [ "$name" = "$known" ]; then
      printf ' Write "%s VALUE", without "=".' "$known"
      return 0
    fi
  done
  for length in 6 5 4; do
    for known in $OPTIONS; do
      case $known in
        "$(printf "%.${length}s" "$name")"*)
          printf ' Did you mean %s?' "$known"
          return 0
          ;;
      esac
    done
  done
}

check_arguments() {
  if [ -z "$prefix" ]; then
    prefix=/opt/nemo
    if [ -e "$SOURCE/$INSTALLED_MARK" ]; then prefix=$(dirname -- "$SOURCE"); fi
  fi
  case $prefix in
    /home/* | /root/* | /root | /home | /tmp/* | /tmp)
      [ -n "$ROOT" ] || fail "--prefix $prefix cannot be used: the service may not read there. Take one such as /opt/nemo."
      ;;
    *[!A-Za-z0-9._/-]* | *..*) fail "--prefix may have letters, digits, \".\", \"_\" and \"-\" only, not \"$prefix\"." ;;
    /*) ;;
    *) fail "--prefix must begin with \"/\", not \"$prefix\"." ;;
  esac
  prefix=${prefix%/}
  directory=$prefix/$NAME
  case $stream in
    '' | *[!A-Za-z0-9_-]*) fail "--stream must be letters, digits, \"-\" or \"_\", not \"$stream\"." ;;
  esac
  [ "$purge" = no ] || [ "$uninstall" = yes ] || fail '--purge belongs to --uninstall.'
  [ "$(id -u)" = 0 ] || [ -n "$ROOT" ] || [ "$dry_run" = yes ] || fail "This must be run by root: $as_root"
}

# ---- install ---------------------------------------------------------------------------------------------------------

install_packages() {
  [ -z "$ROOT" ] || return 0
  packages=$("$PYTHON" -B -c '
import sys
sys.path.insert(0, sys.argv[1])
from webrtc_sender.program import dependencies
print(*sorted(set(dependencies.missing().values())))' "$SOURCE" 2>/dev/null) || packages=python3
  [ -n "$packages" ] || return 0
  say "Debian packages that are missing: $packages"
  if [ "$apt" = no ]; then
    say 'They are not installed because of --no-apt. Without them the sender does not start.'
    return 0
  fi
  command -v apt-get >/dev/null || fail 'There is no apt-get here: install them by other means, then use --no-apt.'
  # A container's image comes without apt's lists.
  ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 || run apt-get update
  # The list holds names only, one word each.
  # shellcheck disable=SC2086
  run env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages
  # Without python3 the others could not be asked for.
  if [ "$packages" = python3 ] && [ "$dry_run" = no ]; then install_packages; fi
}

install_files() {
  target=$ROOT$directory
  # The installed copy adds a camera to itself.
  [ "$SOURCE" != "$target" ] || return 0
  say "The sender goes into $directory."
  if [ "$dry_run" = yes ]; then
    say "would copy: $SOURCE to $target.new"
  else
    copy_files "$target.new"
  fi
  run rm -rf "$target"
  run mv "$target.new" "$target"
  copied=yes
}

copy_files() {
  rm -rf "$1"
  for folder in "$SOURCE"/webrtc_sender "$SOURCE"/webrtc_sender/[a-z]*/; do
    folder=${folder%/}
    install -d -m 755 "$1/${folder#"$SOURCE"/}"
    install -m 644 "$folder"/*.py "$1/${folder#"$SOURCE"/}/"
  done
  install -m 755 "$SOURCE/gstreamer-webrtc-sender.py" "$SOURCE/install.sh" "$1/"
  install -m 644 "$SOURCE/README.md" "$SOURCE/$UNIT" "$1/"
  touch "$1/$INSTALLED_MARK"
  # The service cannot write here: without this, Python would compile everything with each start.
  [ -n "$ROOT" ] || "$PYTHON" -m compileall -q -s "$1" -p "$directory" "$1/webrtc_sender"
}

install_user() {
  [ -z "$ROOT" ] || return 0
  if ! has_user; then
    say "The service runs as the new user $USER_NAME."
    run useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$USER_NAME"
  fi
  for group in video render; do
    if getent group "$group" >/dev/null; then run usermod -a -G "$group" "$USER_NAME"; fi
  done
}

install_options() {
  file=$CONFIG/$stream.env
  run install -d -m 750 "$ROOT$CONFIG"
  if [ -e "$ROOT$file" ]; then
    say "$file is kept as it is."
    [ -z "$device$server" ] || say "--device and --server are for a new file only: change them in $file."
  elif [ "$dry_run" = yes ]; then
    say "would write: $file"
  else
    say "The options of stream \"$stream\" are in $file."
    set -- "stream=$stream"
    [ -z "$device" ] || set -- "$@" "device=$device"
    [ -z "$server" ] || set -- "$@" "server=$server"
    # A token may be put into it: from the first moment nobody else may read it.
    (umask 077 && cd "$SOURCE" && "$PYTHON" -B -m webrtc_sender.program.option_help "$@" >"$ROOT$file.new")
    mv "$ROOT$file.new" "$ROOT$file"
  fi
  if [ -z "$ROOT" ]; then
    run chgrp "$USER_NAME" "$CONFIG"
    for existing in "$file" "$CONFIG"/*.env; do
      if [ -e "$existing" ]; then run chgrp "$USER_NAME" "$existing"; fi
    done
  fi
  if [ -e "$ROOT$file" ]; then run chmod 640 "$ROOT$file"; fi
}

install_unit() {
  run install -d -m 755 "$ROOT$UNITS"
  if [ "$dry_run" = yes ]; then
    say "would write: $UNITS/$UNIT"
  else
    sed "s|@DIRECTORY@|$directory|g" "$SOURCE/$UNIT" >"$ROOT$UNITS/$UNIT.new"
    chmod 644 "$ROOT$UNITS/$UNIT.new"
    mv "$ROOT$UNITS/$UNIT.new" "$ROOT$UNITS/$UNIT"
  fi
}

start_service() {
  instance="$NAME@$stream.service"
  if has_systemd; then
    run systemctl daemon-reload
    # An upgrade: every camera that runs gets the new program.
    [ "$copied" = no ] || run systemctl try-restart "$NAME@*.service"
  fi
  if [ "$start" = no ] || [ -n "$ROOT" ]; then
    say "Not started. To start it: systemctl enable --now $instance"
  elif ! has_systemd; then
    say 'No systemd runs here, so nothing was started. Without it:'
    say "  $directory/gstreamer-webrtc-sender.py --config $CONFIG/$stream.env"
  elif run systemctl enable --now "$instance"; then
    say "Started. What it says: journalctl -u $instance -f"
  else
    say "It did not start. Why: systemctl status $instance; journalctl -u $instance"
    exit 1
  fi
}

# ---- uninstall -------------------------------------------------------------------------------------------------------

uninstall_all() {
  if has_systemd; then
    run systemctl stop "$NAME@*.service"
  fi
  run rm -f "$ROOT$UNITS/multi-user.target.wants/$NAME@"*.service "$ROOT$UNITS/$UNIT"
  if has_systemd; then run systemctl daemon-reload; fi
  run rm -rf "$ROOT$directory" "$ROOT$CACHE"
  run rmdir --ignore-fail-on-non-empty "$ROOT$prefix" 2>/dev/null || true
  if [ "$purge" = yes ]; then
    run rm -rf "$ROOT$CONFIG"
  elif [ -d "$ROOT$CONFIG" ]; then
    # Its group goes; a later group must not inherit the right to read.
    [ -n "$ROOT" ] || run chown -R root:root "$CONFIG"
    say "The options stay in $CONFIG; --purge takes them away too."
  fi
  if [ -z "$ROOT" ] && has_user; then run userdel "$USER_NAME"; fi
  say 'The sender is uninstalled. Debian packages stay: others may need them.'
}

# What was typed, to be typed again: whatever the shell would read otherwise is quoted.
as_root="sudo $0"
[ -z "${PREFIX:-}" ] || as_root="sudo PREFIX=$(quoted "$PREFIX") $0"
for argument in "$@"; do as_root="$as_root $(quoted "$argument")"; done

read_arguments "$@"
check_arguments
if [ "$uninstall" = yes ]; then
  uninstall_all
else
  install_packages
  install_files
  install_user
  install_options
  install_unit
  start_service
fi
