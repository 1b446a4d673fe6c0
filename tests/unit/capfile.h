/* Capture files made by hand, octet by octet, in either byte order. */
#ifndef TESTS_CAPFILE_H
#define TESTS_CAPFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAPFILE_MAX (1u << 20)

/* A file under construction. */
typedef struct capfile {
    bool little;
    size_t size;
    uint8_t octets[CAPFILE_MAX];
} capfile_t;

void capfile_init(capfile_t *f, bool little);
void capfile_u16(capfile_t *f, uint16_t v);
void capfile_u32(capfile_t *f, uint32_t v);
void capfile_bytes(capfile_t *f, const void *bytes, size_t n);

/* Classic pcap: header and packets (n octets of the value fill). */
void capfile_pcap(capfile_t *f, uint32_t magic, uint16_t minor, uint32_t link);
void capfile_record(capfile_t *f, uint32_t seconds, uint32_t fraction, uint32_t size,
                    uint32_t original, uint8_t fill);

/* pcapng. options are octets in the file's order, made with capfile_option into another file. */
void capfile_section(capfile_t *f, const capfile_t *options);
void capfile_interface(capfile_t *f, uint16_t link, uint32_t snaplen, const capfile_t *options);
void capfile_enhanced(capfile_t *f, uint32_t interface, uint64_t units, uint32_t size,
                      uint32_t original, uint8_t fill);
void capfile_block(capfile_t *f, uint32_t type, const void *body, size_t n);
void capfile_option(capfile_t *options, uint16_t code, const void *value, uint16_t n);

#endif
