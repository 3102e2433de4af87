// The system's time, moved by as many seconds as a file says: loaded before a server by LD_PRELOAD.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile long long *moved;

__attribute__((constructor)) static void open_file(void) {
  const char *path = getenv("SLUICE_TEST_CLOCK");
  int file = path ? open(path, O_RDONLY) : -1;
  void *memory = file < 0 ? MAP_FAILED : mmap(0, sizeof *moved, PROT_READ, MAP_SHARED, file, 0);
  if (memory != MAP_FAILED) moved = memory;
}

int gettimeofday(struct timeval *restrict to, void *restrict zone) {
  struct timespec now;
  if (syscall(SYS_clock_gettime, CLOCK_REALTIME, &now)) return -1;
  to->tv_sec = now.tv_sec + (moved ? *moved : 0);
  to->tv_usec = now.tv_nsec / 1000;
  return 0;
}
