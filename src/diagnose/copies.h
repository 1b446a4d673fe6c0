/* The zone's copies at its servers: where each comes from, how old it is, which servers and which
 * addresses of servers it names. Internal to diagnose/. */
#ifndef DIAGNOSE_COPIES_H
#define DIAGNOSE_COPIES_H

#include "diagnose/facts.h"

/* True for an address with a copy that is worth comparing. */
bool copy_usable(const subject_t *s);
/* The primary that the copy's SOA names (MNAME, RFC 1035 3.3.13); the root when there is none.
 * Copies of different primaries have serials that say nothing about each other. */
const nsp_name_t *copy_primary(diag_t *d, const subject_t *s);
/* True when both copies' SOA records name one primary. */
bool copy_same_primary(diag_t *d, const subject_t *a, const subject_t *b);
/* The usable copy with the newest serial of the primary of s; the first of several. */
const subject_t *copy_newest(diag_t *d, const subject_t *s);
/* True when s is the first usable copy of its primary. */
bool copy_is_first(diag_t *d, const subject_t *s);

/* What a copy says: neither when it was not asked, or gave no whole answer. */
typedef enum copy_word { COPY_SILENT, COPY_NO, COPY_YES } copy_word_t;

/* The NS records of a copy, or NULL. */
const fact_t *copy_ns(const diag_t *d, const subject_t *s);
/* Whether the copy's NS records name the server. */
copy_word_t copy_names(diag_t *d, const subject_t *s, const nsp_name_t *server);
/* The copy whose NS set most others of the same primary and the newest serial have, too; at a draw
 * one that the parent agrees with. NULL when none gives NS records. */
const subject_t *copy_ns_reference(diag_t *d, const subject_t *source);
/* True when the zone itself names the server: the reference of some primary does. */
bool copies_name(diag_t *d, const nsp_name_t *server);

/* The answer of a copy about the addresses of a name, indexed in the scratch; NULL when it gave no
 * whole one. */
const exchange_t *copy_asked(diag_t *d, const subject_t *s, const nsp_name_t *name, uint16_t type);
/* True when an answer about a name is out of a zone below the one under test, which its server
 * holds beside it: *apex is that zone's name. */
bool copy_of_child(diag_t *d, const exchange_t *x, nsp_name_t *apex);
/* Tells that the server at s has such a zone of its own, that o does not have, in a sentence behind
 * what is told of it already, or as a new finding; with the fix. */
finding_t *copy_child_told(diag_t *d, const subject_t *s, const subject_t *o,
                           const nsp_name_t *apex);
/* Whether the copy gives the name this address. */
copy_word_t copy_has_addr(diag_t *d, const subject_t *s, const nsp_name_t *name, const addr_t *a);
/* The same as copy_ns_reference for the addresses of a server in one family; at a draw the copy
 * that the parent's glue agrees with. */
const subject_t *copy_addr_reference(diag_t *d, const subject_t *source, const model_server_t *h,
                                     uint16_t type);
/* True when the address is one that the host's own zone gives: by the word of most of its newest
 * copies, where they were asked. */
bool copies_have_addr(diag_t *d, const model_server_t *h, const model_addr_t *a);
/* True when neither the delegation nor the zone as such names the server, and the copy at s, or one
 * of the same serial, does. */
bool copies_leave_server_out(diag_t *d, const model_server_t *h, const subject_t *s);
/* The same for an address of a server, which the copy at s gives it. */
bool copies_leave_addr_out(diag_t *d, const model_server_t *h, const addr_t *a, const subject_t *s);
/* That the copy at s differs from others, as it is told already; NULL: it is not. */
finding_t *copy_told(diag_t *d, const subject_t *s);
/* Tells that it differs, in a sentence: behind what is told of it already, else as a new finding.
 * NULL when memory is out. */
finding_t *copy_differs(diag_t *d, const subject_t *s, const char *sentence);
/* True when the copies of several primaries have different NS sets. */
bool copies_split(diag_t *d);

#endif
