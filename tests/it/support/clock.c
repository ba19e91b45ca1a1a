/* Clocks that a test moves, for one program run: loaded with LD_PRELOAD by support/disk.rs.

   CLOCK_FILE holds three numbers of 64 bits, seconds to be added from the moment they are written on: to the wall clock;
   to the clock that stands while the machine sleeps, by which waits are measured; to the one that goes on then. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int (*real)(clockid_t, struct timespec *);
static const volatile long *moved; /* wall, monotonic, boottime */

__attribute__((constructor)) static void begin(void) {
    if (real) return;
    const char *path = getenv("CLOCK_FILE");
    real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *map = mmap(0, 3 * sizeof *moved, PROT_READ, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED) moved = map;
    close(fd);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    begin();
    int done = real(clock, now);
    if (done || !moved) return done;
    switch (clock) {
    case CLOCK_REALTIME: case CLOCK_REALTIME_COARSE: now->tv_sec += moved[0]; break;
    case CLOCK_MONOTONIC: case CLOCK_MONOTONIC_COARSE: case CLOCK_MONOTONIC_RAW: now->tv_sec += moved[1]; break;
    case CLOCK_BOOTTIME: now->tv_sec += moved[2]; break;
    }
    return done;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec at;
    int done = clock_gettime(CLOCK_REALTIME, &at);
    now->tv_sec = at.tv_sec;
    now->tv_usec = at.tv_nsec / 1000;
    return done;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
