/* Options of every command that expects records: which ones, from which provider, file or line. */
#ifndef CMD_EXPECT_OPTIONS_H
#define CMD_EXPECT_OPTIONS_H

#include <stdio.h>

#include "cmd/options.h"
#include "dkim/expect.h"

#define EXPECT_SOURCES_MAX 256  /* --expect */
#define EXPECT_TOKENS_MAX  1024 /* on one command line */

/* Numbers beyond those of any command's own options. */
enum { EO_PROVIDER = 2000, EO_PROVIDERS, EO_EXPECT };

/* Lines of a command's table of options. */
#define EXPECT_OPTIONS_PROVIDER                                                                    \
    {EO_PROVIDER, "provider", 0, NULL, "NAME[:PART]", "whose records; 'list' shows all (ses)"},    \
    {                                                                                              \
        EO_PROVIDERS, "providers", 0, NULL, "FILE", "further providers, or others of that name"    \
    }
#define EXPECT_OPTIONS                                                                             \
    EXPECT_OPTIONS_PROVIDER,                                                                       \
    {                                                                                              \
        EO_EXPECT, "expect", 0, NULL, "FILE|RECORD",                                               \
            "zone text, CSV, or 'NAME TYPE RDATA'; repeatable"                                     \
    }

/* Lines of a command's table of files. A record is no file, and is taken for one that is not there.
 */
#define EXPECT_FILES READS_FILE(EO_PROVIDERS), READS_FILE(EO_EXPECT)

typedef struct expect_options {
    const char *command; /* for messages */
    const char *provider;
    bool list; /* --provider list: print the table, and nothing else */
    size_t file_count;
    const char *file[EXPECT_SOURCES_MAX]; /* --providers */
    size_t expect_count;
    const char *expect[EXPECT_SOURCES_MAX]; /* --expect */
    size_t token_count;
    const char *token[EXPECT_TOKENS_MAX];
    providers_t *providers; /* owned */
} expect_options_t;

/* Nothing expected yet. command is the name in messages, and stays the caller's. */
void expect_options_init(expect_options_t *o, const char *command);
void expect_options_free(expect_options_t *o);
/* Takes one option of the lines above. Returns 0, or EXIT_USAGE with the message printed. */
int expect_options_take(expect_options_t *o, int id, const char *value);
/* Takes a word: the first is the domain, the others are tokens. Returns 0 or EXIT_USAGE. */
int expect_options_word(expect_options_t *o, const char *text, bool *has_domain,
                        nsp_name_t *domain);
/* Loads the providers: the built-in ones, those of the user's configuration
 * ($XDG_CONFIG_HOME/nsprobe/providers.conf, or ~/.config/nsprobe/providers.conf), those of
 * --providers. Call it once, behind the last option. Returns 0, EXIT_USAGE, or EXIT_UNTESTED when
 * memory is out. */
int expect_options_finish(expect_options_t *o);
/* Prints the table of providers within 80 columns. */
void expect_options_list(const expect_options_t *o, FILE *out);
/* Adds all that is expected of domain: its tokens, and what --expect names. None at all is an
 * error. Returns 0 or EXIT_USAGE. */
int expect_options_read(const expect_options_t *o, const nsp_name_t *domain, expectations_t *out);
/* Whether a text is a record, not a file: words, of which the second (or the third or fourth,
 * behind a TTL and a class) is an RR type. */
bool expect_options_is_record(const char *text);

#endif
