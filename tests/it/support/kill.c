/* Runs a program and kills it as it enters its n-th system call of a kind, whichever thread makes it: `kill LOG CALL NTH
   PROGRAM ...`. With NTH 0 nothing is killed, and LOG gets a line `CALL NUMBER` for each kind of call that touches files,
   sockets or the program's own end.

   strace counts by thread: of all threads' n-th calls it would kill at the first alone. Ends as the program did; 125 where
   nothing may be traced. */

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/ptrace.h>

#define CALL(name) {#name, SYS_##name, 0}

static struct { const char *name; long number; long seen; } calls[] = {
    CALL(openat), CALL(read), CALL(readv), CALL(pread64), CALL(write), CALL(writev), CALL(pwrite64), CALL(lseek),
    CALL(ftruncate), CALL(fallocate), CALL(fsync), CALL(fdatasync), CALL(renameat2), CALL(unlinkat), CALL(linkat),
    CALL(fcntl), CALL(flock), CALL(mmap), CALL(munmap), CALL(fchmod), CALL(fchmodat), CALL(mkdirat), CALL(close),
    CALL(socket), CALL(connect), CALL(sendto), CALL(sendmsg), CALL(recvfrom), CALL(recvmsg), CALL(shutdown),
    CALL(exit_group),
#ifdef SYS_open
    CALL(open), CALL(rename), CALL(renameat), CALL(unlink), CALL(link), CALL(chmod), CALL(mkdir),
#endif
};
#define KINDS (sizeof calls / sizeof *calls)

static void give_up(const char *what) {
    perror(what);
    exit(125);
}

static pid_t start(char **program) {
    pid_t child = fork();
    if (child < 0) give_up("fork");
    if (!child) {
        if (ptrace(PTRACE_TRACEME, 0, 0, 0)) _exit(125);
        raise(SIGSTOP);
        execv(program[0], program);
        _exit(126);
    }
    int status;
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) exit(125);
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC |
                   PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SETOPTIONS, child, 0, options)) give_up("PTRACE_SETOPTIONS");
    return child;
}

/* Counts a call that is being entered. Whether it is the one. */
static int entered(pid_t thread, const char *call, long nth) {
    struct ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) return 0;
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return 0;
    for (size_t kind = 0; kind < KINDS; kind++)
        if (calls[kind].number == (long)info.entry.nr)
            return ++calls[kind].seen == nth && !strcmp(calls[kind].name, call);
    return 0;
}

static void write_down(const char *path) {
    FILE *log = fopen(path, "w");
    if (!log) give_up(path);
    for (size_t kind = 0; kind < KINDS; kind++)
        if (calls[kind].seen) fprintf(log, "%s %ld\n", calls[kind].name, calls[kind].seen);
    fclose(log);
}

int main(int count, char **words) {
    if (count < 5) return 125;
    const char *log = words[1], *call = words[2];
    long nth = atol(words[3]);
    pid_t child = start(words + 4);
    ptrace(PTRACE_SYSCALL, child, 0, 0);
    for (;;) {
        int status;
        pid_t thread = waitpid(-1, &status, __WALL);
        if (thread < 0) {
            if (errno == EINTR) continue;
            give_up("waitpid");
        }
        if (thread == child && (WIFEXITED(status) || WIFSIGNALED(status))) {
            if (!nth) write_down(log);
            if (WIFEXITED(status)) return WEXITSTATUS(status);
            signal(WTERMSIG(status), SIG_DFL);
            raise(WTERMSIG(status));
        }
        if (!WIFSTOPPED(status)) continue;
        int pass_on = 0;
        if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
            if (entered(thread, call, nth)) kill(child, SIGKILL);
        } else if (WSTOPSIG(status) != SIGTRAP && WSTOPSIG(status) != SIGSTOP) {
            pass_on = WSTOPSIG(status);
        }
        ptrace(PTRACE_SYSCALL, thread, 0, pass_on);
    }
}
