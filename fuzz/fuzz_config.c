/* Any text as a configuration of watch: a fault names a line that is there; what is read keeps its
 * limits, and reads the same with comments and empty lines between. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/items.h"
#include "watch/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool truth)
{
    if (!truth)
        __builtin_trap();
}

static bool read_name(const char *text, nsp_name_t *out, char err[200])
{
    bool good = nsp_name_from_text(text, strlen(text), NULL, out, NULL) == NSP_OK;
    memcpy(err, "no name", sizeof "no name");
    return good;
}

static bool read_time(const char *text, int64_t *out)
{
    *out = (int64_t)strlen(text);
    return text[0] >= '0' && text[0] <= '9';
}

static bool read_config(const providers_t *p, const uint8_t *text, size_t size, watch_targets_t *t,
                        config_error_t *err)
{
    /* files have a target of their own (expect) */
    config_context_t c = {.path = "/dev/null/f",
                          .settings = watch_settings_default(),
                          .provider = "ses",
                          .providers = p,
                          .name = read_name,
                          .time = read_time,
                          .now = INT64_MAX};
    uint8_t *copy = exact_copy(text, (uint32_t)size);
    watch_targets_init(t);
    bool good = config_read(&c, (const char *)copy, size, t, err);
    free(copy);
    return good;
}

static unsigned lines_of(const uint8_t *text, size_t size)
{
    unsigned n = size > 0 && text[size - 1] != '\n';
    for (size_t i = 0; i < size; i++)
        n += text[i] == '\n';
    return n;
}

static void check(const watch_targets_t *t, unsigned lines)
{
    size_t first = 0;
    size_t second = 0;
    need(!watch_targets_twice(t, &first, &second));
    for (size_t i = 0; i < t->count; i++) {
        const watch_target_t *w = &t->item[i];
        need(w->line >= 1 && w->line <= lines && w->expect.count > 0);
        need(w->settings.interval >= 1 && w->settings.jitter <= 500);
        need(w->settings.policy.tolerate_rounds <= 1000000 && w->settings.policy.pending_ms >= 0);
        need(w->name[strlen(w->name) - 1] == '.');
    }
}

/* Every line twice as far down, with a comment before it. */
static size_t spread(const uint8_t *text, size_t size, uint8_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        if (i == 0 || text[i - 1] == '\n') {
            memcpy(out + n, "#\n", 2);
            n += 2;
        }
        out[n++] = text[i];
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    config_error_t err;
    config_error_t again_err;
    watch_targets_t t;
    watch_targets_t again;
    bool mark = size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0;
    if (memmem(data, size, "expect", 6) != NULL && memchr(data, '/', size) != NULL)
        return 0;
    static providers_t *p; /* always the same */
    uint8_t *text = malloc(size * 3 + 1);
    if (p == NULL)
        p = providers_new();
    if (p == NULL || text == NULL)
        abort();
    bool good = read_config(p, data, size, &t, &err);
    if (good)
        check(&t, lines_of(data, size));
    else
        need(err.line >= 1 && err.line <= lines_of(data, size) && err.column >= 1 &&
             err.text[0] != '\0');
    if (!mark) {
        need(read_config(p, text, spread(data, size, text), &again, &again_err) == good);
        need(again.count == t.count);
        need(good || (again_err.line == 2 * err.line && again_err.column == err.column));
        for (size_t i = 0; i < t.count; i++)
            need(again.item[i].expect.count == t.item[i].expect.count &&
                 again.item[i].line == 2 * t.item[i].line);
        watch_targets_free(&again);
    }
    watch_targets_free(&t);
    free(text);
    return 0;
}
