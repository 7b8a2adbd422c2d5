# Runs "$@" with nothing but a cable to the test machine: the namespace has no other way out, and is gone with its last process.
set -e
for setting in all default; do echo 1 >/proc/sys/net/ipv6/conf/$setting/disable_ipv6; done
ip link set lo up
ip tuntap add machine0 mode tap
ip addr add 10.99.0.1/24 dev machine0
ip link set machine0 up
# Chromium gathers candidates on the way to the world; here that is the test machine, which forwards nothing.
ip route add default via 10.99.0.2
exec "$@"
