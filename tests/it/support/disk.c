/* A disk that is watched, fails or lies, for one program run: loaded with LD_PRELOAD by support/disk.rs.

   Counts the program's calls on files in one folder and on sockets; kills it before the n-th, has the n-th write or
   sync fail, or has syncs do nothing. Every change to a file in the folder is written to a log, in order, so that the
   folder can be had again as it stood on the disk at any moment. Deliberately absent: calls that do not pass through
   libc (renames of results), and memory maps (SQLite's -shm, which a restart makes anew). */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static char root[4096];
static size_t root_len;
static int log_fd = -1;
static long die_at, fail_at, fails_from_then, fail_errno, lie;
static long calls, failing;
static char fail_what; /* 'w' writes, 's' syncs, 'a' both */

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static long number(const char *name) { const char *text = getenv(name); return text ? atol(text) : 0; }

__attribute__((constructor)) static void begin(void) {
    const char *folder = getenv("DISK_ROOT"), *log = getenv("DISK_LOG"), *what = getenv("DISK_FAIL");
    if (!folder || !log) return;
    snprintf(root, sizeof root, "%s/", folder);
    root_len = strlen(root);
    die_at = number("DISK_DIE_AT");
    fail_at = number("DISK_FAIL_AT");
    fails_from_then = number("DISK_FAILS_FROM_THEN");
    fail_errno = number("DISK_ERRNO");
    fail_what = what ? what[0] : 0;
    lie = number("DISK_LIES");
    int (*real_open)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    log_fd = real_open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* One record: kind, file, place, length, bytes. */
static void note(char kind, uint64_t file, uint64_t at, const void *bytes, uint64_t length) {
    static ssize_t (*real_writev)(int, const struct iovec *, int);
    if (!real_writev) real_writev = (ssize_t (*)(int, const struct iovec *, int))dlsym(RTLD_NEXT, "writev");
    uint64_t head[4] = {(uint64_t)kind, file, at, length};
    struct iovec parts[2] = {{head, sizeof head}, {(void *)bytes, length}};
    if (log_fd >= 0) (void)!real_writev(log_fd, parts, 2);
}

/* How many calls there were, for whoever wants to die at one of them. */
__attribute__((destructor)) static void end(void) { note('n', (uint64_t)failing, (uint64_t)calls, "", 0); }

/* One more call; the end, if it is the one to die at. The caller holds the gate. */
static void count(void) {
    if (log_fd < 0) return;
    if (++calls == die_at) { kill(getpid(), SIGKILL); for (;;) pause(); }
}

/* Whether this write or sync of a watched file fails. */
static int fails(char kind, const char *file) {
    if (!fail_at || (fail_what != 'a' && fail_what != kind)) return 0;
    ++failing;
    if (failing != fail_at && !(fails_from_then && failing > fail_at)) return 0;
    note('f', 0, 0, file, strlen(file));
    errno = (int)fail_errno;
    return 1;
}

/* The path under the root, or none. Relative paths are in the folder the program runs in, which is the root. */
static const char *inside(const char *path) {
    if (log_fd < 0) return 0;
    const char *name = path;
    if (path[0] == '/') {
        if (strncmp(path, root, root_len)) return 0;
        name = path + root_len;
    }
    while (name[0] == '.' && name[1] == '/') name += 2;
    return strchr(name, '/') ? 0 : name;
}

/* What is behind a descriptor: 'f' a file in the folder, with its name, 'd' the folder, 'k' a socket, 0 none of them. */
static char watched(int fd, uint64_t *file, char *path, size_t size) {
    struct stat is, top;
    if (log_fd < 0 || fd == log_fd || fstat(fd, &is)) return 0;
    if (S_ISDIR(is.st_mode)) return !stat(root, &top) && top.st_ino == is.st_ino ? 'd' : 0;
    if (!S_ISREG(is.st_mode)) return S_ISSOCK(is.st_mode) ? 'k' : 0;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t got = readlink(link, path, size - 1);
    if (got < 0) return 0;
    path[got] = 0;
    *file = is.st_ino;
    return inside(path) ? 'f' : 0;
}

static int opens(int (*real)(int, const char *, int, ...), int at, const char *path, int flags, mode_t mode) {
    const char *name = inside(path);
    if (!name) return real(at, path, flags, mode);
    pthread_mutex_lock(&gate);
    count();
    struct stat is;
    int is_new = (flags & O_CREAT) && lstat(path, &is);
    int fd = real(at, path, flags, mode), why = errno;
    if (fd >= 0 && !fstat(fd, &is)) {
        if (is_new) note('o', is.st_ino, 0, name, strlen(name));
        if (flags & O_TRUNC) note('t', is.st_ino, 0, "", 0);
    }
    pthread_mutex_unlock(&gate);
    errno = why;
    return fd;
}

#define MODE mode_t mode = 0; if (flags & (O_CREAT | __O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }

static int real_openat_(int at, const char *path, int flags, ...) {
    MODE
    REAL(openat);
    return real(at, path, flags, mode);
}
int open(const char *path, int flags, ...) { MODE return opens(real_openat_, AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return opens(real_openat_, AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int at, const char *path, int flags, ...) { MODE return opens(real_openat_, at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE return opens(real_openat_, at, path, flags | O_LARGEFILE, mode); }

/* Whatever is done to a descriptor: counted if watched, failed if it is time, noted if it changed a file. */
#define DONE(kind_of, act, record) \
    uint64_t file = 0; char path[4096] = ""; char what = watched(fd, &file, path, sizeof path); \
    if (!what) return act; \
    pthread_mutex_lock(&gate); count(); \
    __typeof__(act) done = -1; int why; \
    if (what != 'k' && kind_of && fails(kind_of, path)) why = errno; \
    else { done = act; why = errno; if (done >= 0 && what != 'k') { record; } } \
    pthread_mutex_unlock(&gate); errno = why; return done

ssize_t write(int fd, const void *bytes, size_t length) {
    REAL(write);
    DONE('w', real(fd, bytes, length), note('w', file, (uint64_t)(lseek(fd, 0, SEEK_CUR) - done), bytes, (uint64_t)done));
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
    REAL(pwrite);
    DONE('w', real(fd, bytes, length, at), note('w', file, (uint64_t)at, bytes, (uint64_t)done));
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) { return pwrite(fd, bytes, length, at); }

static void note_all(uint64_t file, const struct iovec *parts, int number, uint64_t at, uint64_t length) {
    for (int part = 0; part < number && length; part++) {
        uint64_t took = parts[part].iov_len < length ? parts[part].iov_len : length;
        note('w', file, at, parts[part].iov_base, took);
        at += took;
        length -= took;
    }
}
/* A request that leaves is noted too, with what it says: where in the order of things it left. */
static void note_request(char what, const struct iovec *parts, int number) {
    static const struct { const char *word; char kind; } all[] = {
        {"/createCashgram", 'x'}, {"/deactivateCashgram", 'y'}, {"/getCashgramStatus", 'q'}};
    char said[16384];
    size_t length = 0;
    for (int part = 0; what == 'k' && part < number; part++) {
        size_t room = sizeof said - length, took = parts[part].iov_len < room ? parts[part].iov_len : room;
        memcpy(said + length, parts[part].iov_base, took);
        length += took;
    }
    for (size_t n = 0; length && n < sizeof all / sizeof *all; n++)
        if (memmem(said, length, all[n].word, strlen(all[n].word))) { note(all[n].kind, 0, 0, said, length); return; }
}
ssize_t writev(int fd, const struct iovec *parts, int number) {
    REAL(writev);
    DONE('w', (note_request(what, parts, number), real(fd, parts, number)),
         note_all(file, parts, number, (uint64_t)(lseek(fd, 0, SEEK_CUR) - done), (uint64_t)done));
}
ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    REAL(send);
    struct iovec part = {(void *)bytes, length};
    DONE(0, (note_request(what, &part, 1), real(fd, bytes, length, flags)), (void)0);
}
ssize_t sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to, socklen_t size) {
    REAL(sendto);
    struct iovec part = {(void *)bytes, length};
    DONE(0, (note_request(what, &part, 1), real(fd, bytes, length, flags, to, size)), (void)0);
}
int ftruncate(int fd, off_t length) {
    REAL(ftruncate);
    DONE('w', real(fd, length), note('t', file, (uint64_t)length, "", 0));
}
int ftruncate64(int fd, off_t length) { return ftruncate(fd, length); }

static int syncs(int (*real)(int), int fd) {
    DONE('s', (lie ? 0 : real(fd)), if (!lie) note(what == 'd' ? 'd' : 's', file, 0, "", 0));
}
int fsync(int fd) { REAL(fsync); return syncs(real, fd); }
int fdatasync(int fd) { REAL(fdatasync); return syncs(real, fd); }

/* Calls that change nothing on the disk are points to die at. */
ssize_t read(int fd, void *bytes, size_t length) { REAL(read); DONE(0, real(fd, bytes, length), (void)0); }
ssize_t pread(int fd, void *bytes, size_t length, off_t at) { REAL(pread); DONE(0, real(fd, bytes, length, at), (void)0); }
ssize_t pread64(int fd, void *bytes, size_t length, off_t at) { return pread(fd, bytes, length, at); }
ssize_t recv(int fd, void *bytes, size_t length, int flags) { REAL(recv); DONE(0, real(fd, bytes, length, flags), (void)0); }
int connect(int fd, const struct sockaddr *to, socklen_t size) {
    REAL(connect);
    if (log_fd >= 0) { pthread_mutex_lock(&gate); note('c', 0, 0, to, size); pthread_mutex_unlock(&gate); }
    DONE(0, real(fd, to, size), (void)0);
}
int close(int fd) { REAL(close); DONE(0, real(fd), (void)0); }
int flock(int fd, int how) { REAL(flock); DONE(0, real(fd, how), (void)0); }

int rename(const char *from, const char *to) {
    REAL(rename);
    const char *old = inside(from), *new = inside(to);
    if (!old || !new) return real(from, to);
    pthread_mutex_lock(&gate);
    count();
    int done = -1, why;
    if (fails('w', old)) why = errno;
    else {
        done = real(from, to);
        why = errno;
        char both[8192];
        if (!done) note('r', 0, 0, both, (uint64_t)snprintf(both, sizeof both, "%s\n%s", old, new));
    }
    pthread_mutex_unlock(&gate);
    errno = why;
    return done;
}

int unlink(const char *path) {
    REAL(unlink);
    const char *name = inside(path);
    if (!name) return real(path);
    pthread_mutex_lock(&gate);
    count();
    int done = real(path), why = errno;
    if (!done) note('u', 0, 0, name, strlen(name));
    pthread_mutex_unlock(&gate);
    errno = why;
    return done;
}
