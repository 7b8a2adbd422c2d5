#!/bin/busybox sh
# The first program of the test machine, in its initramfs: brings the real machine's own / in as the root, and goes on there.
bin=/bin/busybox
$bin mount -t proc proc /proc
$bin mount -t sysfs sys /sys
$bin mount -t devtmpfs dev /dev
for module in $($bin cat /modules/order); do
  $bin insmod "/modules/$module" || echo "machine: $module could not be loaded"
done

# Read-only, both: what this machine writes stays in its own memory. Packages that are only for this machine lie over the rest.
share=ro,trans=virtio,version=9p2000.L,msize=524288,cache=loose
$bin mount -t 9p -o $share root /machine
$bin mount -t 9p -o $share packages /packages
$bin mount -t tmpfs memory /memory
$bin mkdir /memory/upper /memory/work
$bin mount -t overlay -o lowerdir=/packages:/machine,upperdir=/memory/upper,workdir=/memory/work overlay /root

$bin mount --move /proc /root/proc
$bin mount --move /sys /root/sys
$bin mount --move /dev /root/dev
$bin mount -t tmpfs run /root/run
$bin mkdir /root/run/machine
$bin cp -r /modules /start.sh /command.sh "$bin" /root/run/machine/
exec $bin switch_root /root /run/machine/busybox sh /run/machine/start.sh
