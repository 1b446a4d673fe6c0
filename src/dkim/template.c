#include "dkim/template.h"

#include <stdlib.h>
#include <string.h>

static const struct variable {
    const char *name;
    unsigned bit;
} VARIABLES[] = {
    {"token", TEMPLATE_TOKEN},         {"domain", TEMPLATE_DOMAIN},
    {"parameter", TEMPLATE_PARAMETER}, {"domain-dashes", TEMPLATE_DOMAIN_DASHES},
    {"text", TEMPLATE_TEXT},
};

/* The bit of the variable whose opening brace is at text, and its length with both braces; 0 when
 * it is none. */
static unsigned variable_at(const char *text, size_t *len)
{
    for (size_t i = 0; i < sizeof VARIABLES / sizeof VARIABLES[0]; i++) {
        size_t n = strlen(VARIABLES[i].name);
        if (strncmp(text + 1, VARIABLES[i].name, n) == 0 && text[n + 1] == '}') {
            *len = n + 2;
            return VARIABLES[i].bit;
        }
    }
    return 0;
}

bool template_check(const char *text, unsigned *used, size_t *bad)
{
    *used = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] != '{' && text[i] != '}')
            continue;
        size_t len = 0;
        unsigned bit = text[i] == '{' ? variable_at(text + i, &len) : 0;
        if (bit == 0) {
            *bad = i;
            return false;
        }
        *used |= bit;
        i += len - 1;
    }
    return true;
}

static const char *value_of(const template_values_t *v, unsigned bit)
{
    switch (bit) {
    case TEMPLATE_TOKEN:
        return v->token;
    case TEMPLATE_PARAMETER:
        return v->parameter;
    case TEMPLATE_TEXT:
        return v->text;
    default:
        return v->domain;
    }
}

/* Writes the filled template to out, when it is not NULL. Returns its length. */
static size_t fill(const char *text, const template_values_t *values, char *out)
{
    size_t n = 0;
    for (size_t i = 0; text[i] != '\0';) {
        size_t len = 0;
        unsigned bit = text[i] == '{' ? variable_at(text + i, &len) : 0;
        if (bit == 0) {
            if (out != NULL)
                out[n] = text[i];
            n++;
            i++;
            continue;
        }
        const char *value = value_of(values, bit);
        for (size_t k = 0; value[k] != '\0'; k++, n++)
            if (out != NULL)
                out[n] = bit == TEMPLATE_DOMAIN_DASHES && value[k] == '.' ? '-' : value[k];
        i += len;
    }
    return n;
}

char *template_fill(const char *text, const template_values_t *values)
{
    size_t n = fill(text, values, NULL);
    char *out = malloc(n + 1);
    if (out == NULL)
        return NULL;
    fill(text, values, out);
    out[n] = '\0';
    return out;
}
