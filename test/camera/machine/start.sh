# Goes on where init.sh ends, in the machine's own root: udev, network, the camera; then one shell command per connection.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
here=/run/machine
mkdir -p /dev/shm
$here/busybox mount -t tmpfs shm /dev/shm
$here/busybox ip link set lo up
$here/busybox ip addr add 10.99.0.2/24 dev eth0
$here/busybox ip link set eth0 up

# Before the camera: its name under /dev/v4l and its permissions are udev's work, as on any machine.
/usr/lib/systemd/systemd-udevd --daemon
# One camera with one webcam input. All other kinds of device that vivid can play stay away.
$here/busybox insmod $here/modules/vivid.ko n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0
udevadm settle

echo "machine: up after $(cut -d' ' -f1 /proc/uptime) s"
exec $here/busybox nc -ll -p 2000 -e $here/command.sh
