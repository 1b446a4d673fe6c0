/* What mail services ask their customers to publish: shapes of records, from one data file
 * (data/providers.conf, compiled in; users add their own). */
#ifndef DKIM_PROVIDER_H
#define DKIM_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>

#define PROVIDER_ERROR_MAX 400

typedef struct provider provider_t;   /* one service */
typedef struct providers providers_t; /* all that are known; owns them */

/* The compiled-in table. NULL when memory is out. */
providers_t *providers_new(void);
void providers_free(providers_t *p);
/* Adds (or replaces, by name) the providers of a file's text. False with one sentence in err:
 * where:line:column, what, what is accepted. */
bool providers_add(providers_t *p, const char *text, size_t len, const char *where,
                   char err[PROVIDER_ERROR_MAX]);
/* NAME or NAME:PARAMETER as in "ses:eu-west-1"; *parameter points behind the colon, or is "". NULL
 * when there is no such provider. */
const provider_t *provider_find(const providers_t *p, const char *text, const char **parameter);
/* In order of the table, for --provider list and "did you mean". NULL past the last. */
const char *provider_name(const providers_t *p, size_t i);
const char *provider_title(const providers_t *p, size_t i);

/* One record that a provider wants, as templates: {token}, {domain}, ... (docs/PROVIDERS.md). */
typedef struct provider_record {
    const char *owner;
    const char *type;
    const char *rdata;
} provider_record_t;

/* The records for a parameter ("" for none): their number in *count. NULL, with a sentence in err,
 * when the provider wants a parameter, takes none, or does not know this one. */
const provider_record_t *provider_records(const provider_t *p, const char *parameter, size_t *count,
                                          char err[PROVIDER_ERROR_MAX]);
/* Whether what it wants depends on a token; otherwise the domain alone says it. */
bool provider_takes_token(const provider_t *p);
/* Its name in the table; as long as the table. */
const char *provider_name_of(const provider_t *p);
/* For people: what a token is, and what stands behind the colon; NULL when there is none. */
const char *provider_token_text(const provider_t *p);
const char *provider_parameter_text(const provider_t *p);

#endif
