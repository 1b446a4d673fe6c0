/* Keys of NATS users: the public key that belongs to a seed, which the client library wants to be
 * told. A seed is a line of base32 (RFC 4648 6): two octets that say what it is for, the 32 octets
 * of an Ed25519 key (RFC 8032), and a CRC-16 of all that, low octet first. */
#ifndef QUEUE_NKEY_H
#define QUEUE_NKEY_H

#include <stdbool.h>
#include <stddef.h>

#define NKEY_PUBLIC_MAX 64

/* text: a file's content; the first line that begins as a user's seed counts. False: none, or it
 * is damaged. */
bool nkey_public(const char *text, char out[NKEY_PUBLIC_MAX]);
/* The same of a file. */
bool nkey_public_of_file(const char *path, char out[NKEY_PUBLIC_MAX]);

#endif
