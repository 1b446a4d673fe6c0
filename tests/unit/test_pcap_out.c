/* Files that packets are written to: one, or a rotated set, read again with our own reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/pcap_out.h"

#define SECOND INT64_C(1000000000)
#define BEGAN  (INT64_C(1764063000) * SECOND) /* 2025-11-25 09:30:00 UTC */

typedef struct folder {
    char name[64];
    char path[96]; /* NAME/x.pcap */
} folder_t;

static void folder_make(folder_t *d)
{
    snprintf(d->name, sizeof d->name, "/tmp/nsprobe-out-XXXXXX");
    assert_non_null(mkdtemp(d->name));
    snprintf(d->path, sizeof d->path, "%s/x.pcap", d->name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of a folder in order, "a b c". */
static size_t folder_list(const folder_t *d, char *names[32])
{
    size_t n = 0;
    DIR *dir = opendir(d->name);
    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        char path[400];
        if (e->d_name[0] == '.')
            continue;
        assert_true(n < 32);
        snprintf(path, sizeof path, "%s/%s", d->name, e->d_name);
        names[n++] = strdup(path);
    }
    closedir(dir);
    qsort(names, n, sizeof names[0], by_name);
    return n;
}

static void folder_remove(const folder_t *d)
{
    char *names[32];
    size_t n = folder_list(d, names);
    for (size_t i = 0; i < n; i++) {
        unlink(names[i]);
        free(names[i]);
    }
    assert_int_equal(rmdir(d->name), 0);
}

static pcap_out_t *begin(const folder_t *d, uint64_t size, int64_t time, uint32_t files)
{
    char error[CAP_ERROR_MAX] = "";
    pcap_out_options_t options = {d->path, size, time, files};
    pcap_out_t *o = pcap_out_new(&options, error);
    assert_non_null(o);
    assert_true(pcap_out_begin(o, CAP_LINK_RAW, 512, BEGAN));
    return o;
}

static cap_packet_t packet(unsigned i)
{
    static uint8_t octets[256];
    memset(octets, (int)i, sizeof octets);
    cap_packet_t p = {.bytes = octets, .at = BEGAN + i * SECOND + 7, .link = CAP_LINK_RAW};
    p.size = 84;
    p.original = 84 + i;
    return p;
}

static void write_all(pcap_out_t *o, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        cap_packet_t p = packet(i);
        assert_true(pcap_out_write(o, &p));
    }
}

/* All files together hold packets from..to, each as it was written. */
static void check_packets(char *const *names, size_t count, unsigned from, unsigned to)
{
    char error[CAP_ERROR_MAX] = "";
    cap_packet_t p;
    cap_source_t *s = cap_source_files((const char *const *)names, count, NULL, error);
    assert_non_null(s);
    for (unsigned i = from; i < to; i++) {
        cap_packet_t was = packet(i);
        assert_int_equal(cap_source_read(s, &p), CAP_PACKET);
        assert_int_equal(p.at, was.at);
        assert_int_equal(p.size, was.size);
        assert_int_equal(p.original, was.original);
        assert_int_equal(p.link, was.link);
        assert_memory_equal(p.bytes, was.bytes, p.size);
    }
    assert_int_equal(cap_source_read(s, &p), CAP_END);
    cap_source_close(s);
}

static void forget(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(names[i]);
}

/* The name appears when the file is whole. */
static void one_file(void **state)
{
    (void)state;
    folder_t d;
    struct stat st;
    char *names[32];
    char error[CAP_ERROR_MAX];
    folder_make(&d);
    pcap_out_t *o = begin(&d, 0, 0, 0);
    write_all(o, 0, 10);
    assert_true(pcap_out_flush(o));
    assert_int_equal(stat(d.path, &st), -1);
    size_t n = folder_list(&d, names);
    assert_int_equal(n, 1);
    assert_string_equal(names[0] + strlen(names[0]) - 12, "/x.pcap.part");
    check_packets(names, n, 0, 10);
    forget(names, n);
    write_all(o, 10, 12);
    assert_true(pcap_out_close(o, error));
    assert_string_equal(error, "");
    n = folder_list(&d, names);
    assert_int_equal(n, 1);
    assert_string_equal(names[0], d.path);
    check_packets(names, n, 0, 12);
    forget(names, n);
    folder_remove(&d);
}

static void rotation(void **state)
{
    (void)state;
    static const struct {
        uint64_t size;
        int64_t time;
        uint32_t files;
        size_t count; /* of 20 packets, 100 octets and 1 second each */
        unsigned first;
        const char *name; /* of the last */
    } cases[] = {
        {24 + 500, 0, 0, 4, 0, "x-00004-20251125T093015Z.pcap"},
        {24 + 499, 0, 0, 5, 0, "x-00005-20251125T093016Z.pcap"},
        {1, 0, 0, 20, 0, "x-00020-20251125T093019Z.pcap"},
        {24 + 500, 0, 2, 2, 10, "x-00004-20251125T093015Z.pcap"},
        {0, 10 * SECOND, 0, 2, 0, "x-00002-20251125T093010Z.pcap"},
        {24 + 300, 2 * SECOND, 3, 3, 14, "x-00010-20251125T093018Z.pcap"},
        {1 << 20, 0, 0, 1, 0, "x-00001-20251125T093000Z.pcap"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        folder_t d;
        char *names[32];
        folder_make(&d);
        pcap_out_t *o = begin(&d, cases[i].size, cases[i].time, cases[i].files);
        write_all(o, 0, 20);
        assert_true(pcap_out_close(o, NULL));
        size_t n = folder_list(&d, names);
        assert_int_equal(n, cases[i].count);
        assert_string_equal(strrchr(names[n - 1], '/') + 1, cases[i].name);
        check_packets(names, n, cases[i].first, 20);
        forget(names, n);
        folder_remove(&d);
    }
}

static void without_packets(void **state)
{
    (void)state;
    folder_t d;
    char *names[32];
    folder_make(&d);
    pcap_out_t *o = begin(&d, 1000, 0, 0);
    assert_true(pcap_out_close(o, NULL));
    size_t n = folder_list(&d, names);
    assert_int_equal(n, 1);
    check_packets(names, n, 0, 0);
    forget(names, n);
    folder_remove(&d);
}

static void disk_full(void **state)
{
    (void)state;
    char error[CAP_ERROR_MAX] = "";
    folder_t d = {"", "/dev/full"};
    pcap_out_t *o = begin(&d, 0, 0, 0);
    write_all(o, 0, 1); /* is buffered */
    assert_false(pcap_out_flush(o));
    assert_non_null(strstr(pcap_out_error(o), "/dev/full: cannot be written: No space left"));
    cap_packet_t p = packet(1);
    assert_false(pcap_out_write(o, &p));
    assert_false(pcap_out_close(o, error));
    assert_non_null(strstr(error, "No space left"));
}

/* What stands under the name of the unfinished file is put away, never written to. */
static void planted(void **state)
{
    (void)state;
    for (int fifo = 0; fifo < 2; fifo++) {
        folder_t d;
        struct stat st;
        char part[128];
        char other[128];
        char *names[32];
        char error[CAP_ERROR_MAX] = "";
        folder_make(&d);
        snprintf(part, sizeof part, "%s.part", d.path);
        snprintf(other, sizeof other, "%s/other", d.name);
        FILE *f = fopen(other, "w");
        assert_true(f != NULL && fputs("precious", f) >= 0 && fclose(f) == 0);
        assert_int_equal(fifo ? mkfifo(part, 0600) : symlink(other, part), 0);
        pcap_out_t *o = begin(&d, 0, 0, 0);
        write_all(o, 0, 3);
        assert_true(pcap_out_close(o, error));
        assert_true(lstat(d.path, &st) == 0 && S_ISREG(st.st_mode));
        assert_true(stat(other, &st) == 0 && st.st_size == 8);
        size_t n = folder_list(&d, names);
        assert_int_equal(n, 2);
        check_packets(names + 1, 1, 0, 3);
        forget(names, n);
        folder_remove(&d);
    }
}

static void cannot_be_opened(void **state)
{
    (void)state;
    char error[CAP_ERROR_MAX] = "";
    static const struct {
        const char *path;
        const char *says;
    } cases[] = {
        {"/nonexistent/x.pcap", "/nonexistent/x.pcap: cannot be opened: No such file"},
        {"/tmp", "/tmp: cannot be opened: Is a directory"},
    };
    for (size_t i = 0; i < 2; i++) {
        pcap_out_options_t options = {cases[i].path, 0, 0, 0};
        pcap_out_t *o = pcap_out_new(&options, error);
        assert_non_null(o);
        assert_false(pcap_out_begin(o, 1, 512, BEGAN));
        assert_false(pcap_out_close(o, error));
        assert_non_null(strstr(error, cases[i].says));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_file),         cmocka_unit_test(rotation),
        cmocka_unit_test(without_packets),  cmocka_unit_test(disk_full),
        cmocka_unit_test(cannot_be_opened), cmocka_unit_test(planted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
