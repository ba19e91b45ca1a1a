/* A wall clock that jumps, for one program run: loaded with LD_PRELOAD by support/disk.rs. The clock that only ever goes
   on, by which waits are measured, is left alone. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static int (*real)(clockid_t, struct timespec *);
static long jump_s, after_ms, begun_ms;

static long passed_ms(void) {
    struct timespec now;
    real(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void begin(void) {
    if (real) return;
    const char *jump = getenv("CLOCK_JUMP_S"), *after = getenv("CLOCK_JUMP_AFTER_MS");
    real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    jump_s = jump ? atol(jump) : 0;
    after_ms = after ? atol(after) : 0;
    begun_ms = passed_ms();
}

__attribute__((constructor)) static void at_start(void) { begin(); }

int clock_gettime(clockid_t clock, struct timespec *now) {
    begin();
    int done = real(clock, now);
    if (!done && clock == CLOCK_REALTIME && passed_ms() - begun_ms >= after_ms) now->tv_sec += jump_s;
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
