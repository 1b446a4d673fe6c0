/* Mutations that know the structure of their input, for libFuzzer and AFL++. */
#ifndef FUZZ_MUTATOR_H
#define FUZZ_MUTATOR_H

#include <stddef.h>
#include <stdint.h>

/* Changes data[0..size), a DNS message, in place; at most cap octets. Returns the new size. The
 * same seed changes it in the same way. */
size_t mutate_message(uint8_t *data, size_t size, size_t cap, uint64_t seed);
/* The same for messages behind each other, each behind its size in two octets, after REPLIES_HEAD
 * octets of something else. */
#define REPLIES_HEAD 4u
size_t mutate_replies(uint8_t *data, size_t size, size_t cap, uint64_t seed);
/* The same for text: a word, a line or some octets come many times over. */
size_t mutate_text(uint8_t *data, size_t size, size_t cap, uint64_t seed);
/* The same for an RR type of two octets with RDATA behind it. */
size_t mutate_rdata(uint8_t *data, size_t size, size_t cap, uint64_t seed);

#endif
