"""Says what passes a network device, one line of JSON for each packet: when, which way, and what it is, as far as that
can be read without keys. `up` is what this network sends. Runs until its standard input ends; begins with "ready".
"""

import json
import select
import socket
import struct
import sys

# What is sent is only heard where all protocols are.
ETH_P_ALL, ETH_P_IP, OUTGOING = 0x0003, 0x0800, 4
# asm-generic/socket.h; Python has no name for it.
SO_TIMESTAMPNS = 35
STUN_COOKIE = b'\x21\x12\xa4\x42'
STUN = {0x0001: 'check', 0x0101: 'check answered', 0x0111: 'check refused', 0x0011: 'indication'}
USE_CANDIDATE = 0x0025
RECORDS = {20: 'ChangeCipherSpec', 21: 'Alert', 23: 'data'}
HANDSHAKE = {
    1: 'ClientHello',
    2: 'ServerHello',
    3: 'HelloVerifyRequest',
    4: 'NewSessionTicket',
    11: 'Certificate',
    12: 'ServerKeyExchange',
    13: 'CertificateRequest',
    14: 'ServerHelloDone',
    15: 'CertificateVerify',
    16: 'ClientKeyExchange',
}


def main() -> None:
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    raw.bind((sys.argv[1], ETH_P_ALL))
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    raw.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    print('ready', flush=True)
    while True:
        readable, _, _ = select.select([raw, sys.stdin], [], [])
        if sys.stdin in readable and not sys.stdin.readline():
            return
        if raw in readable:
            packet, extra, _, address = raw.recvmsg(65_536, 128)
            if address[1] == ETH_P_IP and (what := describe(packet)):
                way = 'up' if address[2] == OUTGOING else 'down'
                port = port_here(packet, way)
                print(json.dumps({'at': stamp(extra), 'way': way, 'port': port, 'what': what}), flush=True)


def stamp(extra) -> float:
    """Of the kernel, in Unix ms."""
    for _level, kind, data in extra:
        if kind == SO_TIMESTAMPNS:
            seconds, nanos = struct.unpack('qq', data)
            return seconds * 1e3 + nanos / 1e6
    raise OSError('the kernel stamps no packets')


def port_here(packet: bytes, way: str) -> int:
    at = (packet[0] & 15) * 4 + (0 if way == 'up' else 2)
    return int.from_bytes(packet[at : at + 2], 'big')


def describe(packet: bytes) -> str | None:
    header = (packet[0] & 15) * 4
    protocol, packet = packet[9], packet[header : int.from_bytes(packet[2:4], 'big')]
    if protocol == socket.IPPROTO_TCP:
        flags, payload = packet[13], packet[(packet[12] >> 4) * 4 :]
        return 'TCP SYN' if flags & 2 else describe_stream(payload) if payload else None
    if protocol == socket.IPPROTO_UDP:
        ports = struct.unpack('!HH', packet[:4])
        return 'mDNS' if 5353 in ports else describe_datagram(packet[8:])
    return None


def describe_stream(payload: bytes) -> str:
    """The first message of a segment: HTTP, or Socket.IO over WebSocket."""
    if payload[:4] in (b'GET ', b'POST', b'HTTP'):
        line = payload.split(b'\r\n', 1)[0].decode('latin-1')
        return ' '.join(word.split('?')[0] for word in line.split(' ')[:2])
    if payload[0] not in (0x81, 0x01):
        return 'more'
    length, at, is_masked = payload[1] & 127, 2, payload[1] & 128
    at += {126: 2, 127: 8}.get(length, 0)
    text = payload[at:]
    if is_masked:
        mask, text = text[:4], text[4:]
        text = bytes(byte ^ mask[place % 4] for place, byte in enumerate(text[:60]))
    return describe_message(text[:60].decode('utf-8', 'replace'))


def describe_message(text: str) -> str:
    kind, rest = text[:2], text[2:].lstrip('0123456789')
    if kind == '42':
        return rest.split('"')[1] if '"' in rest else 'message'
    return {'40': 'Socket.IO connect', '43': 'acknowledgement'}.get(
        kind, {'0': 'Engine.IO open', '2': 'ping', '3': 'pong'}.get(text[:1], 'message')
    )


def describe_datagram(payload: bytes) -> str | None:
    first = payload[0] if payload else 255
    if first < 4 and payload[4:8] == STUN_COOKIE:
        kind = int.from_bytes(payload[:2], 'big')
        nominated = ' (nominates)' if USE_CANDIDATE in attributes(payload[20:]) else ''
        return f'ICE {STUN.get(kind, hex(kind))}{nominated}'
    if 20 <= first < 64:
        return 'DTLS ' + ', '.join(dict.fromkeys(records(payload)))
    if 128 <= first < 192:
        return 'RTCP' if 192 <= payload[1] < 224 else 'RTP'
    return 'UDP'


def attributes(payload: bytes) -> list[int]:
    found = []
    while len(payload) >= 4:
        kind, length = struct.unpack('!HH', payload[:4])
        found.append(kind)
        payload = payload[4 + (length + 3) // 4 * 4 :]
    return found


def records(payload: bytes) -> list[str]:
    """Of RFC 6347, 4.1; what comes after ChangeCipherSpec is encrypted, and of the handshake only Finished does."""
    found = []
    while len(payload) > 13:
        kind, epoch, length = payload[0], payload[4], int.from_bytes(payload[11:13], 'big')
        if kind == 22:
            found.append('Finished' if epoch else HANDSHAKE.get(payload[13], str(payload[13])))
        else:
            found.append(RECORDS.get(kind, str(kind)))
        payload = payload[13 + length :]
    return found


if __name__ == '__main__':
    main()
