/* Messages that nothing is wrong with, told in one pass that keeps no index: most replies of most
 * captures. Not installed with the library. */
#ifndef NSPROTO_SOUND_H
#define NSPROTO_SOUND_H

#include "message.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Longer messages are left to nsp_msg_index(): pointers reach no further. */
#define NSP_SOUND_MAX 0x4000u
/* So are those with more names, owners that are nothing but a pointer not counted. */
#define NSP_SOUND_NAMES 1024u

/* Names met in the present message: pointers to them need no second walk. The same memory serves
 * for one message after the other, and is hardly ever cleared. Start with all zero. */
typedef struct nsp_sound_names {
    uint32_t message;                /* its number, in the upper half */
    uint32_t count;                  /* of names so far */
    uint32_t label[NSP_SOUND_MAX];   /* its message | number of its name, by offset */
    uint16_t ahead[NSP_SOUND_NAMES]; /* of each name: octets, and offset of its first label */
} nsp_sound_names_t;

/* What the message says. */
typedef struct nsp_sound {
    uint16_t flags;
    uint16_t rcode; /* with its upper bits (RFC 6891 6.1.3) */
    uint16_t count[4];
    uint16_t answer;    /* offset of the answer section, */
    uint16_t authority; /* and of the next */
    bool opt;
} nsp_sound_t;

/* True only when nsp_msg_index() and nsp_msg_validate() would find no fault at all; *out is set
 * then. False says nothing: these two tell what is wrong, if anything is (records of rare types,
 * and messages of more than NSP_SOUND_MAX octets, are left to them). One question, as every
 * ordinary message has it. */
bool nsp_msg_sound(nsp_sound_names_t *names, const uint8_t *wire, size_t size, nsp_sound_t *out);

/* Offset of the owner of the first NS in the authority section of a sound message; 0 when there is
 * none. */
uint32_t nsp_sound_referral(const uint8_t *wire, const nsp_sound_t *sound);

#ifdef __cplusplus
}
#endif
#endif
