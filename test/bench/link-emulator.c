/*
 * A link between two network namespaces: a TUN device in each, and here everything that a real link does to packets.
 *
 *     link-emulator NAMESPACE_A DEVICE_A NAMESPACE_B DEVICE_B SEED
 *
 * The namespaces are files (/proc/PID/ns/net). "ready" on the standard output says that both devices are there; they have
 * no address yet, and are gone with this process, which ends with its standard input. Lines it takes, and answers in order:
 *
 *     set WAY NAME VALUE …      down (from A to B), up or both; "ok MICROS" names the moment (CLOCK_REALTIME) it took effect
 *     count                     "count PASSED LOST QUEUE_DROPPED BYTES" of down, then the same four of up, since the start
 *
 *     delay-us                  added to each packet
 *     jitter-us                 and up to so much more, evenly spread; packets stay in order …
 *     reorder                   … unless this is 1
 *     loss                      share of packets lost, 0 to 1, after they took their time in the queue
 *     burst                     mean length of a run of losses (Gilbert-Elliott); 1: each packet by itself
 *     rate-bps                  of IP packets; 0: no limit
 *     queue-us                  a packet that would wait longer for its turn is dropped
 *     up                        0: nothing goes in and nothing comes out, and what was on its way is lost
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MOST_BYTES = 65536, LINE_BYTES = 4096 };
static const int64_t NANOS = 1000000000;
static const int64_t NEVER = INT64_MAX;

struct packet {
  struct packet *next;
  int64_t due;
  uint64_t number;
  int size;
  uint8_t bytes[];
};

struct shape {
  int64_t delay, jitter, queue; /* ns */
  double loss, burst, rate;     /* rate: bit/s */
  int reorder, up;
};

struct way {
  int from, to;
  struct shape shape;
  uint64_t random;
  int losing; /* in a burst */
  /* Packets that wait for their turn; the first is being sent until `head_done`. */
  struct packet *head, *tail;
  int64_t head_done, queued_bits;
  /* Packets on their way: a binary heap, the earliest first. */
  struct packet **line;
  size_t in_line, line_room;
  int64_t last_due;
  uint64_t number;
  uint64_t passed, lost, queue_dropped, bytes;
};

static const struct shape OPEN = {.burst = 1, .up = 1};

static void fail(const char *what) {
  fprintf(stderr, "link-emulator: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int64_t now_nanos(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * NANOS + now.tv_nsec;
}

/* splitmix64, as a number from 0 up to 1. */
static double chance(struct way *way) {
  uint64_t z = way->random += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (double)((z ^ z >> 31) >> 11) / (double)(UINT64_C(1) << 53);
}

static int is_lost(struct way *way) {
  const struct shape *shape = &way->shape;
  if (shape->loss <= 0) return way->losing = 0;
  if (shape->burst <= 1 || shape->loss >= 1) return chance(way) < shape->loss;
  double leave = 1 / shape->burst;
  double enter = shape->loss / (shape->burst * (1 - shape->loss));
  way->losing = way->losing ? chance(way) >= leave : chance(way) < enter;
  return way->losing;
}

static int is_earlier(const struct packet *a, const struct packet *b) {
  return a->due != b->due ? a->due < b->due : a->number < b->number;
}

static void push(struct way *way, struct packet *packet) {
  if (way->in_line == way->line_room) {
    way->line_room = way->line_room ? 2 * way->line_room : 256;
    way->line = realloc(way->line, way->line_room * sizeof *way->line);
    if (!way->line) fail("no memory");
  }
  size_t at = way->in_line++;
  for (; at > 0 && is_earlier(packet, way->line[(at - 1) / 2]); at = (at - 1) / 2) way->line[at] = way->line[(at - 1) / 2];
  way->line[at] = packet;
}

static struct packet *pop(struct way *way) {
  struct packet *first = way->line[0], *last = way->line[--way->in_line];
  size_t at = 0;
  for (size_t child; (child = 2 * at + 1) < way->in_line; at = child) {
    if (child + 1 < way->in_line && is_earlier(way->line[child + 1], way->line[child])) child++;
    if (!is_earlier(way->line[child], last)) break;
    way->line[at] = way->line[child];
  }
  way->line[at] = last;
  return first;
}

static int64_t sending_time(const struct way *way, int64_t bits) { return (int64_t)(bits * 1e9 / way->shape.rate); }

/* The packet has had its turn at this moment, and sets out. */
static void set_out(struct way *way, struct packet *packet, int64_t at) {
  if (is_lost(way)) {
    way->lost++;
    free(packet);
    return;
  }
  packet->due = at + way->shape.delay + (int64_t)(chance(way) * way->shape.jitter);
  if (!way->shape.reorder && packet->due < way->last_due) packet->due = way->last_due;
  way->last_due = packet->due;
  packet->number = way->number++;
  push(way, packet);
}

static void take_turns(struct way *way, int64_t now) {
  while (way->head && way->head_done <= now) {
    struct packet *packet = way->head;
    way->head = packet->next;
    way->queued_bits -= 8 * packet->size;
    set_out(way, packet, way->head_done);
    if (way->head) way->head_done += sending_time(way, 8 * way->head->size);
  }
}

static void enter(struct way *way, const uint8_t *bytes, int size, int64_t now) {
  if (!way->shape.up) {
    way->lost++;
    return;
  }
  if (way->head) {
    int64_t wait = way->head_done - now + sending_time(way, way->queued_bits - 8 * way->head->size);
    if (wait > way->shape.queue) {
      way->queue_dropped++;
      return;
    }
  }
  struct packet *packet = malloc(sizeof *packet + size);
  if (!packet) fail("no memory");
  packet->next = NULL;
  packet->size = size;
  memcpy(packet->bytes, bytes, size);
  if (way->shape.rate <= 0) {
    set_out(way, packet, now);
    return;
  }
  way->queued_bits += 8 * size;
  if (way->head) {
    way->tail->next = packet;
  } else {
    way->head = packet;
    way->head_done = now + sending_time(way, 8 * size);
  }
  way->tail = packet;
}

static void deliver(struct way *way, int64_t now) {
  take_turns(way, now);
  while (way->in_line > 0 && way->line[0]->due <= now) {
    struct packet *packet = pop(way);
    if (write(way->to, packet->bytes, packet->size) == packet->size) {
      way->passed++;
      way->bytes += packet->size;
    } else {
      way->lost++;
    }
    free(packet);
  }
}

static void read_all(struct way *way) {
  static uint8_t bytes[MOST_BYTES];
  ssize_t size;
  while ((size = read(way->from, bytes, sizeof bytes)) > 0) enter(way, bytes, size, now_nanos(CLOCK_MONOTONIC));
  /* A device that has been taken down answers EBADFD or EIO: there is nothing to carry, and that is no error. */
}

static int64_t next_event(const struct way *way) {
  int64_t next = way->head ? way->head_done : NEVER;
  return way->in_line > 0 && way->line[0]->due < next ? way->line[0]->due : next;
}

static void forget_all(struct way *way) {
  while (way->head) {
    struct packet *packet = way->head;
    way->head = packet->next;
    free(packet);
    way->lost++;
  }
  way->queued_bits = 0;
  while (way->in_line > 0) {
    free(way->line[--way->in_line]);
    way->lost++;
  }
}

static void reshape(struct way *way, struct shape shape, int64_t now) {
  deliver(way, now);
  double left_bits = way->head ? (way->head_done - now) * way->shape.rate / 1e9 : 0;
  way->shape = shape;
  if (!shape.up) forget_all(way);
  if (!way->head) return;
  way->head_done = shape.rate > 0 ? now + (int64_t)(left_bits * 1e9 / shape.rate) : now;
  if (shape.rate <= 0) {
    while (way->head) {
      struct packet *packet = way->head;
      way->head = packet->next;
      set_out(way, packet, now);
    }
    way->queued_bits = 0;
  }
}

/* 0 when there is no such name, or it cannot have that value. */
static int change(struct shape *shape, const char *name, double value) {
  if (!(value >= 0)) return 0;
  if (!strcmp(name, "delay-us")) shape->delay = value * 1000;
  else if (!strcmp(name, "jitter-us")) shape->jitter = value * 1000;
  else if (!strcmp(name, "queue-us")) shape->queue = value * 1000;
  else if (!strcmp(name, "loss")) shape->loss = value;
  else if (!strcmp(name, "burst")) shape->burst = value;
  else if (!strcmp(name, "rate-bps")) shape->rate = value;
  else if (!strcmp(name, "reorder")) shape->reorder = value != 0;
  else if (!strcmp(name, "up")) shape->up = value != 0;
  else return 0;
  return 1;
}

static void obey(struct way ways[2], char *line) {
  char *rest = NULL, *verb = strtok_r(line, " ", &rest);
  if (verb && !strcmp(verb, "count")) {
    printf("count");
    for (int index = 0; index < 2; index++)
      printf(" %llu %llu %llu %llu", (unsigned long long)ways[index].passed, (unsigned long long)ways[index].lost,
             (unsigned long long)ways[index].queue_dropped, (unsigned long long)ways[index].bytes);
    printf("\n");
  } else if (verb && !strcmp(verb, "set")) {
    char *which = strtok_r(NULL, " ", &rest);
    if (!which) which = "";
    int chosen[2] = {strcmp(which, "up") != 0, strcmp(which, "down") != 0};
    struct shape shapes[2] = {ways[0].shape, ways[1].shape};
    for (char *name; (name = strtok_r(NULL, " ", &rest));) {
      char *value = strtok_r(NULL, " ", &rest);
      for (int index = 0; index < 2; index++)
        if (chosen[index] && (!value || !change(&shapes[index], name, atof(value)))) {
          printf("wrong %s\n", name);
          fflush(stdout);
          return;
        }
    }
    int64_t now = now_nanos(CLOCK_MONOTONIC);
    for (int index = 0; index < 2; index++)
      if (chosen[index]) reshape(&ways[index], shapes[index], now);
    printf("ok %lld\n", (long long)(now_nanos(CLOCK_REALTIME) / 1000));
  } else {
    printf("wrong %s\n", verb ? verb : "");
  }
  fflush(stdout);
}

/* Takes the lines that are there; 0 at the end of the input. */
static int read_commands(struct way ways[2]) {
  static char text[LINE_BYTES];
  static size_t used = 0;
  ssize_t more = read(STDIN_FILENO, text + used, sizeof text - used - 1);
  if (more <= 0) return more < 0 && (errno == EAGAIN || errno == EINTR);
  used += more;
  text[used] = 0;
  for (char *end; (end = memchr(text, '\n', used));) {
    *end = 0;
    obey(ways, text);
    used -= end + 1 - text;
    memmove(text, end + 1, used + 1);
  }
  return used < sizeof text - 1;
}

static int open_tun(const char *space, const char *device) {
  int net = open(space, O_RDONLY | O_CLOEXEC);
  if (net < 0 || setns(net, CLONE_NEWNET)) fail(space);
  close(net);
  int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (tun < 0) fail("/dev/net/tun");
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  strncpy(request.ifr_name, device, IFNAMSIZ - 1);
  if (ioctl(tun, TUNSETIFF, &request)) fail(device);
  return tun;
}

static void watch(int poll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event)) fail("epoll");
}

int main(int count, char **words) {
  if (count != 6) {
    fprintf(stderr, "usage: link-emulator NAMESPACE_A DEVICE_A NAMESPACE_B DEVICE_B SEED\n");
    return 2;
  }
  int a = open_tun(words[1], words[2]), b = open_tun(words[3], words[4]);
  uint64_t seed = strtoull(words[5], NULL, 10);
  struct way ways[2] = {{.from = a, .to = b, .shape = OPEN, .random = 2 * seed},
                        {.from = b, .to = a, .shape = OPEN, .random = 2 * seed + 1}};
  /* On a busy machine its packets must not wait for anybody's turn; without the right to, it does its best. */
  struct sched_param soonest = {.sched_priority = 1};
  sched_setscheduler(0, SCHED_FIFO, &soonest);
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), poll = epoll_create1(EPOLL_CLOEXEC);
  if (timer < 0 || poll < 0) fail("timer");
  int inputs[] = {a, b, timer, STDIN_FILENO};
  for (int index = 0; index < 4; index++) watch(poll, inputs[index]);
  printf("ready\n");
  fflush(stdout);

  for (int64_t armed = NEVER;;) {
    struct epoll_event events[4];
    int ready = epoll_wait(poll, events, 4, -1);
    if (ready < 0 && errno != EINTR) fail("epoll");
    for (int index = 0; index < ready; index++) {
      int fd = events[index].data.fd;
      if (fd == a) read_all(&ways[0]);
      else if (fd == b) read_all(&ways[1]);
      else if (fd == timer) {
        uint64_t times;
        if (read(timer, &times, sizeof times) == sizeof times) armed = NEVER;
      } else if (!read_commands(ways)) return 0;
    }
    int64_t now = now_nanos(CLOCK_MONOTONIC), next = NEVER;
    for (int index = 0; index < 2; index++) {
      deliver(&ways[index], now);
      int64_t soon = next_event(&ways[index]);
      if (soon < next) next = soon;
    }
    if (next != armed && next != NEVER) {
      struct itimerspec when = {.it_value = {next / NANOS, next % NANOS}};
      if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL)) fail("timer");
      armed = next;
    }
  }
}
