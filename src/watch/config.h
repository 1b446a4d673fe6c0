/* The configuration file of watch: many domains.
 *
 *   interval 15m                      # settings: defaults of the domains below
 *   provider ses:eu-west-1
 *   domain example.com token1 token2 token3
 *   domain example.net {
 *       token abc def
 *       expect records.csv            # beside the configuration
 *       record _dmarc.example.net TXT "v=DMARC1; p=none"
 *       interval 5m
 *       began 2026-11-20T10:00:00Z
 *   }
 *
 * docs/man/nsprobe-watch.1.scd describes it.
 */
#ifndef WATCH_CONFIG_H
#define WATCH_CONFIG_H

#include "watch/target.h"

#define CONFIG_ERROR_MAX 700

typedef struct config_error {
    unsigned line;
    unsigned column;
    char text[CONFIG_ERROR_MAX]; /* one sentence: what is wrong, what is accepted */
} config_error_t;

/* What the file is read with. */
typedef struct config_context {
    const char *path;          /* for messages; expect files are looked for beside it */
    watch_settings_t settings; /* the defaults */
    const char *provider;      /* the default, as "ses" */
    const providers_t *providers;
    /* A domain name as a person types it; false with a sentence in err. */
    bool (*name)(const char *text, nsp_name_t *out, char err[200]);
    /* A time as a person types it, in seconds since 1970. */
    bool (*time)(const char *text, int64_t *out);
    int64_t now; /* milliseconds since 1970: nothing began later */
} config_context_t;

/* Adds the domains of the text. False with *err filled in; t then holds some of them. */
bool config_read(const config_context_t *c, const char *text, size_t size, watch_targets_t *t,
                 config_error_t *err);

#endif
