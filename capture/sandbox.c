#include "capture/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static bool fail(char error[SANDBOX_ERROR_MAX], const char *what, const char *name, int err)
{
    snprintf(error, SANDBOX_ERROR_MAX, "%s%s: %s", what, name, strerror(err));
    return false;
}

/* Gives up root for a user and its group. Where that user has no number (a user namespace in which
 * only root is mapped) the process is an ordinary user outside already. */
static bool become(const char *user, char error[SANDBOX_ERROR_MAX])
{
    errno = 0;
    const struct passwd *pw = getpwnam(user);
    if (pw == NULL)
        return fail(error, "no such user: ", user, errno != 0 ? errno : ENOENT);
    uid_t uid = pw->pw_uid;
    gid_t gid = pw->pw_gid;
    if (uid == 0) {
        snprintf(error, SANDBOX_ERROR_MAX, "user %.60s is root; name one without privileges", user);
        return false;
    }
    int groups = setgroups(0, NULL) == 0 ? 0 : errno;
    if (setresgid(gid, gid, gid) != 0)
        return errno == EINVAL ? true : fail(error, "cannot take the group of ", user, errno);
    if (groups != 0)
        return fail(error, "cannot leave all groups for ", user, groups);
    if (setresuid(uid, uid, uid) != 0)
        return fail(error, "cannot become ", user, errno);
    if (setresuid(0, 0, 0) == 0)
        return fail(error, "root could be taken back from ", user, EPERM);
    return true;
}

bool sandbox_drop(const char *user, char error[SANDBOX_ERROR_MAX])
{
    /* the bounding set first: that takes a capability (CAP_SETPCAP) that is then lost */
    capng_clear(CAPNG_SELECT_BOTH);
    (void)capng_apply(CAPNG_SELECT_BOUNDS);
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (geteuid() == 0 && !become(user != NULL ? user : "nobody", error))
        return false;
    capng_clear(CAPNG_SELECT_BOTH);
    if (capng_apply(CAPNG_SELECT_CAPS) != 0)
        return fail(error, "cannot give up capabilities", "", EPERM);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail(error, "cannot refuse new privileges", "", errno);
    return true;
}

/* Calls without conditions. */
static const int always[] = {
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(select),
    SCMP_SYS(pselect6),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(getrusage),
    SCMP_SYS(sysinfo), /* qsort asks how much memory there is */
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

/* A call that is allowed, or gives an error, when one of its arguments is as said. */
typedef struct rule {
    uint32_t action;
    int call;
    struct scmp_arg_cmp when;
} rule_t;

static int add_rules(scmp_filter_ctx c, const rule_t *rules, size_t count)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = seccomp_rule_add_array(c, rules[i].action, rules[i].call, 1, &rules[i].when);
    return rc;
}

#define RULES(c, table) add_rules(c, table, sizeof(table) / sizeof((table)[0]))

/* Memory is never executable, processes are never made, files are told about only when open. */
static int allow_files(scmp_filter_ctx c)
{
    const uint32_t allow = SCMP_ACT_ALLOW;
    const rule_t rules[] = {
        {allow, SCMP_SYS(mmap), SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
        {allow, SCMP_SYS(mprotect), SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
        {allow, SCMP_SYS(newfstatat), SCMP_A3_64(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH)},
        {allow, SCMP_SYS(clone), SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)},
        {allow, SCMP_SYS(tgkill), SCMP_A0_64(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0)},
        {allow, SCMP_SYS(prlimit64), SCMP_A2_64(SCMP_CMP_EQ, 0, 0)}, /* asks only */
        {allow, SCMP_SYS(ioctl), SCMP_A1_32(SCMP_CMP_EQ, TCGETS, 0)},
        {allow, SCMP_SYS(ioctl), SCMP_A1_32(SCMP_CMP_EQ, TIOCGWINSZ, 0)},
        {allow, SCMP_SYS(fcntl), SCMP_A1_32(SCMP_CMP_EQ, F_GETFL, 0)},
    };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof always / sizeof always[0]; i++)
        rc = seccomp_rule_add(c, allow, always[i], 0);
    if (rc == 0) /* glibc then takes clone, whose flags can be looked at */
        rc = seccomp_rule_add(c, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (rc == 0)
        rc = seccomp_rule_add(c, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(open), 0);
    if (rc == 0)
        rc = seccomp_rule_add(c, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 0);
    return rc == 0 ? RULES(c, rules) : rc;
}

static int allow_live(scmp_filter_ctx c)
{
    const uint32_t allow = SCMP_ACT_ALLOW;
    const rule_t rules[] = {
        {allow, SCMP_SYS(getsockopt), SCMP_A1_32(SCMP_CMP_EQ, SOL_PACKET, 0)},
        {allow, SCMP_SYS(getsockopt), SCMP_A1_32(SCMP_CMP_EQ, SOL_SOCKET, 0)},
        {allow, SCMP_SYS(setsockopt), SCMP_A2_32(SCMP_CMP_EQ, PACKET_RX_RING, 0)}, /* to free it */
        {allow, SCMP_SYS(ioctl), SCMP_A1_32(SCMP_CMP_EQ, SIOCGIFFLAGS, 0)},
        {allow, SCMP_SYS(ioctl), SCMP_A1_32(SCMP_CMP_EQ, SIOCGIFINDEX, 0)},
    };
    int rc = seccomp_rule_add(c, allow, SCMP_SYS(recvfrom), 0);
    if (rc == 0)
        rc = seccomp_rule_add(c, allow, SCMP_SYS(recvmsg), 0);
    return rc == 0 ? RULES(c, rules) : rc;
}

static int allow_receive(scmp_filter_ctx c, unsigned needs)
{
    int rc = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), 0);
    if (rc == 0 && (needs & SANDBOX_LIVE) == 0)
        rc = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(recvmsg), 0);
    return rc;
}

static int load(scmp_filter_ctx c, unsigned needs)
{
    int rc = seccomp_attr_set(c, SCMP_FLTATR_CTL_TSYNC, 1);
    if (rc == 0)
        rc = seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (rc == 0)
        rc = allow_files(c);
    if (rc == 0 && (needs & SANDBOX_LIVE) != 0)
        rc = allow_live(c);
    if (rc == 0 && (needs & SANDBOX_RECEIVE) != 0)
        rc = allow_receive(c, needs);
    return rc == 0 ? seccomp_load(c) : rc;
}

bool sandbox_lock(unsigned needs, char error[SANDBOX_ERROR_MAX])
{
    tzset(); /* reads the time zone while it can */
    if (!sandbox_can_lock()) {
        fprintf(stderr, "nsprobe: built with a sanitizer: system calls are not filtered\n");
        return true;
    }
    scmp_filter_ctx c = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (c == NULL)
        return fail(error, "cannot filter system calls", "", ENOMEM);
    int rc = load(c, needs);
    seccomp_release(c);
    return rc == 0 ? true : fail(error, "cannot filter system calls", "", -rc);
}

bool sandbox_can_lock(void)
{
    return !SANITIZED;
}
