#!/bin/sh
# inside.sh ROOT CHECKOUT COMMAND…: runs the command with ROOT as the root of its file system; the checkout is there at
# /checkout and cannot be written to.
#
# For `unshare --mount --pid --fork --kill-child`: what is mounted here is seen by nobody else and is gone with this
# process, however it ends; so are the processes that the command started.
set -eu
root=$1 checkout=$2
shift 2

mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
mount --bind "$checkout" "$root/checkout"
mount -o remount,ro,bind "$root/checkout"

# Not a mere chroot: tests make mount namespaces of their own in it, and enter them.
cd "$root"
pivot_root . mnt
umount -l /mnt
# Not by `exec`: this shell is the namespace's first process, which has to collect the orphans.
chroot . /bin/sh -c 'cd /checkout && exec "$@"' sh "$@"
