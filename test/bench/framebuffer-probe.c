/*
 * Reads the clock that is burned into a picture from the memory of a virtual screen (Xvfb -fbdir), and prints how old
 * each frame was at the moment its pixels were first there.
 *
 *     framebuffer-probe FILE X Y BLOCK SECONDS
 *
 * FILE is Xvfb's screen file (XWD format), X Y the place of the picture on the screen, BLOCK the edge of a clock block in
 * pixels. After SECONDS it prints, and only then, so that nobody else is woken while it measures:
 *
 *     SEQUENCE AGE_MICROS SEEN_MICROS     one line for each change of the sequence number, in order
 *     polls COUNT readable COUNT          last line
 *
 * The format of the clock is src/protocol/picture-clock.ts; this is its second implementation because a poll of 0.3 ms
 * needs no garbage collector. Both clocks are CLOCK_REALTIME of one machine.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CLOCK_COLUMNS = 32, CLOCK_BITS = 64, POLL_NANOS = 300000, MOST_FRAMES = 1 << 20 };
static const int64_t CLOCK_PERIOD = (int64_t)1 << 40;

/* XWDFile.h: the header is 25 words, most significant byte first whatever the machine. */
enum { HEADER_SIZE = 0, VERSION = 1, FORMAT = 2, WIDTH = 4, HEIGHT = 5, BYTE_ORDER_ = 7, BITS_PER_PIXEL = 11,
       BYTES_PER_LINE = 12, RED = 14, GREEN = 15, BLUE = 16, COLOURS = 19, HEADER_WORDS = 25 };
enum { XWD_VERSION = 7, Z_PIXMAP = 2, BYTES_PER_COLOUR = 12 };

struct screen {
  const volatile uint8_t *pixels;
  uint32_t width, height, stride, msb_first, red, green, blue;
};

struct frame {
  uint16_t sequence;
  int64_t age, seen;
};

static void fail(const char *what) {
  fprintf(stderr, "framebuffer-probe: %s\n", what);
  exit(1);
}

static uint32_t word(const uint8_t *file, int index) {
  const uint8_t *at = file + 4 * index;
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static struct screen open_screen(const char *path) {
  int fd = open(path, O_RDONLY);
  if (fd < 0) fail(strerror(errno));
  struct stat info;
  if (fstat(fd, &info) || info.st_size < 4 * HEADER_WORDS) fail("the screen file is too short");
  const uint8_t *file = mmap(NULL, info.st_size, PROT_READ, MAP_SHARED, fd, 0);
  if (file == MAP_FAILED) fail(strerror(errno));
  close(fd);
  if (word(file, VERSION) != XWD_VERSION || word(file, FORMAT) != Z_PIXMAP || word(file, BITS_PER_PIXEL) != 32)
    fail("the screen is not XWD version 7 with 32 bits a pixel: start Xvfb with -screen 0 WxHx24");
  size_t start = word(file, HEADER_SIZE) + (size_t)word(file, COLOURS) * BYTES_PER_COLOUR;
  struct screen screen = {file + start, word(file, WIDTH), word(file, HEIGHT), word(file, BYTES_PER_LINE),
                          word(file, BYTE_ORDER_), word(file, RED), word(file, GREEN), word(file, BLUE)};
  if (start + (size_t)screen.stride * screen.height > (size_t)info.st_size) fail("the screen file is cut short");
  return screen;
}

static uint32_t channel(uint32_t pixel, uint32_t mask) { return mask ? (pixel & mask) / (mask & -mask) : 0; }

static int is_light(const struct screen *screen, uint32_t x, uint32_t y) {
  const volatile uint8_t *at = screen->pixels + (size_t)y * screen->stride + 4 * (size_t)x;
  uint32_t pixel = screen->msb_first ? (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3]
                                     : (uint32_t)at[3] << 24 | at[2] << 16 | at[1] << 8 | at[0];
  uint32_t luma = channel(pixel, screen->red) + 2 * channel(pixel, screen->green) + channel(pixel, screen->blue);
  return luma > 4 * 127;
}

/* 1 when the checksum fits. */
static int read_clock(const struct screen *screen, int x, int y, int block, int64_t *micros, uint16_t *sequence) {
  uint8_t bytes[8] = {0};
  for (int bit = 0; bit < CLOCK_BITS; bit++) {
    int column = x + bit % CLOCK_COLUMNS * block + block / 2;
    int row = y + bit / CLOCK_COLUMNS * block + block / 2;
    if (is_light(screen, column, row)) bytes[bit >> 3] |= 0x80 >> (bit & 7);
  }
  uint8_t sum = 0;
  for (int index = 0; index < 7; index++) sum += bytes[index];
  if (bytes[7] != (sum ^ 0x5a)) return 0;
  *micros = 0;
  for (int index = 0; index < 5; index++) *micros = *micros << 8 | bytes[index];
  *sequence = (uint16_t)(bytes[5] << 8 | bytes[6]);
  return 1;
}

static int64_t now_micros(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t age_of(int64_t micros, int64_t now) {
  int64_t age = ((now - micros) % CLOCK_PERIOD + CLOCK_PERIOD) % CLOCK_PERIOD;
  return age > CLOCK_PERIOD / 2 ? age - CLOCK_PERIOD : age;
}

int main(int count, char **words) {
  if (count != 6) fail("usage: framebuffer-probe FILE X Y BLOCK SECONDS");
  struct screen screen = open_screen(words[1]);
  int x = atoi(words[2]), y = atoi(words[3]), block = atoi(words[4]);
  if (x < 0 || y < 0 || block < 2 || x + CLOCK_COLUMNS * block > (int)screen.width ||
      y + CLOCK_BITS / CLOCK_COLUMNS * block > (int)screen.height)
    fail("the clock does not lie on the screen");
  struct frame *frames = malloc(MOST_FRAMES * sizeof *frames);
  if (!frames) fail("no memory");

  long polls = 0, readable = 0, seen = 0;
  int last = -1;
  int64_t end = now_micros() + (int64_t)(atof(words[5]) * 1e6);
  for (int64_t now = 0; now < end && seen < MOST_FRAMES; polls++) {
    int64_t micros;
    uint16_t sequence;
    int valid = read_clock(&screen, x, y, block, &micros, &sequence);
    now = now_micros();
    readable += valid;
    if (valid && sequence != last) {
      frames[seen++] = (struct frame){sequence, age_of(micros, now), now};
      last = sequence;
    }
    struct timespec pause = {0, POLL_NANOS};
    nanosleep(&pause, NULL);
  }
  for (long index = 0; index < seen; index++)
    printf("%u %lld %lld\n", frames[index].sequence, (long long)frames[index].age, (long long)frames[index].seen);
  printf("polls %ld readable %ld\n", polls, readable);
  return 0;
}
