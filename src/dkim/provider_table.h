/* The text of data/providers.conf, compiled in (made by scripts/embed.sh). */
#ifndef DKIM_PROVIDER_TABLE_H
#define DKIM_PROVIDER_TABLE_H

#include <stddef.h>

extern const unsigned char provider_table[];
extern const size_t provider_table_size;

#endif
