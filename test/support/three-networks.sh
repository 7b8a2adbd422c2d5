# Runs "$@" in the middle of three networks: a cable leads to the camera, another to the viewer. With FORWARD=1 the middle passes
# on what one sends to the other, else nothing. CAMERA and VIEWER are the words that run a command there. All of it is gone with its first process.
set -e
# What the middle is called by both, and where TURN's relays are.
MIDDLE=10.97.0.1
ip link set lo up
ip addr add $MIDDLE/32 dev lo
echo ${FORWARD:-0} >/proc/sys/net/ipv4/ip_forward

# A network of its own at the end of a cable: its name, its number.
lay() {
  unshare --net sleep infinity &
  place="nsenter --net=/proc/$!/ns/net"
  # Until it has left this one.
  while [ "$(readlink /proc/$!/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
  ip link add "$1" type veth peer name cable netns $!
  ip addr add "10.97.$2.1/24" dev "$1"
  ip link set "$1" up
  $place ip link set lo up
  $place ip addr add "10.97.$2.2/24" dev cable
  $place ip link set cable up
  # Chromium gathers candidates on the way to the world.
  $place ip route add default via "10.97.$2.1"
}
for setting in all default; do echo 1 >/proc/sys/net/ipv6/conf/$setting/disable_ipv6; done
lay camera 1
CAMERA=$place
lay viewer 2
VIEWER=$place
export MIDDLE CAMERA VIEWER
exec "$@"
