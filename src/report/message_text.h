/* A message for people, as dig shows it, and octet by octet. */
#ifndef REPORT_MESSAGE_TEXT_H
#define REPORT_MESSAGE_TEXT_H

#include <stdio.h>

#include "proto/nsproto.h"

/* Parts of what is shown: bits. */
#define MESSAGE_COMMENTS   1u /* header, EDNS, titles, blank lines, faults */
#define MESSAGE_QUESTION   2u
#define MESSAGE_ANSWER     4u
#define MESSAGE_AUTHORITY  8u
#define MESSAGE_ADDITIONAL 16u
#define MESSAGE_STATS      32u /* what a caller prints behind it */
#define MESSAGE_ALL        63u

/* Prints header, EDNS, question and sections as dig does, without those that are hidden; faults as
 * ";;" lines. */
void message_print(FILE *out, const nsp_msg_t *m, unsigned hidden);
/* Only the RDATA of each answer record, one a line. */
void message_print_short(FILE *out, const nsp_msg_t *m);
/* What these do not tell, as ";;" lines: that the message is malformed or cut, an error, or a
 * referral. Nothing of an answer, nor of a name or record that does not exist. */
void message_print_lack(FILE *out, const nsp_msg_t *m);
/* Every octet with its offset and the name of its field. Faults are marked at their offset. Ends
 * with the line that is the most-th character's, and says how many octets are left: compressed, a
 * message is two hundred times as long as text as it was on the wire. */
void message_print_hex(FILE *out, const nsp_msg_t *m, size_t most);

#endif
