/* Templates of the provider table: text with {variables} (docs/PROVIDERS.md). */
#ifndef DKIM_TEMPLATE_H
#define DKIM_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

/* Bits of the variables that a template uses. */
#define TEMPLATE_TOKEN         1u
#define TEMPLATE_DOMAIN        2u
#define TEMPLATE_DOMAIN_DASHES 4u
#define TEMPLATE_PARAMETER     8u
#define TEMPLATE_TEXT          16u

#define TEMPLATE_UNKNOWN                                                                           \
    "braces take one of {token}, {domain}, {domain-dashes}, {parameter}, {text}"

/* What the variables stand for. domain has no final dot; none is NULL. */
typedef struct template_values {
    const char *token;
    const char *domain;
    const char *parameter;
    const char *text;
} template_values_t;

/* Finds out which variables are used. False when one is unknown, or a brace has no partner, with
 * its offset in *bad. */
bool template_check(const char *text, unsigned *used, size_t *bad);

/* Fills a checked template in. Returns a new text, the caller's to free; NULL when memory is out.
 */
char *template_fill(const char *text, const template_values_t *values);

#endif
