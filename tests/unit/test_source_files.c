/* Files as one source: order, faults, pipes, filters, constant memory; beside libpcap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "capseen.h"

#define FILES 6

typedef struct folder {
    char name[64];
    char path[FILES][96];
    const char *paths[FILES];
} folder_t;

static void folder_make(folder_t *d)
{
    snprintf(d->name, sizeof d->name, "/tmp/nsprobe-source-XXXXXX");
    assert_non_null(mkdtemp(d->name));
    for (unsigned i = 0; i < FILES; i++) {
        snprintf(d->path[i], sizeof d->path[i], "%s/%u", d->name, i);
        d->paths[i] = d->path[i];
    }
}

static void folder_write(const folder_t *d, unsigned i, const capfile_t *f, size_t size)
{
    FILE *out = fopen(d->path[i], "wb");
    assert_non_null(out);
    assert_true(size == 0 || fwrite(f->octets, size, 1, out) == 1);
    assert_int_equal(fclose(out), 0);
}

static void folder_remove(const folder_t *d)
{
    for (unsigned i = 0; i < FILES; i++)
        unlink(d->path[i]);
    rmdir(d->name);
}

/* As many files as are read side by side, and more: all over the same time, each packet comes once.
 * Of so many as there are lanes all are in order. */
static void many_beside(unsigned count, bool ordered)
{
    enum { EACH = 4, MOST = 80 };
    char name[] = "/tmp/nsprobe-many-XXXXXX";
    char path[MOST][64];
    const char *paths[MOST];
    char error[CAP_ERROR_MAX];
    capfile_t *f = capfile_new(true);
    assert_non_null(mkdtemp(name));
    for (unsigned i = 0; i < count; i++) {
        capfile_init(f, true);
        capfile_pcap(f, MICRO, 4, 1);
        for (unsigned k = 0; k < EACH; k++)
            capfile_record(f, 100 + k * 1000 + i, 0, 1, 1, (uint8_t)i);
        snprintf(path[i], sizeof path[i], "%s/%u", name, i);
        paths[i] = path[i];
        FILE *out = fopen(path[i], "wb");
        assert_true(out != NULL && fwrite(f->octets, f->size, 1, out) == 1);
        assert_int_equal(fclose(out), 0);
    }
    cap_source_t *s = cap_source_files(paths, count, NULL, error);
    assert_non_null(s);
    cap_packet_t p;
    unsigned packets = 0;
    unsigned seen[MOST] = {0};
    int64_t last = 0;
    while (cap_source_read(s, &p) == CAP_PACKET) {
        assert_true(!ordered || p.at >= last);
        assert_int_equal(p.number, ++seen[p.bytes[0]]);
        last = p.at;
        packets++;
    }
    assert_int_equal(packets, count * EACH);
    cap_source_close(s);
    for (unsigned i = 0; i < count; i++)
        unlink(path[i]);
    rmdir(name);
    free(f);
}

static void many_side_by_side(void **state)
{
    (void)state;
    many_beside(3, true);
    many_beside(64, true);
    many_beside(65, false);
    many_beside(80, false);
}

/* A rotated set in any order: later, empty, cut, earliest, no capture, as early as the cut one. */
static void rotated(void **state)
{
    (void)state;
    static const struct {
        unsigned path;
        uint64_t number;
        char fill;
    } expected[] = {{3, 1, 'd'}, {2, 1, 'c'}, {5, 1, 'f'}, {0, 1, 'a'}, {0, 2, 'a'}};
    char error[CAP_ERROR_MAX];
    folder_t d;
    folder_make(&d);
    capfile_t *f = capfile_new(true);
    capfile_pcap(f, MICRO, 4, 1);
    capfile_record(f, 300, 0, 4, 4, 'a');
    capfile_record(f, 299, 0, 4, 4, 'a');
    folder_write(&d, 0, f, f->size);
    folder_write(&d, 1, f, 0);
    capfile_init(f, true);
    capfile_pcap(f, MICRO, 4, 1);
    capfile_record(f, 200, 0, 4, 4, 'c');
    capfile_record(f, 201, 0, 40, 40, 'c');
    folder_write(&d, 2, f, f->size - 1);
    capfile_init(f, true);
    capfile_section(f, NULL);
    capfile_interface(f, 1, 0, NULL);
    capfile_enhanced(f, 0, 100000000, 5, 5, 'd');
    folder_write(&d, 3, f, f->size);
    capfile_init(f, false);
    capfile_bytes(f, "no capture at all", 17);
    folder_write(&d, 4, f, f->size);
    capfile_init(f, false);
    capfile_pcap(f, NANO, 4, 1);
    capfile_record(f, 200, 0, 4, 4, 'f');
    folder_write(&d, 5, f, f->size);
    cap_source_t *s = cap_source_files(d.paths, FILES, NULL, error);
    assert_non_null(s);
    unsigned packets = 0;
    unsigned faults = 0;
    cap_packet_t p;
    for (cap_read_t how = cap_source_read(s, &p); how != CAP_END; how = cap_source_read(s, &p)) {
        if (how != CAP_PACKET) {
            const char *broken[] = {d.path[2], d.path[1], d.path[4]};
            assert_int_equal(how, faults == 2 ? CAP_ERROR : CAP_TRUNCATED);
            assert_memory_equal(s->error, broken[faults], strlen(broken[faults]));
            faults++;
            continue;
        }
        assert_string_equal(cap_source_file_name(s, p.file), d.path[expected[packets].path]);
        assert_int_equal(p.number, expected[packets].number);
        assert_int_equal(p.bytes[0], expected[packets].fill);
        packets++;
    }
    assert_int_equal(packets, 5);
    assert_int_equal(faults, 3);
    assert_string_equal(cap_source_file_name(s, FILES), "");
    cap_source_close(s);
    folder_remove(&d);
    free(f);
}

/* Packets of one octet each, at these seconds ("abc": 1, 2, 3); cut: the last lacks its end. */
static void side_write(const folder_t *d, unsigned i, const char *seconds, uint8_t fill, bool cut)
{
    capfile_t *f = capfile_new(true);
    capfile_pcap(f, MICRO, 4, 1);
    for (const char *at = seconds; *at != '\0'; at++)
        capfile_record(f, (uint32_t)(*at - 'a') + 1, 0, 1, 1, fill);
    folder_write(d, i, f, f->size - cut);
    free(f);
}

/* Files that go over the same time are one capture in order of time, whatever they are read in
 * parts of: fill and second of each packet, and an exclamation mark where one breaks off. */
static void side_by_side(void **state)
{
    static const struct {
        const char *file[4]; /* NULL: none; ! at the end: cut */
        const char *out;
    } cases[] = {
        {{"ace", "bdf"}, "0a1b0c1d0e1f"},
        {{"bdf", "ace"}, "1a0b1c0d1e0f"},
        {{"abc", "abc"}, "0a1a0b1b0c1c"},
        {{"abc", "cde"}, "0a0b0c1c1d1e"},
        {{"abz", "cde", "fg"}, "0a0b1c1d1e2f2g0z"},
        {{"a", "b", "c", "ad"}, "0a3a1b2c3d"},
        {{"ace!", "bdf"}, "0a1b0c!1d1f"},
        {{"", "ac", "b"}, "1a2b1c"},
        {{"aba", "ab"}, "0a1a0b0a1b"}, /* a clock that is set back: each file keeps its order */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0] * 2; i++) {
        char error[CAP_ERROR_MAX];
        char text[64] = "";
        folder_t d;
        unsigned n = 0;
        folder_make(&d);
        for (; n < 4 && cases[i / 2].file[n] != NULL; n++) {
            char seconds[8];
            snprintf(seconds, sizeof seconds, "%s", cases[i / 2].file[n]);
            bool cut = strchr(seconds, '!') != NULL;
            seconds[strcspn(seconds, "!")] = '\0';
            side_write(&d, n, seconds, (uint8_t)('0' + n), cut);
        }
        cap_source_t *s = cap_source_files(d.paths, n, NULL, error);
        assert_non_null(s);
        cap_packet_t p[5];
        for (cap_read_t how = CAP_PACKET; how != CAP_END;) {
            size_t got = cap_source_batch(s, p, i % 2 == 0 ? 1 : 5, &how);
            for (size_t k = 0; k < got; k++) {
                size_t len = strlen(text);
                assert_string_equal(cap_source_file_name(s, p[k].file),
                                    d.path[p[k].bytes[0] - '0']);
                snprintf(text + len, sizeof text - len, "%c%c", p[k].bytes[0],
                         (char)('a' + p[k].at / 1000000000 - 1));
            }
            if (how == CAP_TRUNCATED)
                strcat(text, "!");
        }
        assert_string_equal(text, cases[i / 2].out);
        cap_source_close(s);
        folder_remove(&d);
    }
}

/* A pipe among files: what was read to find its place is not lost. */
static void pipe_among_files(void **state)
{
    (void)state;
    char error[CAP_ERROR_MAX];
    char name[32];
    folder_t d;
    int fds[2];
    seen_t seen;
    folder_make(&d);
    capfile_t *f = capfile_new(true);
    capfile_pcap(f, MICRO, 4, 1);
    capfile_record(f, 20, 0, 4, 4, 'a');
    folder_write(&d, 0, f, f->size);
    capfile_init(f, true);
    capfile_pcap(f, MICRO, 4, 1);
    capfile_record(f, 10, 0, 4, 4, 'b');
    capfile_record(f, 11, 0, 4, 4, 'c');
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], f->octets, f->size), (ssize_t)f->size);
    close(fds[1]);
    snprintf(name, sizeof name, "/dev/fd/%d", fds[0]);
    const char *paths[] = {d.path[0], name};
    cap_source_t *s = cap_source_files(paths, 2, NULL, error);
    assert_non_null(s);
    capseen_drain(s, 8, &seen);
    assert_int_equal(seen.packets, 3);
    assert_int_equal(seen.faults, 0);
    assert_int_equal(seen.first[0], 'b');
    assert_int_equal(seen.first[1], 'c');
    assert_int_equal(seen.first[2], 'a');
    close(fds[0]);
    folder_remove(&d);
    free(f);
}

static void cannot_be_opened(void **state)
{
    (void)state;
    static const struct {
        const char *paths[2];
        size_t count;
        const char *filter;
        const char *says;
    } cases[] = {
        {{"/nonexistent/x.pcap", NULL}, 1, NULL, "/nonexistent/x.pcap: No such file"},
        {{"/tmp", NULL}, 1, NULL, "/tmp: is a directory"},
        {{"-", "-"}, 2, NULL, "only once"},
        {{NULL, NULL}, 0, NULL, "no file"},
        {{"/dev/null", NULL}, 1, "port port", "filter 'port port': "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char error[CAP_ERROR_MAX] = "";
        assert_null(cap_source_files(cases[i].paths, cases[i].count, cases[i].filter, error));
        assert_non_null(strstr(error, cases[i].says));
    }
}

/* A filter leaves packets out, which keep their numbers; one that cannot be is an error. */
static void filtered(void **state)
{
    (void)state;
    char error[CAP_ERROR_MAX];
    folder_t d;
    seen_t seen;
    folder_make(&d);
    capfile_t *f = capfile_new(false);
    capfile_pcap(f, MICRO, 4, CAP_LINK_RAW);
    for (unsigned i = 0; i < 40; i++)
        capfile_record(f, i, 0, 20 + i, 20 + i, 'E'); /* 0x45: IPv4 */
    folder_write(&d, 0, f, f->size);
    for (size_t batch = 0; batch < 8; batch += 7) {
        cap_source_t *s = cap_source_files(d.paths, 1, "ip and less 29", error);
        assert_non_null(s);
        capseen_drain(s, batch, &seen);
        assert_int_equal(seen.packets, 10);
        assert_int_equal(seen.stats.filtered, 30);
        assert_int_equal(seen.packet[9].number, 10);
        s = cap_source_files(d.paths, 1, "greater 50", error);
        assert_non_null(s);
        capseen_drain(s, batch, &seen);
        assert_int_equal(seen.packets, 10);
        assert_int_equal(seen.packet[0].number, 31);
        s = cap_source_files(d.paths, 1, "ether host 1:2:3:4:5:6", error);
        assert_non_null(s);
        capseen_drain(s, batch, &seen);
        assert_int_equal(seen.packets, 0);
        assert_int_equal(seen.faults, 1);
        assert_non_null(strstr(seen.error, "link type 101"));
    }
    folder_remove(&d);
    free(f);
}

/* A file of many megabytes is read through the same buffer as a small one. */
static void long_file(void **state)
{
    (void)state;
    char error[CAP_ERROR_MAX];
    struct rusage before;
    struct rusage after;
    folder_t d;
    cap_packet_t p[64];
    cap_read_t how = CAP_PACKET;
    uint64_t n = 0;
    folder_make(&d);
    capfile_t *f = capfile_new(true);
    FILE *out = fopen(d.path[0], "wb");
    assert_non_null(out);
    capfile_pcap(f, MICRO, 4, 1);
    for (uint32_t i = 0; i < 700; i++)
        capfile_record(f, 1000 + i, i, i * 2, i * 2, 'x');
    assert_int_equal(fwrite(f->octets, f->size, 1, out), 1);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(fwrite(f->octets + 24, f->size - 24, 1, out), 1);
    assert_int_equal(fclose(out), 0);
    getrusage(RUSAGE_SELF, &before);
    cap_source_t *s = cap_source_files(d.paths, 1, NULL, error);
    assert_non_null(s);
    while (how == CAP_PACKET) {
        size_t got = cap_source_batch(s, p, 64, &how);
        for (size_t i = 0; i < got; i++) {
            assert_int_equal(p[i].number, ++n);
            assert_int_equal(p[i].size, (n - 1) % 700 * 2);
        }
    }
    getrusage(RUSAGE_SELF, &after);
    assert_int_equal(how, CAP_END);
    assert_int_equal(n, 101 * 700);
    assert_true(after.ru_maxrss - before.ru_maxrss < 4096); /* KiB; the file has 48 MiB */
    cap_source_close(s);
    folder_remove(&d);
    free(f);
}

/* Reads a file with libpcap too: the same packets, at the same times. Returns their number. */
static unsigned same_as_libpcap(const char *path)
{
    char error[CAP_ERROR_MAX];
    char text[PCAP_ERRBUF_SIZE];
    unsigned n = 0;
    cap_packet_t p;
    struct pcap_pkthdr *h;
    const u_char *bytes;
    cap_source_t *s = cap_source_files(&path, 1, NULL, error);
    pcap_t *other = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, text);
    assert_non_null(s);
    assert_non_null(other);
    for (; pcap_next_ex(other, &h, &bytes) == 1; n++) {
        assert_int_equal(cap_source_read(s, &p), CAP_PACKET);
        assert_int_equal(p.at, h->ts.tv_sec * 1000000000 + h->ts.tv_usec);
        assert_int_equal(p.size, h->caplen);
        assert_int_equal(p.original, h->len);
        assert_memory_equal(p.bytes, bytes, p.size);
    }
    assert_int_equal(cap_source_read(s, &p), CAP_END);
    pcap_close(other);
    cap_source_close(s);
    return n;
}

static void beside_libpcap(void **state)
{
    (void)state;
    static const uint32_t magics[] = {MICRO, NANO, MODIFIED};
    folder_t d;
    folder_make(&d);
    for (unsigned i = 0; i < 6; i++) {
        capfile_t *f = capfile_new(i < 3);
        capfile_pcap(f, magics[i % 3], 4, 1);
        for (unsigned k = 0; k < 300; k++) {
            uint32_t size = k * 977 % 3000;
            capfile_u32(f, 1700000000 + k);
            capfile_u32(f, k * 999);
            capfile_u32(f, size);
            capfile_u32(f, size + k);
            capfile_bytes(f, "12345678", magics[i % 3] == MODIFIED ? 8 : 0);
            for (uint32_t n = 0; n < size; n++)
                capfile_bytes(f, &"abc"[n % 3], 1);
        }
        folder_write(&d, 0, f, f->size);
        assert_int_equal(same_as_libpcap(d.path[0]), 300);
        free(f);
    }
    folder_remove(&d);
}

/* Captures of public projects, where they are at hand. */
static void public_captures(void **state)
{
    (void)state;
    const char *shared = getenv("NSPROBE_SHARED");
    char folder[400];
    char path[700];
    unsigned files = 0;
    snprintf(folder, sizeof folder, "%s/data/tcpdump-dns", shared != NULL ? shared : "../shared");
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        print_message("no captures in %s: not compared\n", folder);
        return;
    }
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        const char *dot = strrchr(e->d_name, '.');
        if (dot == NULL || strcmp(dot, ".pcap") != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        assert_true(same_as_libpcap(path) > 0);
        files++;
    }
    closedir(dir);
    assert_true(files > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rotated),           cmocka_unit_test(side_by_side),
        cmocka_unit_test(many_side_by_side), cmocka_unit_test(pipe_among_files),
        cmocka_unit_test(cannot_be_opened),  cmocka_unit_test(filtered),
        cmocka_unit_test(long_file),         cmocka_unit_test(beside_libpcap),
        cmocka_unit_test(public_captures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
