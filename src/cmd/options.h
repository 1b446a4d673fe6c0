/* Command lines: one table of options a command, from which parsing, --help and the
 * documentation's test derive. */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Fields stand in the order in which a table line reads best; a few octets of padding do not matter
 * in tables this short. NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
typedef struct option_desc {
    int id;           /* the command's own number, from 1 */
    const char *name; /* long name without dashes, or NULL */
    char letter;      /* 0: none */
    const char *plus; /* dig-style word behind a '+', or NULL; "no" before it negates */
    const char *arg;  /* name of the argument, or NULL; "[N]" is a number that may be left out */
    const char *help; /* one line */
} option_desc_t;

/* What a command does with the file that an option, or a word, names. */
typedef enum file_use {
    FILE_READS,
    FILE_READS_AT,   /* when the value begins with '@', which is left out */
    FILE_READS_PART, /* or the value up to its last ':' */
    FILE_WRITES,
    FILE_WRITES_STREAM,  /* "-" is standard output or error */
    FILE_WRITES_RESULTS, /* what would otherwise go to standard output, as "-" does */
    FILE_RUNS,
    FILE_WORDS_END /* no file: the first word ends the options */
} file_use_t;

typedef struct file_desc {
    int id; /* the option's, or ARGS_WORD; 0 ends the table */
    file_use_t use;
    const char *beside[4]; /* what its name is made longer by for other files that are written */
} file_desc_t;

/* A line of such a table. */
#define READS_FILE(id)                                                                             \
    {                                                                                              \
        id, FILE_READS,                                                                            \
        {                                                                                          \
            NULL                                                                                   \
        }                                                                                          \
    }

/* One command, as main and --help know it. */
typedef struct command_desc {
    const char *name;
    const char *usage;            /* what stands behind the name */
    const char *summary;          /* one line */
    const option_desc_t *options; /* ended by an entry with id 0 */
    int (*run)(int argc, char **argv);
    const file_desc_t *files; /* NULL: it names none */
} command_desc_t;

#define ARGS_END   0
#define ARGS_WORD  (-1) /* not an option: args->value is the word */
#define ARGS_ERROR (-2) /* the message is printed; exit with EXIT_USAGE */
#define ARGS_DONE  (-3) /* --help was printed; exit with 0 */

typedef struct args {
    const command_desc_t *command;
    int argc;
    char **argv;
    int next;
    const char *cluster; /* rest of "-ab" */
    bool only_words;     /* after "--" */
    const char *value;   /* argument of the option (NULL: left out), or the word */
    bool negated;        /* +noX */
} args_t;

/* Starts reading argv[1..argc). */
args_t args_begin(const command_desc_t *command, int argc, char **argv);
/* Gives the id of the next option, or one of ARGS_*. --help is handled here. */
int args_next(args_t *a);

/* Reads a whole command line: each option, and each word (ARGS_WORD), is given to take, which
 * returns 0, or the exit code to end with. No file that is written may be another one that is named
 * (files.h): take must not open any. Returns 0, that code, EXIT_USAGE with the message
 * printed, or -1 when --help was printed and there is nothing left to do. */
int args_each(const command_desc_t *command, int argc, char **argv,
              int (*take)(void *user, int id, const char *value), void *user);

/* What the command does with the file that an option names; NULL: it names none. */
const file_desc_t *file_desc_find(const command_desc_t *command, int id);

/* Prints "nsprobe COMMAND: message" as one line on stderr; returns EXIT_USAGE. */
int usage_error(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints usage, summary and options within 80 columns. */
void command_help(FILE *out, const command_desc_t *command);

/* The word of words[0..count) that is nearest to typed, or NULL when none is near. */
const char *nearest_word(const char *typed, const char *const *words, size_t count);

/* The value of an option that is a whole number within limits. Returns 0, or EXIT_USAGE with the
 * message printed. */
int option_number(const char *command, const char *option, const char *value, uint32_t min,
                  uint32_t max, uint32_t *out);
/* Whole numbers within limits; false otherwise. */
bool parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *out);
/* Seconds with a fraction, as nanoseconds; at most a day. */
bool parse_seconds(const char *text, int64_t *out);

#endif
