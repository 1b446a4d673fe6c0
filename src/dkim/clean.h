/* Text that people hand over, put right: UTF-16 becomes UTF-8, typographic quotation marks plain
 * ones, no-break spaces blanks; what cannot be seen is left out. What was put right where is
 * remembered. */
#ifndef DKIM_CLEAN_H
#define DKIM_CLEAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLEAN_TEXT_MAX (16u << 20) /* octets that are taken */

/* A place of the text, and the same place before it was put right. */
typedef struct clean_cursor {
    size_t at;
    size_t before;
    uint32_t line; /* both count from 0 */
    uint32_t column;
} clean_cursor_t;

typedef struct clean_text {
    char *text;         /* owned; ends with NUL, which len leaves out; has no other NUL */
    size_t len;         /* octets */
    uint8_t *odd;       /* owned; EXPECT_ODD_ bits for each octet of text, and one behind its end:
                           what was left out in front of it, or replaced by it */
    const char *before; /* the text as UTF-8 before it was put right; the caller's, or utf8 */
    size_t before_len;
    char *utf8;          /* owned; NULL unless the text was UTF-16 */
    clean_cursor_t last; /* what clean_place found last */
} clean_text_t;

/* Why a text is refused. */
typedef enum clean_err {
    CLEAN_OK,
    CLEAN_E_MEMORY,
    CLEAN_E_LONG,  /* more than CLEAN_TEXT_MAX octets */
    CLEAN_E_UTF16, /* UTF-16 that ends inside a character, or with half of a surrogate pair */
    CLEAN_E_BINARY /* a NUL: no text, or UTF-16 without its byte order mark */
} clean_err_t;

/* Puts a text right. It is borrowed by out, which is the caller's to free in any case. */
clean_err_t clean_text(clean_text_t *out, const char *text, size_t len);
void clean_free(clean_text_t *c);

/* One sentence for people, without a full stop. */
const char *clean_err_text(clean_err_t err);

/* All that was odd in the octets [from, to) of the text. */
unsigned clean_odd(const clean_text_t *c, size_t from, size_t to);

/* Line and column, from 1 and in characters, at which octet at of the text was written before.
 * Calls with rising at are linear together. */
void clean_place(clean_text_t *c, size_t at, uint32_t *line, uint32_t *column);

#endif
