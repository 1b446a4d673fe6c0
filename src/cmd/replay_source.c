#include "cmd/replay_source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/sandbox.h"
#include "cmd/cmd.h"
#include "cmd/common.h"
#include "cmd/session.h"
#include "exchange/noun.h"

#define BATCH          256
#define PROGRESS_EVERY INT64_C(250000000)
/* Octets from which on a file is worth a thread. */
#define AHEAD_FROM ((uint64_t)128 << 10)

static int enter_sandbox(void)
{
    char error[SANDBOX_ERROR_MAX];
    if (sandbox_drop(NULL, error) && sandbox_lock(SANDBOX_FILES, error))
        return 0;
    fprintf(stderr, "nsprobe replay: %s\n", error);
    return EXIT_UNTESTED;
}

int replay_source_open(replay_source_t *s, const replay_options_t *o, bool sandbox)
{
    char error[CAP_ERROR_MAX];
    memset(s, 0, sizeof *s);
    s->name = calloc(o->file_count, sizeof(const char *));
    if (s->name == NULL)
        return usage_error("replay", "out of memory");
    s->source = cap_source_files(o->file, o->file_count, o->bpf, error);
    if (s->source == NULL) {
        free(s->name);
        return usage_error("replay", "%s", error);
    }
    if (o->analysis.threads > 2)
        cap_source_files_ahead(s->source, AHEAD_FROM);
    s->name_count = o->file_count;
    memcpy(s->name, o->file, o->file_count * sizeof(const char *));
    s->progress = o->exchanges || o->json || o->queries ? session_wants_progress_beside(o->quiet)
                                                        : session_wants_progress(o->quiet);
    common_catch_signals();
    int rc = sandbox ? enter_sandbox() : 0;
    if (rc != 0)
        replay_source_close(s);
    return rc;
}

static void keep_error(replay_source_t *s)
{
    if (s->broken < REPLAY_BROKEN_MAX)
        memcpy(s->error[s->broken], s->source->error, CAP_ERROR_MAX);
    s->broken++;
}

static void show_progress(replay_source_t *s, const analysis_t *a)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    if (ns - s->shown < PROGRESS_EVERY)
        return;
    s->shown = ns;
    session_progress_show("%" PRIu64 " %s, %" PRIu64 " %s", s->packets,
                          noun(s->packets, "packet", "packets"), analysis_pairs(a)->flows,
                          noun(analysis_pairs(a)->flows, "exchange", "exchanges"));
}

/* The files have their order from the first read on. */
static void learn_names(replay_source_t *s)
{
    for (size_t i = 0; i < s->name_count && !s->named; i++)
        s->name[i] = cap_source_file_name(s->source, (uint32_t)i);
    s->named = true;
}

bool replay_source_feed(replay_source_t *s, analysis_t *a)
{
    cap_packet_t packet[BATCH];
    cap_read_t how = CAP_PACKET;
    if (s->ended)
        return false;
    size_t n = cap_source_batch(s->source, packet, BATCH, &how);
    learn_names(s);
    for (size_t i = 0; i < n; i++)
        analysis_feed(a, &packet[i]);
    if (cap_source_waits(s->source))
        analysis_flush(a);
    s->packets += n;
    if (how == CAP_TRUNCATED || how == CAP_ERROR)
        keep_error(s);
    s->interrupted = stop_requested != 0;
    s->ended = how == CAP_END || s->interrupted;
    if (s->progress && s->ended)
        session_progress_end();
    else if (s->progress)
        show_progress(s, a);
    return !s->ended;
}

void replay_source_complain(const replay_source_t *s)
{
    for (size_t i = 0; i < s->broken && i < REPLAY_BROKEN_MAX; i++)
        fprintf(stderr, "nsprobe replay: %s\n", s->error[i]);
    if (s->broken > REPLAY_BROKEN_MAX)
        fprintf(stderr, "nsprobe replay: %zu more %s broke off\n", s->broken - REPLAY_BROKEN_MAX,
                noun(s->broken - REPLAY_BROKEN_MAX, "file", "files"));
}

void replay_source_close(replay_source_t *s)
{
    cap_source_close(s->source);
    free(s->name);
    s->source = NULL;
    s->name = NULL;
}
