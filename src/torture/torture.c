#include "torture/torture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS 5

/* One client that runs, with the server that it asks. */
typedef struct job {
    bool busy;
    fuzz_server_t *server;
    pid_t pid;
    int pipe; /* its output; -1 when it was closed */
    int64_t began;
    uint64_t asked_before;
    torture_result_t *result;
} job_t;

typedef struct torture {
    const torture_options_t *options;
    torture_report_t *report;
    size_t next;
    size_t done;
    job_t job[TORTURE_JOBS_MAX];
    unsigned jobs;
} torture_t;

static const char *const names[] = {
#define X(ident, name, what) name,
    TORTURE_VERDICTS(X)
#undef X
};

static const char *const texts[] = {
#define X(ident, name, what) what,
    TORTURE_VERDICTS(X)
#undef X
};

const char *torture_verdict_name(torture_verdict_t v)
{
    return (unsigned)v < TORTURE_VERDICT_COUNT ? names[v] : "";
}

const char *torture_verdict_text(torture_verdict_t v)
{
    return (unsigned)v < TORTURE_VERDICT_COUNT ? texts[v] : "";
}

bool torture_is_bad(torture_verdict_t v)
{
    return v >= TORTURE_LIE;
}

const char *torture_result_name(const torture_result_t *r, char buf[40])
{
    if (r->honest)
        return "honest";
    if (r->fault != FAULT_COUNT)
        return fault_desc(r->fault)->name;
    snprintf(buf, 40, "mutation-%llu", (unsigned long long)r->seed);
    return buf;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- the client --- */

/* Puts addr, port and name into one argument of the client's. The caller frees it; NULL without
 * memory. */
static char *torture_argument(const char *text, const addr_t *at, const char *name)
{
    char addr[ADDR_TEXT_MAX];
    char port[8];
    char *out = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&out, &size);
    if (f == NULL)
        return NULL;
    addr_text(at, addr);
    snprintf(port, sizeof port, "%u", at->port);
    const struct {
        const char *word;
        const char *value;
    } words[] = {{"{addr}", addr}, {"{port}", port}, {"{name}", name}};
    while (*text != '\0') {
        size_t i = 0;
        while (i < 3 && strncmp(text, words[i].word, strlen(words[i].word)) != 0)
            i++;
        if (i < 3) {
            fputs(words[i].value, f);
            text += strlen(words[i].word);
        } else {
            fputc(*text++, f);
        }
    }
    if (fclose(f) != 0) {
        free(out);
        return NULL;
    }
    return out;
}

static void free_arguments(char **argv)
{
    for (size_t i = 0; argv != NULL && argv[i] != NULL; i++)
        free(argv[i]);
    free(argv);
}

static char **make_arguments(const torture_options_t *o, const addr_t *at)
{
    size_t n = 0;
    const char *name = o->name != NULL ? o->name : "www.fuzz.test";
    while (o->argv[n] != NULL)
        n++;
    char **argv = calloc(n + 1, sizeof *argv);
    for (size_t i = 0; argv != NULL && i < n; i++) {
        argv[i] = torture_argument(o->argv[i], at, name);
        if (argv[i] == NULL) {
            free_arguments(argv);
            return NULL;
        }
    }
    return argv;
}

/* In the child: a process group of its own, so that whatever it starts ends with it. */
static _Noreturn void run_client(char *const *argv, int out)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    if (null >= 0)
        dup2(null, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    if (argv[0] != NULL) {
        execvp(argv[0], argv);
        dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
    }
    _exit(127);
}

static bool job_start(torture_t *t, job_t *j, torture_result_t *r)
{
    int ends[2];
    addr_t at = fuzz_server_addr(j->server);
    char **argv = make_arguments(t->options, &at);
    if (argv == NULL || pipe2(ends, O_CLOEXEC) != 0) {
        free_arguments(argv);
        return false;
    }
    fuzz_server_set(j->server, r->fault, r->seed, r->honest);
    j->asked_before = fuzz_server_count(j->server);
    j->pid = fork();
    if (j->pid == 0)
        run_client(argv, ends[1]);
    close(ends[1]);
    free_arguments(argv);
    if (j->pid < 0) {
        close(ends[0]);
        return false;
    }
    (void)setpgid(j->pid, j->pid);
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    j->pipe = ends[0];
    j->began = now_ms();
    j->result = r;
    j->busy = true;
    return true;
}

/* Takes what the client says; keeps the beginning. */
static void job_read(job_t *j)
{
    char buf[4096];
    torture_result_t *r = j->result;
    while (j->pipe >= 0) {
        ssize_t n = read(j->pipe, buf, sizeof buf);
        if (n < 0)
            return;
        if (n == 0) {
            close(j->pipe);
            j->pipe = -1;
            return;
        }
        size_t room = TORTURE_OUTPUT_MAX - r->output_size;
        size_t keep = (size_t)n < room ? (size_t)n : room;
        memcpy(r->output + r->output_size, buf, keep);
        r->output_size += keep;
        r->output[r->output_size] = '\0';
    }
}

static bool says(const torture_result_t *r, const char *word)
{
    return memmem(r->output, r->output_size, word, strlen(word)) != NULL;
}

static bool sanitizer_spoke(const torture_result_t *r)
{
    static const char *const marks[] = {"ERROR: AddressSanitizer",    "ERROR: LeakSanitizer",
                                        "WARNING: ThreadSanitizer",   "WARNING: MemorySanitizer",
                                        "UndefinedBehaviorSanitizer", ": runtime error: "};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (says(r, marks[i]))
            return true;
    return false;
}

/* The lie counts as taken when the client prints it. Names in warnings count too: what a client
 * says of a lie it should not say at all. */
static bool took_lie(const torture_result_t *r)
{
    return r->fault != FAULT_COUNT && fault_desc(r->fault)->lie &&
           (says(r, FAULT_LIE_IPV4) || says(r, FAULT_LIE_IPV6) || says(r, FAULT_LIE_TEXT));
}

static void judge(torture_result_t *r, bool killed)
{
    if (sanitizer_spoke(r))
        r->verdict = TORTURE_SANITIZER;
    else if (killed)
        r->verdict = TORTURE_HANG;
    else if (r->signal != 0)
        r->verdict = TORTURE_CRASH;
    else if (took_lie(r))
        r->verdict = TORTURE_LIE;
    else
        r->verdict = r->questions == 0 ? TORTURE_UNASKED : TORTURE_SURVIVED;
}

static void job_end(torture_t *t, job_t *j, int status, bool killed)
{
    torture_result_t *r = j->result;
    (void)kill(-j->pid, SIGKILL); /* what it left behind */
    job_read(j);
    if (j->pipe >= 0)
        close(j->pipe);
    r->milliseconds = now_ms() - j->began;
    r->questions = fuzz_server_count(j->server) - j->asked_before;
    r->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    r->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    judge(r, killed);
    j->busy = false;
    r->ended = true;
    t->done++;
    if (t->options->progress != NULL)
        t->options->progress(t->options->user, t->done, t->report->count);
}

static bool stopped(const torture_t *t)
{
    return t->options->stop != NULL && *t->options->stop != 0;
}

static void job_kill(const job_t *j, int *status)
{
    (void)kill(-j->pid, SIGKILL);
    (void)kill(j->pid, SIGKILL);
    (void)waitpid(j->pid, status, 0);
}

/* Somebody wants an end: nothing is learnt of this client. */
static void job_give_up(job_t *j)
{
    int status = 0;
    job_kill(j, &status);
    if (j->pipe >= 0)
        close(j->pipe);
    j->busy = false;
}

static void job_step(torture_t *t, job_t *j)
{
    int status = 0;
    bool late = now_ms() - j->began > t->options->timeout_ms;
    fuzz_server_step(j->server, STEP_MS);
    job_read(j);
    if (waitpid(j->pid, &status, WNOHANG) == j->pid) {
        job_end(t, j, status, false);
        return;
    }
    if (late) {
        job_kill(j, &status);
        job_end(t, j, status, true);
    } else if (stopped(t)) {
        job_give_up(j);
    }
}

/* --- all of them --- */

static bool plan(const torture_options_t *o, torture_report_t *out)
{
    size_t cap = 1 + (size_t)FAULT_COUNT + o->mutations;
    out->item = calloc(cap, sizeof *out->item);
    if (out->item == NULL)
        return false;
    out->item[out->count++] =
        (torture_result_t){.honest = true, .fault = FAULT_COUNT, .seed = o->seed};
    for (unsigned i = 0; i < FAULT_COUNT; i++)
        if (!o->only || o->fault == (fault_id_t)i)
            out->item[out->count++] = (torture_result_t){.fault = (fault_id_t)i, .seed = o->seed};
    for (unsigned i = 0; i < o->mutations && !o->only; i++)
        out->item[out->count++] = (torture_result_t){.fault = FAULT_COUNT, .seed = o->seed + i};
    for (size_t i = 0; i < out->count; i++) {
        out->item[i].output = calloc(1, TORTURE_OUTPUT_MAX + 1);
        if (out->item[i].output == NULL)
            return false;
    }
    return true;
}

static bool open_servers(torture_t *t, char err[FUZZ_ERROR_MAX])
{
    fuzz_options_t o = {.listen = t->options->listen,
                        .seed = t->options->seed,
                        .log = t->options->log,
                        .provoke_tcp = true};
    for (unsigned i = 0; i < t->jobs; i++) {
        t->job[i].server = fuzz_server_new(&o, err);
        if (t->job[i].server == NULL)
            return false;
    }
    return true;
}

/* The client must work when nothing is wrong, or nothing is learnt. */
static bool honest_run(torture_t *t, char err[FUZZ_ERROR_MAX])
{
    torture_result_t *r = &t->report->item[0];
    job_t *j = &t->job[0];
    snprintf(err, FUZZ_ERROR_MAX, "the client cannot be started: %s", strerror(errno));
    if (!job_start(t, j, r))
        return false;
    while (j->busy)
        job_step(t, j);
    t->next = 1;
    if (!r->ended)
        return true; /* interrupted */
    if (r->questions > 0 && (r->verdict == TORTURE_SURVIVED))
        return true;
    snprintf(err, FUZZ_ERROR_MAX, "against an honest server the client %s (exit code %d): %.120s",
             r->questions == 0 ? "asks nothing" : torture_verdict_text(r->verdict), r->exit_code,
             r->output);
    for (char *c = err; *c != '\0'; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
    return false;
}

static void run_all(torture_t *t)
{
    bool busy = true;
    while (busy) {
        busy = false;
        bool stop = stopped(t);
        for (unsigned i = 0; i < t->jobs; i++) {
            job_t *j = &t->job[i];
            if (!j->busy && !stop && t->next < t->report->count)
                (void)job_start(t, j, &t->report->item[t->next++]);
            if (j->busy)
                job_step(t, j);
            busy = busy || j->busy || (!stop && t->next < t->report->count);
        }
        t->report->interrupted = stop;
    }
}

/* Leaves out what has not ended. */
static void keep_ended(torture_report_t *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->count; i++) {
        if (r->item[i].ended)
            r->item[kept++] = r->item[i];
        else
            free(r->item[i].output);
    }
    r->count = kept;
}

bool torture_run(const torture_options_t *options, torture_report_t *out, char err[FUZZ_ERROR_MAX])
{
    torture_t *t = calloc(1, sizeof *t);
    *out = (torture_report_t){0};
    snprintf(err, FUZZ_ERROR_MAX, "out of memory");
    if (t == NULL)
        return false;
    t->options = options;
    t->report = out;
    t->jobs = options->jobs < 1                  ? 1
              : options->jobs > TORTURE_JOBS_MAX ? TORTURE_JOBS_MAX
                                                 : options->jobs;
    bool good = plan(options, out) && open_servers(t, err) && honest_run(t, err);
    if (good)
        run_all(t);
    if (out->interrupted)
        keep_ended(out);
    for (unsigned i = 0; i < t->jobs; i++)
        fuzz_server_free(t->job[i].server);
    free(t);
    return good;
}

void torture_report_free(torture_report_t *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->item[i].output);
    free(r->item);
    *r = (torture_report_t){0};
}
