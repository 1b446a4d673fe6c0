#include "cmd/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cmd.h"

#define LINKS_MAX  40 /* as many as the kernel follows */
#define WRITES_MAX 32

/* Where a file is, or will be: its inode, or that of its folder and a name in it. */
typedef struct place {
    bool known;
    dev_t device;
    ino_t inode;
    char name[PATH_MAX];
} place_t;

/* Puts what a link says into the place of the link's own name. */
static bool follow_once(char path[PATH_MAX], const char *link)
{
    char joined[2 * PATH_MAX];
    const char *slash = strrchr(path, '/');
    int folder = link[0] == '/' || slash == NULL ? 0 : (int)(slash - path) + 1;
    int n = snprintf(joined, sizeof joined, "%.*s%s", folder, path, link);
    if (n < 0 || n >= PATH_MAX)
        return false;
    memcpy(path, joined, (size_t)n + 1);
    return true;
}

/* Where the links of a path's last name lead; there need not be anything. */
static bool follow(const char *path, char out[PATH_MAX])
{
    char link[PATH_MAX];
    int n = snprintf(out, PATH_MAX, "%s", path);
    if (n < 0 || n >= PATH_MAX)
        return false;
    for (int i = 0; i < LINKS_MAX; i++) {
        ssize_t size = readlink(out, link, sizeof link - 1);
        if (size < 0)
            return true;
        link[size] = '\0';
        if (!follow_once(out, link))
            return false;
    }
    return false;
}

static void set_place(place_t *p, const struct stat *st, const char *name)
{
    p->device = st->st_dev;
    p->inode = st->st_ino;
    p->known = strlen(name) < sizeof p->name;
    if (p->known)
        memcpy(p->name, name, strlen(name) + 1);
}

static place_t place_of_descriptor(int fd)
{
    struct stat st;
    place_t p = {.known = false};
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        set_place(&p, &st, "");
    return p;
}

/* Of a file that is not there: the nearest folder that is, and the way from there. */
static void place_of_new(place_t *p, const char *path)
{
    char folder[PATH_MAX];
    struct stat st;
    size_t n = strlen(path);
    for (;;) {
        while (n > 0 && path[n - 1] != '/')
            n--;
        size_t name = n;
        while (n > 1 && path[n - 1] == '/')
            n--;
        snprintf(folder, sizeof folder, "%.*s", n > 0 ? (int)n : 1, n > 0 ? path : ".");
        if (stat(folder, &st) == 0) {
            set_place(p, &st, path + name);
            return;
        }
        if (n == 0 || errno != ENOENT || folder[n - 1] == '/')
            return;
    }
}

static place_t place_of(const char *path)
{
    char out[PATH_MAX];
    struct stat st;
    place_t p = {.known = false};
    if (stat(path, &st) == 0) {
        if (S_ISREG(st.st_mode))
            set_place(&p, &st, "");
        return p;
    }
    if (errno != ENOENT || !follow(path, out))
        return p;
    place_of_new(&p, out);
    return p;
}

static bool same(const place_t *a, const place_t *b)
{
    return a->known && b->known && a->device == b->device && a->inode == b->inode &&
           strcmp(a->name, b->name) == 0;
}

bool files_same(const char *a, const char *b)
{
    place_t first = place_of(a);
    place_t second = place_of(b);
    return same(&first, &second);
}

int files_place(const char *command, const char *option, const char *path, char out[PATH_MAX])
{
    struct stat st;
    bool there = stat(path, &st) == 0;
    if (there && !S_ISREG(st.st_mode))
        return usage_error(command, "%s %s: not a plain file", option, path);
    /* among others a link that the kernel does not follow, as it is someone else's in /tmp */
    if (!there && errno != ENOENT)
        return usage_error(command, "%s %s: %s", option, path, strerror(errno));
    if (!follow(path, out))
        return usage_error(command, "%s %s: %s", option, path, strerror(ENAMETOOLONG));
    return 0;
}

/* --- a command line --- */

/* One file of it. */
typedef struct use {
    place_t place;
    const char *path;
    const char *suffix; /* of the name: a file that goes with the one that was named */
    char option[72];    /* as it is shown */
    int id;
    bool instead; /* of standard output */
} use_t;

typedef struct check {
    const command_desc_t *command;
    use_t write[WRITES_MAX];
    size_t count;
} check_t;

static const option_desc_t *find_option(const command_desc_t *command, int id)
{
    for (const option_desc_t *o = command->options; o->id != 0; o++)
        if (o->id == id)
            return o;
    return NULL;
}

static void show_option(const command_desc_t *command, int id, char out[72])
{
    const option_desc_t *o = find_option(command, id);
    if (o != NULL && o->name != NULL)
        snprintf(out, 72, "--%s ", o->name);
    else if (o != NULL)
        snprintf(out, 72, "-%c ", o->letter);
    else
        out[0] = '\0';
}

static use_t make_use(const check_t *c, int id, const char *path, const char *suffix)
{
    use_t u = {.path = path, .suffix = suffix, .id = id};
    char *whole = NULL;
    show_option(c->command, id, u.option);
    if (suffix[0] == '\0')
        u.place = place_of(path);
    else if (asprintf(&whole, "%s%s", path, suffix) > 0)
        u.place = place_of(whole);
    free(whole);
    return u;
}

/* Says what stands in the way of w. */
static int refuse(const check_t *c, const use_t *w, const use_t *other)
{
    return usage_error(c->command->name, "%s%s%s and %s%s%s are the same file", w->option, w->path,
                       w->suffix, other->option, other->path, other->suffix);
}

static int add_write(check_t *c, const use_t *u)
{
    for (size_t i = 0; i < c->count; i++) {
        /* an option that is given twice counts once */
        bool again = c->write[i].id == u->id && strcmp(c->write[i].suffix, u->suffix) == 0;
        if (!again && same(&c->write[i].place, &u->place))
            return refuse(c, &c->write[i], u);
    }
    if (c->count < WRITES_MAX)
        c->write[c->count++] = *u;
    return 0;
}

static int check_read(const check_t *c, const use_t *u)
{
    for (size_t i = 0; i < c->count; i++)
        if (same(&c->write[i].place, &u->place))
            return refuse(c, &c->write[i], u);
    return 0;
}

/* Whoever knows other tools expects standard output, and would get a file of that name. */
static int refuse_standard(const check_t *c, int id)
{
    char option[72];
    show_option(c->command, id, option);
    return usage_error(c->command->name, "%s-: standard output has the report; name a file",
                       option);
}

static int take_writes(check_t *c, const file_desc_t *f, const char *value)
{
    const char *beside[] = {"", f->beside[0], f->beside[1], f->beside[2], f->beside[3]};
    if (strcmp(value, "-") == 0 && f->use == FILE_WRITES)
        return refuse_standard(c, f->id);
    if (strcmp(value, "-") == 0)
        return 0; /* standard output or error */
    for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
        if (beside[i] == NULL)
            continue;
        use_t u = make_use(c, f->id, value, beside[i]);
        u.instead = f->use == FILE_WRITES_RESULTS;
        int rc = add_write(c, &u);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int take_reads(check_t *c, const file_desc_t *f, const char *value)
{
    char path[PATH_MAX];
    if (f->use == FILE_READS_AT && *value++ != '@')
        return 0;
    if (strcmp(value, "-") == 0)
        return 0;
    use_t u = make_use(c, f->id, value, "");
    int rc = check_read(c, &u);
    const char *colon = strrchr(value, ':');
    if (rc != 0 || f->use != FILE_READS_PART || colon == NULL || colon - value >= PATH_MAX)
        return rc;
    snprintf(path, sizeof path, "%.*s", (int)(colon - value), value);
    u = make_use(c, f->id, path, "");
    return check_read(c, &u);
}

/* Goes through the command line: all that is written, then all that is read. */
static int each_file(check_t *c, int argc, char **argv, bool writes)
{
    args_t a = args_begin(c->command, argc, argv);
    int rc = 0;
    for (int id = args_next(&a); rc == 0 && id != ARGS_END; id = args_next(&a)) {
        const file_desc_t *f = file_desc_find(c->command, id);
        if (id == ARGS_ERROR || id == ARGS_DONE || (f != NULL && f->use == FILE_WORDS_END))
            return 0;
        if (f == NULL || a.value == NULL || f->use == FILE_RUNS)
            continue;
        bool written =
            f->use == FILE_WRITES || f->use == FILE_WRITES_STREAM || f->use == FILE_WRITES_RESULTS;
        if (written == writes)
            rc = written ? take_writes(c, f, a.value) : take_reads(c, f, a.value);
    }
    return rc;
}

static int check_input(const check_t *c)
{
    use_t u = {.place = place_of_descriptor(STDIN_FILENO),
               .path = "",
               .suffix = "",
               .option = "standard input"};
    return check_read(c, &u);
}

/* Standard output, unless results go elsewhere. */
static int add_standard(check_t *c)
{
    use_t u = {.place = place_of_descriptor(STDOUT_FILENO),
               .path = "",
               .suffix = "",
               .option = "standard output",
               .instead = true};
    for (size_t i = 0; i < c->count; i++)
        if (c->write[i].instead)
            return 0;
    return add_write(c, &u);
}

int files_check(const command_desc_t *command, int argc, char **argv)
{
    if (command->files == NULL)
        return 0;
    check_t *c = calloc(1, sizeof *c);
    if (c == NULL)
        return EXIT_UNTESTED;
    c->command = command;
    int rc = each_file(c, argc, argv, true);
    if (rc == 0)
        rc = add_standard(c);
    if (rc == 0)
        rc = each_file(c, argc, argv, false);
    if (rc == 0)
        rc = check_input(c); /* which may be read without being named */
    free(c);
    return rc;
}
