/*
 * Viewers without a browser, all in one process and one thread: a hundred of them fit beside the sender that is measured.
 *
 * Each is a whole WebRTC peer (ICE, DTLS, SRTP, SCTP), which takes H.264 in and decodes nothing. It says what Chromium says,
 * as often: receiver reports each second, transport-wide feedback every 60 ms, a STUN check every 2.5 s, NACK and PLI when
 * something is missing, pings on the data channel every 3 s. Of a frame only the header of its first packet is decrypted,
 * to know a keyframe; all the rest is counted by its RTP header.
 *
 * Commands on standard input, one a line; what they are answered with on standard output is a line of JSON each:
 *
 *     open ID LOSE CHANNEL              a peer that offers; LOSE 0..1 of all RTP and RTCP is thrown away, both ways
 *         -> {"open": ID, "ufrag", "pwd", "port", "fingerprint"}
 *     answer ID UFRAG PWD ACTIVE PT RTX TWCC   what the other side answered; ACTIVE 1: it begins DTLS. RTX, TWCC 0: not taken
 *     candidate ID ADDRESS PORT         where it may be
 *     live ID                           answered when its first whole frame is there, or has not come for 20 s
 *         -> {"live": ID, "ok", …}
 *     close ID                          says goodbye
 *     lose ID LOSE                      from now on
 *     read                              what each has received, and the ages of the frames since the last `read`
 *         -> {"at", "receivers": […]}
 *
 * A frame counts when all its packets are there, and all frames before it (or a keyframe began anew). Its age is that moment,
 * by the kernel's time stamp, less the time at which it was captured, which the sender tells on the data channel.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <srtp2/srtp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <usrsctp.h>

#define MOST_VIEWERS 256
#define MOST_CANDIDATES 16
#define PACKETS 2048 /* remembered of each viewer; a power of two */
#define BATCH 32
#define PACKET_SIZE 2048
#define MOST_AGES 8192
#define MOST_REPORTED 512

#define TICK_MS 10
#define REPORT_MS 1000
#define FEEDBACK_MS 60
#define CHECK_MS 40           /* STUN checks until one is answered */
#define CONSENT_MS 2500       /* and afterwards */
#define PING_MS 3000
#define DTLS_MS 50
#define NACK_AGAIN_MS 30      /* at the least; otherwise a round trip */
#define PLI_AFTER_MS 500      /* a picture that stands for so long asks for a keyframe */
#define LIVE_PATIENCE_MS 20000

struct slot {
  uint32_t sequence; /* extended */
  uint32_t timestamp;
  uint64_t at_us;
  bool is_here, is_last;
  int8_t kind; /* -1: not looked at; 0: a delta frame's, 1: a keyframe's, 2: says nothing */
  uint8_t tries;
  uint64_t asked_us;
};

struct arrival {
  uint16_t number;
  uint64_t at_us;
};

struct viewer {
  int id, socket;
  bool is_used, has_answer, has_address, is_nominated, is_secure, has_channel, wants_channel, is_closed;
  double lose;
  char ufrag[9], password[25], their_ufrag[257], their_password[257];
  struct sockaddr_in address, candidates[MOST_CANDIDATES];
  int candidate_count;
  uint64_t check_at, ping_at, report_at, dtls_at, opened_at;
  SSL *ssl;
  BIO *in;
  bool is_server; /* of DTLS */
  srtp_t outgoing, incoming;
  struct socket *sctp;
  bool is_asking_live;
  /* RTP */
  int payload, rtx_payload, twcc_id;
  uint32_t ssrc, own_ssrc;
  uint32_t highest, next; /* extended sequence numbers */
  bool has_rtp, is_broken, is_key, is_known;
  uint32_t frame_first;
  struct slot slots[PACKETS];
  uint64_t last_frame_us, pli_at;
  uint32_t last_report_expected, last_report_received, received, base;
  uint32_t sr_middle;
  uint64_t sr_at;
  struct arrival arrivals[MOST_REPORTED];
  int arrival_count;
  uint32_t seen[PACKETS]; /* transport-wide numbers, and one more */
  uint64_t feedback_at;
  uint8_t feedback_count;
  /* the clock of the data channel */
  bool has_clock;
  uint32_t clock_rtp;
  double clock_ms, round_trip_ms;
  /* counts */
  uint64_t bytes, packets, frames, keyframes, nacks, plis, resent, lost;
  float ages[MOST_AGES];
  int age_count;
};

static struct viewer *viewers[MOST_VIEWERS];
static int poller;
static SSL_CTX *contexts[2]; /* client, server */
static char fingerprint[3 * 32];
static uint64_t now_us;

static uint64_t microseconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void fail(const char *what) {
  fprintf(stderr, "srtp-viewers: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void put16(uint8_t *to, uint16_t v) { to[0] = v >> 8, to[1] = v; }
static void put32(uint8_t *to, uint32_t v) { put16(to, v >> 16), put16(to + 2, v); }
static uint16_t get16(const uint8_t *from) { return from[0] << 8 | from[1]; }
static uint32_t get32(const uint8_t *from) { return (uint32_t)get16(from) << 16 | get16(from + 2); }

static bool loses(struct viewer *v) { return v->lose > 0 && drand48() < v->lose; }

static void random_text(char *to, int length) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  unsigned char bytes[32];
  RAND_bytes(bytes, length);
  for (int i = 0; i < length; i += 1) to[i] = letters[bytes[i] & 63];
  to[length] = 0;
}

static void send_to(struct viewer *v, const void *data, size_t size) {
  sendto(v->socket, data, size, MSG_DONTWAIT, (struct sockaddr *)&v->address, sizeof v->address);
}

/* ---- STUN (RFC 8489) and ICE (RFC 8445) ------------------------------------------------------------------------- */

static const uint32_t COOKIE = 0x2112A442;

static uint32_t crc32(const uint8_t *data, size_t size) {
  uint32_t crc = ~0u;
  for (size_t i = 0; i < size; i += 1) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; bit += 1) crc = crc >> 1 ^ (0xEDB88320u & -(crc & 1));
  }
  return ~crc;
}

static int attribute(uint8_t *message, int at, uint16_t type, const void *value, int size) {
  put16(message + at, type), put16(message + at + 2, size);
  memset(message + at + 4, 0, (size + 3) & ~3);
  memcpy(message + at + 4, value, size);
  return at + 4 + ((size + 3) & ~3);
}

/* MESSAGE-INTEGRITY and FINGERPRINT, and off. */
static void finish_stun(struct viewer *v, uint8_t *message, int at, const char *key, const struct sockaddr_in *to) {
  uint8_t digest[20];
  unsigned length = sizeof digest;
  put16(message + 2, at + 24 - 20);
  HMAC(EVP_sha1(), key, strlen(key), message, at, digest, &length);
  at = attribute(message, at, 0x0008, digest, 20);
  put16(message + 2, at + 8 - 20);
  uint8_t crc[4];
  put32(crc, crc32(message, at) ^ 0x5354554e);
  at = attribute(message, at, 0x8028, crc, 4);
  sendto(v->socket, message, at, MSG_DONTWAIT, (const struct sockaddr *)to, sizeof *to);
}

static void begin_stun(uint8_t *message, uint16_t type, const uint8_t *transaction) {
  put16(message, type), put16(message + 2, 0), put32(message + 4, COOKIE);
  if (transaction) memcpy(message + 8, transaction, 12);
  else RAND_bytes(message + 8, 12);
}

static void check(struct viewer *v, const struct sockaddr_in *to) {
  uint8_t message[700], priority[4], tie[8] = {1, 2, 3, 4, 5, 6, 7, v->id};
  char name[600];
  begin_stun(message, 0x0001, NULL);
  int at = 20, size = snprintf(name, sizeof name, "%s:%s", v->their_ufrag, v->ufrag);
  at = attribute(message, at, 0x0006, name, size);
  put32(priority, 1853824767); /* that of a peer-reflexive candidate */
  at = attribute(message, at, 0x0024, priority, 4);
  at = attribute(message, at, 0x802A, tie, 8);
  at = attribute(message, at, 0x0025, "", 0);
  finish_stun(v, message, at, v->their_password, to);
}

static void begin_dtls(struct viewer *v);

static void on_stun(struct viewer *v, uint8_t *data, int size, const struct sockaddr_in *from) {
  if (size < 20 || get32(data + 4) != COOKIE) return;
  uint16_t type = get16(data);
  if (type == 0x0001) {
    uint8_t message[200], mapped[8] = {0, 1};
    begin_stun(message, 0x0101, data + 8);
    put16(mapped + 2, ntohs(from->sin_port) ^ (COOKIE >> 16));
    put32(mapped + 4, ntohl(from->sin_addr.s_addr) ^ COOKIE);
    int at = attribute(message, 20, 0x0020, mapped, 8);
    finish_stun(v, message, at, v->password, from);
    if (v->has_answer && !v->is_nominated) check(v, from);
  } else if (type == 0x0101 && !v->is_nominated) {
    v->is_nominated = v->has_address = true;
    v->address = *from;
    begin_dtls(v);
  }
}

/* ---- DTLS -------------------------------------------------------------------------------------------------------- */

static int write_datagram(BIO *bio, const char *data, int size) {
  struct viewer *v = BIO_get_data(bio);
  if (v->has_address) send_to(v, data, size);
  return size;
}

static long control_datagram(BIO *bio, int command, long number, void *pointer) {
  (void)bio, (void)number, (void)pointer;
  return command == BIO_CTRL_FLUSH ? 1 : command == BIO_CTRL_DGRAM_QUERY_MTU ? 1200 : 0;
}

static BIO *make_output(struct viewer *v) {
  static BIO_METHOD *method;
  if (!method) {
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "viewer");
    BIO_meth_set_write(method, write_datagram);
    BIO_meth_set_ctrl(method, control_datagram);
  }
  BIO *bio = BIO_new(method);
  BIO_set_data(bio, v);
  BIO_set_init(bio, 1);
  return bio;
}

static int accept_any(int ok, X509_STORE_CTX *store) {
  (void)ok, (void)store;
  return 1;
}

static void make_certificate(void) {
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -86400);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400 * 30);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, (const unsigned char *)"viewer", -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  X509_sign(certificate, key, EVP_sha256());
  unsigned char digest[32];
  unsigned length = sizeof digest;
  X509_digest(certificate, EVP_sha256(), digest, &length);
  for (unsigned i = 0; i < length; i += 1) sprintf(fingerprint + 3 * i, i + 1 < length ? "%02X:" : "%02X", digest[i]);
  for (int server = 0; server < 2; server += 1) {
    SSL_CTX *context = contexts[server] = SSL_CTX_new(server ? DTLS_server_method() : DTLS_client_method());
    SSL_CTX_use_certificate(context, certificate);
    SSL_CTX_use_PrivateKey(context, key);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, accept_any);
    SSL_CTX_set_tlsext_use_srtp(context, "SRTP_AES128_CM_SHA1_80");
    SSL_CTX_set_read_ahead(context, 1);
  }
}

static void begin_dtls(struct viewer *v) {
  v->ssl = SSL_new(contexts[v->is_server]);
  v->in = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(v->in, -1);
  SSL_set_bio(v->ssl, v->in, make_output(v));
  SSL_set_options(v->ssl, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION);
  DTLS_set_link_mtu(v->ssl, 1200);
  if (v->is_server) SSL_set_accept_state(v->ssl);
  else SSL_set_connect_state(v->ssl);
  SSL_do_handshake(v->ssl);
  ERR_clear_error();
}

static srtp_t make_srtp(unsigned char *key, const unsigned char *salt, srtp_ssrc_type_t direction) {
  srtp_policy_t policy = {0};
  unsigned char both[30];
  memcpy(both, key, 16), memcpy(both + 16, salt, 14);
  srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
  srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
  policy.ssrc.type = direction;
  policy.key = both;
  policy.window_size = 4096;
  policy.allow_repeat_tx = 1;
  srtp_t session;
  if (srtp_create(&session, &policy)) fail("srtp_create");
  return session;
}

static void begin_sctp(struct viewer *v);

static void on_secure(struct viewer *v) {
  unsigned char material[60];
  SSL_export_keying_material(v->ssl, material, sizeof material, "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0);
  int own = v->is_server, theirs = !own; /* keys: client, server; then their salts */
  v->outgoing = make_srtp(material + 16 * own, material + 32 + 14 * own, ssrc_any_outbound);
  v->incoming = make_srtp(material + 16 * theirs, material + 32 + 14 * theirs, ssrc_any_inbound);
  v->is_secure = true;
  if (v->wants_channel) begin_sctp(v);
}

static void on_dtls(struct viewer *v, uint8_t *data, int size) {
  if (!v->ssl) return;
  BIO_write(v->in, data, size);
  if (!v->is_secure) {
    SSL_do_handshake(v->ssl);
    if (SSL_is_init_finished(v->ssl)) on_secure(v);
  }
  uint8_t plain[PACKET_SIZE];
  int got;
  while (v->is_secure && (got = SSL_read(v->ssl, plain, sizeof plain)) > 0) {
    if (v->sctp) usrsctp_conninput(v, plain, got, 0);
  }
  if (v->ssl && SSL_get_shutdown(v->ssl) & SSL_RECEIVED_SHUTDOWN) v->is_closed = true;
  ERR_clear_error();
}

/* ---- data channel (RFC 8831, 8832) ------------------------------------------------------------------------------- */

static int on_sctp_output(void *address, void *data, size_t size, uint8_t tos, uint8_t df) {
  (void)tos, (void)df;
  struct viewer *v = address;
  if (v->ssl && v->is_secure) SSL_write(v->ssl, data, size);
  return 0;
}

static void send_channel(struct viewer *v, uint32_t kind, const void *data, size_t size) {
  struct sctp_sndinfo info = {.snd_sid = v->is_server, .snd_ppid = htonl(kind), .snd_flags = kind == 50 ? 0 : SCTP_UNORDERED};
  usrsctp_sendv(v->sctp, data, size, NULL, 0, &info, sizeof info, SCTP_SENDV_SNDINFO, 0);
}

static void open_channel(struct viewer *v) {
  static const char label[] = "webrtc-preview";
  uint8_t message[12 + sizeof label - 1] = {3, 0x80};
  put16(message + 8, sizeof label - 1);
  memcpy(message + 12, label, sizeof label - 1);
  send_channel(v, 50, message, sizeof message);
}

static double number_after(const char *text, const char *name) {
  const char *found = strstr(text, name);
  return found ? strtod(found + strlen(name), NULL) : NAN;
}

static void on_channel_text(struct viewer *v, char *text) {
  if (strstr(text, "\"clock\"")) {
    double rtp = number_after(text, "\"rtp\": "), ms = number_after(text, "\"captureMs\": ");
    if (isnan(rtp) || isnan(ms)) return;
    v->clock_rtp = (uint32_t)rtp, v->clock_ms = ms, v->has_clock = true;
  } else if (strstr(text, "\"pong\"")) {
    v->round_trip_ms = microseconds(CLOCK_REALTIME) / 1e3 - number_after(text, "\"t\": ");
  }
}

static int on_sctp(struct socket *socket, union sctp_sockstore from, void *data, size_t size, struct sctp_rcvinfo info, int flags, void *context) {
  (void)socket, (void)from;
  struct viewer *v = context;
  if (!data) return 1;
  if (flags & MSG_NOTIFICATION) {
    union sctp_notification *news = data;
    if (news->sn_header.sn_type == SCTP_ASSOC_CHANGE && news->sn_assoc_change.sac_state == SCTP_COMM_UP) open_channel(v);
  } else if (ntohl(info.rcv_ppid) == 50 && size && *(uint8_t *)data == 2) {
    v->has_channel = true;
  } else if (ntohl(info.rcv_ppid) == 51) {
    char text[1024];
    size_t length = size < sizeof text ? size : sizeof text - 1;
    memcpy(text, data, length), text[length] = 0;
    on_channel_text(v, text);
  }
  free(data);
  return 1;
}

static void begin_sctp(struct viewer *v) {
  usrsctp_register_address(v);
  v->sctp = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, on_sctp, NULL, 0, v);
  if (!v->sctp) fail("usrsctp_socket");
  usrsctp_set_non_blocking(v->sctp, 1);
  struct linger linger = {1, 0};
  usrsctp_setsockopt(v->sctp, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  struct sctp_event event = {.se_assoc_id = SCTP_ALL_ASSOC, .se_type = SCTP_ASSOC_CHANGE, .se_on = 1};
  usrsctp_setsockopt(v->sctp, IPPROTO_SCTP, SCTP_EVENT, &event, sizeof event);
  uint32_t on = 1;
  usrsctp_setsockopt(v->sctp, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof on);
  struct sctp_paddrparams path = {.spp_pathmtu = 1150, .spp_flags = SPP_PMTUD_DISABLE};
  struct sockaddr_conn place = {.sconn_family = AF_CONN, .sconn_port = htons(5000), .sconn_addr = v};
  usrsctp_bind(v->sctp, (struct sockaddr *)&place, sizeof place);
  usrsctp_setsockopt(v->sctp, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path, sizeof path);
  usrsctp_connect(v->sctp, (struct sockaddr *)&place, sizeof place);
}

static void ping(struct viewer *v) {
  char text[64];
  int size = snprintf(text, sizeof text, "{\"type\":\"ping\",\"t\":%.3f}", microseconds(CLOCK_REALTIME) / 1e3);
  send_channel(v, 51, text, size);
}

/* ---- RTCP -------------------------------------------------------------------------------------------------------- */

static void send_rtcp(struct viewer *v, uint8_t *packet, int size) {
  put16(packet + 2, size / 4 - 1);
  if (srtp_protect_rtcp(v->outgoing, packet, &size) || loses(v)) return;
  send_to(v, packet, size);
}

static void send_report(struct viewer *v) {
  uint8_t packet[128] = {0x81, 201};
  uint32_t expected = v->highest - v->base + 1, since = expected - v->last_report_expected;
  uint32_t got = v->received - v->last_report_received;
  v->last_report_expected = expected, v->last_report_received = v->received;
  int32_t lost = expected - v->received;
  v->lost = lost > 0 ? lost : 0;
  put32(packet + 4, v->own_ssrc), put32(packet + 8, v->ssrc);
  put32(packet + 12, (lost > 0 ? lost : 0) & 0xFFFFFF);
  packet[12] = since && since > got ? ((since - got) << 8) / since : 0;
  put32(packet + 16, v->highest), put32(packet + 20, 0), put32(packet + 24, v->sr_middle);
  put32(packet + 28, v->sr_at ? (now_us - v->sr_at) * 65536 / 1000000 : 0);
  send_rtcp(v, packet, 32);
}

static void send_pli(struct viewer *v) {
  uint8_t packet[64] = {0x81, 206};
  put32(packet + 4, v->own_ssrc), put32(packet + 8, v->ssrc);
  v->plis += 1, v->pli_at = now_us;
  send_rtcp(v, packet, 12);
}

static void send_nack(struct viewer *v, const uint16_t *missing, int count) {
  uint8_t packet[1200] = {0x81, 205};
  put32(packet + 4, v->own_ssrc), put32(packet + 8, v->ssrc);
  int size = 12;
  for (int i = 0; i < count && size < 1000;) {
    uint16_t first = missing[i], mask = 0;
    for (i += 1; i < count && (uint16_t)(missing[i] - first) <= 16; i += 1) mask |= 1 << (uint16_t)(missing[i] - first - 1);
    put16(packet + size, first), put16(packet + size + 2, mask), size += 4;
  }
  v->nacks += count;
  send_rtcp(v, packet, size);
}

static int compare_arrivals(const void *a, const void *b) {
  return (int16_t)(((const struct arrival *)a)->number - ((const struct arrival *)b)->number);
}

/* draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1, with vectors of two-bit symbols only. */
static void send_feedback(struct viewer *v) {
  v->feedback_at = now_us;
  if (!v->arrival_count) return;
  struct arrival *all = v->arrivals;
  qsort(all, v->arrival_count, sizeof *all, compare_arrivals);
  int count = (uint16_t)(all[v->arrival_count - 1].number - all[0].number) + 1;
  if (count > MOST_REPORTED) count = MOST_REPORTED;
  uint8_t packet[2400] = {0x8F, 205}, deltas[2 * MOST_REPORTED];
  int size = 20 + 2 * ((count + 6) / 7), delta_size = 0;
  uint64_t reference = all[0].at_us / 64000;
  int64_t ticks = reference * 256; /* of 250 us */
  memset(packet + 20, 0, size - 20);
  for (int i = 0; i < v->arrival_count; i += 1) {
    int place = (uint16_t)(all[i].number - all[0].number);
    if (place >= count || (i && all[i].number == all[i - 1].number)) continue;
    int64_t delta = (int64_t)(all[i].at_us / 250) - ticks;
    ticks += delta;
    bool is_small = delta >= 0 && delta < 256;
    if (is_small) deltas[delta_size++] = delta;
    else put16(deltas + delta_size, (int16_t)delta), delta_size += 2;
    uint8_t *chunk = packet + 20 + 2 * (place / 7);
    put16(chunk, get16(chunk) | (is_small ? 1 : 2) << (12 - 2 * (place % 7)));
  }
  for (int at = 20; at < size; at += 2) packet[at] |= 0xC0;
  if (size + delta_size > 2000) return;
  memcpy(packet + size, deltas, delta_size);
  put32(packet + 4, v->own_ssrc), put32(packet + 8, v->ssrc);
  put16(packet + 12, all[0].number), put16(packet + 14, count);
  put32(packet + 16, (uint32_t)(reference & 0xFFFFFF) << 8 | v->feedback_count++);
  v->arrival_count = 0;
  int whole = (size + delta_size + 3) & ~3;
  memset(packet + size + delta_size, 0, whole - size - delta_size);
  send_rtcp(v, packet, whole);
}

static void on_rtcp(struct viewer *v, uint8_t *data, int size) {
  if (loses(v) || srtp_unprotect_rtcp(v->incoming, data, &size)) return;
  for (int at = 0; at + 8 <= size;) {
    int length = 4 * (get16(data + at + 2) + 1);
    if (data[at + 1] == 200 && length >= 28) v->sr_middle = get32(data + at + 10), v->sr_at = now_us;
    at += length;
  }
}

/* ---- RTP --------------------------------------------------------------------------------------------------------- */

static struct slot *slot_of(struct viewer *v, uint32_t sequence) { return &v->slots[sequence % PACKETS]; }
static bool is_here(struct viewer *v, uint32_t sequence) {
  struct slot *slot = slot_of(v, sequence);
  return slot->is_here && slot->sequence == sequence;
}

static int header_size(const uint8_t *data, int size) {
  int header = 12 + 4 * (data[0] & 15);
  if (data[0] & 16 && header + 4 <= size) header += 4 + 4 * get16(data + header + 2);
  return header < size ? header : size;
}

/* 1 for a keyframe's packet, 0 for another frame's, 2 where this packet cannot say. */
static int kind_of(const uint8_t *payload, int size) {
  if (size < 2) return 2;
  int type = payload[0] & 31;
  if (type == 28) type = payload[1] & 31;
  if (type == 24) {
    for (int at = 1; at + 2 < size; at += 2 + get16(payload + at)) {
      int inner = payload[at + 2] & 31;
      if (inner == 7 || inner == 5) return 1;
      if (inner == 1) return 0;
    }
    return 2;
  }
  return type == 7 || type == 5 ? 1 : type >= 1 && type <= 4 ? 0 : 2;
}

static void complete_frame(struct viewer *v, struct slot *last) {
  if (v->is_key) v->is_broken = false;
  if (v->is_broken) return;
  v->frames += 1, v->keyframes += v->is_key;
  v->last_frame_us = now_us;
  if (!v->has_clock || v->age_count == MOST_AGES) return;
  uint64_t whole_at = 0;
  for (uint32_t each = v->frame_first; each != last->sequence + 1; each += 1) {
    if (slot_of(v, each)->at_us > whole_at) whole_at = slot_of(v, each)->at_us;
  }
  double captured = v->clock_ms + (int32_t)(last->timestamp - v->clock_rtp) / 90.0;
  v->ages[v->age_count++] = whole_at / 1e3 - captured;
}

/* Goes on through all packets that are here without a gap. */
static void advance(struct viewer *v) {
  while (is_here(v, v->next)) {
    struct slot *slot = slot_of(v, v->next);
    if (!v->is_known) v->frame_first = v->next, v->is_known = true, v->is_key = false;
    if (slot->kind == 1) v->is_key = true;
    v->next += 1;
    if (slot->is_last) complete_frame(v, slot), v->is_known = false;
  }
}

static void add_packet(struct viewer *v, uint16_t number, uint32_t timestamp, bool is_last, int kind, uint64_t at_us, bool is_resent) {
  if (!v->has_rtp) {
    v->has_rtp = true;
    v->highest = v->next = v->base = 0x10000u + number;
    v->is_broken = true; /* until a keyframe */
    v->last_frame_us = v->pli_at = now_us;
  }
  uint32_t sequence = v->highest + (int16_t)(number - (uint16_t)v->highest);
  if ((int32_t)(sequence - v->next) < 0 || is_here(v, sequence)) return;
  while ((int32_t)(sequence - v->highest) > 0) {
    v->highest += 1;
    struct slot *slot = slot_of(v, v->highest);
    *slot = (struct slot){.sequence = v->highest};
  }
  *slot_of(v, sequence) = (struct slot){.sequence = sequence, .timestamp = timestamp, .at_us = at_us, .is_here = true, .is_last = is_last, .kind = kind};
  if (!is_resent) v->received += 1;
  else v->resent += 1;
  advance(v);
}

static void note_arrival(struct viewer *v, const uint8_t *data, int header, uint64_t at_us) {
  if (!v->twcc_id || !(data[0] & 16)) return;
  int at = 12 + 4 * (data[0] & 15);
  if (get16(data + at) != 0xBEDE) return;
  for (at += 4; at < header;) {
    int id = data[at] >> 4, length = (data[at] & 15) + 1;
    if (data[at] == 0) {
      at += 1;
      continue;
    }
    if (id == v->twcc_id && length == 2 && v->arrival_count < MOST_REPORTED) {
      /* A copy of a packet that is here is a replay to SRTP, and a browser never hears of it. */
      uint16_t number = get16(data + at + 1);
      uint32_t *seen = &v->seen[number % PACKETS];
      if (*seen != number + 1u) v->arrivals[v->arrival_count++] = (struct arrival){number, at_us};
      *seen = number + 1u;
      return;
    }
    at += 1 + length;
  }
}

static void on_rtp(struct viewer *v, uint8_t *data, int size, uint64_t at_us) {
  if (!v->is_secure || size < 22 || loses(v)) return;
  int payload = data[1] & 127, header = header_size(data, size);
  note_arrival(v, data, header, at_us);
  uint16_t number = get16(data + 2);
  uint32_t timestamp = get32(data + 4);
  bool is_last = data[1] & 128;
  if (payload == v->payload) {
    if (!v->has_rtp) v->ssrc = get32(data + 8);
    v->packets += 1, v->bytes += size - header - 10;
    /* The first packet of a frame says what it is; its neighbours are looked at only where it says nothing. */
    struct slot *before = slot_of(v, v->highest);
    bool is_first = !v->has_rtp || !before->is_here || before->is_last || before->kind == 2;
    int kind = -1;
    if (is_first && !srtp_unprotect(v->incoming, data, &size)) kind = kind_of(data + header, size - header);
    add_packet(v, number, timestamp, is_last, kind, at_us, false);
  } else if (payload == v->rtx_payload && v->has_rtp) {
    if (srtp_unprotect(v->incoming, data, &size) || size < header + 2) return;
    add_packet(v, get16(data + header), timestamp, is_last, kind_of(data + header + 2, size - header - 2), at_us, true);
  }
  if (now_us - v->feedback_at >= FEEDBACK_MS * 1000) send_feedback(v);
}

/* Asks for what is missing, and for a keyframe when that does not help. */
static void mend(struct viewer *v) {
  if (!v->has_rtp) return;
  uint16_t missing[200];
  int count = 0;
  uint64_t again = 1000 * (v->round_trip_ms > NACK_AGAIN_MS ? v->round_trip_ms : NACK_AGAIN_MS);
  for (uint32_t each = v->next; v->rtx_payload && (int32_t)(v->highest - each) > 0 && count < 200; each += 1) {
    struct slot *slot = slot_of(v, each);
    if (slot->is_here || slot->tries >= 10 || now_us - slot->asked_us < again) continue;
    slot->asked_us = now_us, slot->tries += 1;
    missing[count++] = each;
  }
  if (count) send_nack(v, missing, count);
  bool stands = (int32_t)(v->highest - v->next) > 0 && now_us - v->last_frame_us > PLI_AFTER_MS * 1000;
  if (!stands && !v->is_broken) return;
  if (now_us - v->pli_at > PLI_AFTER_MS * 1000) send_pli(v);
  if (stands) {
    /* What is missing is given up, the rest waits for the keyframe. */
    while ((int32_t)(v->highest - v->next) > 0 && !is_here(v, v->next)) v->next += 1;
    v->is_broken = true, v->is_known = false;
    advance(v);
  }
}

/* ---- sockets ----------------------------------------------------------------------------------------------------- */

static void on_datagram(struct viewer *v, uint8_t *data, int size, struct sockaddr_in *from, uint64_t at_us) {
  if (size < 2) return;
  if (data[0] < 4) on_stun(v, data, size, from);
  else if (data[0] >= 20 && data[0] < 64) on_dtls(v, data, size);
  else if (data[0] < 128 || !v->is_secure) return;
  else if (data[1] >= 192 && data[1] < 224) on_rtcp(v, data, size);
  else on_rtp(v, data, size, at_us);
}

static void receive(struct viewer *v) {
  static uint8_t data[BATCH][PACKET_SIZE];
  static char control[BATCH][64];
  struct mmsghdr messages[BATCH];
  struct iovec vectors[BATCH];
  struct sockaddr_in from[BATCH];
  for (int i = 0; i < BATCH; i += 1) {
    vectors[i] = (struct iovec){data[i], PACKET_SIZE};
    messages[i].msg_hdr = (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &vectors[i], .msg_iovlen = 1, .msg_control = control[i], .msg_controllen = sizeof control[i]};
  }
  int count = recvmmsg(v->socket, messages, BATCH, MSG_DONTWAIT, NULL);
  for (int i = 0; i < count; i += 1) {
    uint64_t at_us = microseconds(CLOCK_REALTIME);
    struct cmsghdr *each = CMSG_FIRSTHDR(&messages[i].msg_hdr);
    if (each && each->cmsg_type == SCM_TIMESTAMPNS) {
      struct timespec t;
      memcpy(&t, CMSG_DATA(each), sizeof t);
      at_us = (uint64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
    }
    on_datagram(v, data[i], messages[i].msg_len, &from[i], at_us);
  }
}

static struct viewer *open_viewer(int id, double lose, bool wants_channel) {
  struct viewer *v = calloc(1, sizeof *v);
  v->id = id, v->lose = lose, v->wants_channel = wants_channel, v->is_used = true;
  v->own_ssrc = 1;
  v->opened_at = now_us;
  random_text(v->ufrag, 8), random_text(v->password, 24);
  v->socket = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1, room = 4 << 20;
  setsockopt(v->socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  setsockopt(v->socket, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
  if (v->socket < 0 || bind(v->socket, (struct sockaddr *)&address, sizeof address)) fail("socket");
  socklen_t size = sizeof address;
  getsockname(v->socket, (struct sockaddr *)&address, &size);
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = id};
  epoll_ctl(poller, EPOLL_CTL_ADD, v->socket, &event);
  printf("{\"open\":%d,\"ufrag\":\"%s\",\"pwd\":\"%s\",\"port\":%d,\"fingerprint\":\"%s\"}\n", id, v->ufrag, v->password, ntohs(address.sin_port), fingerprint);
  return v;
}

static void close_viewer(struct viewer *v) {
  if (v->sctp) usrsctp_close(v->sctp), usrsctp_deregister_address(v), v->sctp = NULL;
  if (v->ssl && v->is_secure) SSL_shutdown(v->ssl);
  if (v->ssl) SSL_free(v->ssl);
  if (v->outgoing) srtp_dealloc(v->outgoing), srtp_dealloc(v->incoming);
  close(v->socket);
  viewers[v->id] = NULL;
  free(v);
}

static void tick(struct viewer *v) {
  if (v->is_asking_live && (v->frames || v->is_closed || now_us - v->opened_at > LIVE_PATIENCE_MS * 1000ull)) {
    v->is_asking_live = false;
    printf("{\"live\":%d,\"ok\":%s,\"nominated\":%s,\"secure\":%s,\"packets\":%lu}\n", v->id, v->frames ? "true" : "false", v->is_nominated ? "true" : "false", v->is_secure ? "true" : "false", v->packets);
  }
  if (v->is_closed) return;
  if (v->has_answer && now_us >= v->check_at) {
    if (v->is_nominated) check(v, &v->address);
    else for (int i = 0; i < v->candidate_count; i += 1) check(v, &v->candidates[i]);
    v->check_at = now_us + 1000 * (v->is_nominated ? CONSENT_MS : CHECK_MS);
  }
  if (v->ssl && !v->is_secure && now_us >= v->dtls_at) {
    DTLSv1_handle_timeout(v->ssl);
    ERR_clear_error();
    v->dtls_at = now_us + 1000 * DTLS_MS;
  }
  if (!v->is_secure) return;
  if (v->has_rtp && now_us >= v->report_at) {
    send_report(v);
    v->report_at = now_us + 1000 * (REPORT_MS * 8 / 10 + (uint64_t)(drand48() * REPORT_MS * 4 / 10));
  }
  if (v->has_channel && now_us >= v->ping_at) {
    ping(v);
    v->ping_at = now_us + 1000 * PING_MS;
  }
  if (now_us - v->feedback_at >= FEEDBACK_MS * 1000) send_feedback(v);
  mend(v);
}

static void print_reading(void) {
  printf("{\"at\":%.6f,\"receivers\":[", microseconds(CLOCK_MONOTONIC) / 1e6);
  const char *comma = "";
  for (int id = 0; id < MOST_VIEWERS; id += 1) {
    struct viewer *v = viewers[id];
    if (!v) continue;
    printf("%s{\"session\":\"%d\",\"frames\":%lu,\"keyframes\":%lu,\"bytes\":%lu,\"packets\":%lu,\"lost\":%lu,\"resent\":%lu,\"nacks\":%lu,\"plis\":%lu,\"channel\":%s,\"ages\":[",
           comma, id, v->frames, v->keyframes, v->bytes, v->packets, v->lost, v->resent, v->nacks, v->plis, v->has_clock ? "true" : "false");
    for (int i = 0; i < v->age_count; i += 1) printf(i ? ",%.2f" : "%.2f", v->ages[i]);
    printf("]}");
    v->age_count = 0;
    comma = ",";
  }
  printf("]}\n");
}

static void obey(char *line) {
  int id = 0, port, active, payload, rtx, twcc, channel;
  double lose;
  char first[300], second[300];
  if (!strncmp(line, "read", 4)) {
    print_reading();
    return;
  }
  if (sscanf(line, "%*s %d", &id) != 1 || id < 0 || id >= MOST_VIEWERS) return;
  struct viewer *v = viewers[id];
  if (sscanf(line, "open %d %lf %d", &id, &lose, &channel) == 3 && !v) viewers[id] = open_viewer(id, lose, channel);
  else if (!v) return;
  else if (sscanf(line, "answer %d %256s %256s %d %d %d %d", &id, first, second, &active, &payload, &rtx, &twcc) == 7) {
    strcpy(v->their_ufrag, first), strcpy(v->their_password, second);
    v->is_server = active, v->payload = payload, v->rtx_payload = rtx ? rtx : -1, v->twcc_id = twcc;
    v->has_answer = true;
  } else if (sscanf(line, "candidate %d %64s %d", &id, first, &port) == 3) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (v->candidate_count == MOST_CANDIDATES || inet_pton(AF_INET, first, &address.sin_addr) != 1) return;
    v->candidates[v->candidate_count++] = address;
    check(v, &address);
  } else if (sscanf(line, "lose %d %lf", &id, &lose) == 2) v->lose = lose;
  else if (!strncmp(line, "live", 4)) v->is_asking_live = true;
  else if (!strncmp(line, "close", 5)) close_viewer(v);
}

int main(void) {
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  srand48(1);
  srtp_init();
  usrsctp_init_nothreads(0, on_sctp_output, NULL);
  usrsctp_sysctl_set_sctp_ecn_enable(0);
  make_certificate();
  poller = epoll_create1(EPOLL_CLOEXEC);
  fcntl(0, F_SETFL, O_NONBLOCK);
  struct epoll_event input = {.events = EPOLLIN, .data.u32 = MOST_VIEWERS};
  epoll_ctl(poller, EPOLL_CTL_ADD, 0, &input);
  static char text[1 << 16];
  size_t length = 0;
  uint64_t ticked = 0;
  for (;;) {
    struct epoll_event events[64];
    int count = epoll_wait(poller, events, 64, TICK_MS);
    now_us = microseconds(CLOCK_MONOTONIC);
    for (int i = 0; i < count; i += 1) {
      uint32_t id = events[i].data.u32;
      if (id < MOST_VIEWERS) {
        if (viewers[id]) receive(viewers[id]);
        continue;
      }
      ssize_t got = read(0, text + length, sizeof text - 1 - length);
      if (got == 0) return 0; /* whoever asked for this is gone */
      if (got < 0) continue;
      length += got, text[length] = 0;
      char *line = text, *end;
      for (; (end = strchr(line, '\n')); line = end + 1) *end = 0, obey(line);
      length = strlen(line);
      memmove(text, line, length + 1);
    }
    if (now_us - ticked >= TICK_MS * 1000) {
      usrsctp_handle_timers((now_us - ticked) / 1000);
      ticked = now_us;
      for (int id = 0; id < MOST_VIEWERS; id += 1) if (viewers[id]) tick(viewers[id]);
    }
    fflush(stdout);
  }
}
