/* The database of watch: its versions. */
#ifndef WATCH_SCHEMA_H
#define WATCH_SCHEMA_H

#define SCHEMA_VERSION        3
#define SCHEMA_APPLICATION_ID 0x6e737077 /* "nspw", PRAGMA application_id */

/* schema_step[v] makes version v + 1 of version v; version 0 is an empty database. Once released, a
 * step is never changed: a new version is a new step. */
extern const char *const schema_step[SCHEMA_VERSION];

#endif
