#include "watch/schema.h"

/* Times are milliseconds since 1970, latencies microseconds. Outcomes, statuses and transitions are
 * the words of docs/schema/. A round is known by its domain and its number within the domain: it
 * cannot be there twice. */
const char *const schema_step[SCHEMA_VERSION] = {
    /* version 1 */
    "CREATE TABLE domain ("
    " id INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL UNIQUE,"
    " status TEXT NOT NULL,"
    " verified INTEGER NOT NULL,"
    " since INTEGER NOT NULL,"
    " began INTEGER NOT NULL,"
    " bad_since INTEGER NOT NULL,"
    " bad_rounds INTEGER NOT NULL,"
    " last INTEGER NOT NULL,"
    " rounds INTEGER NOT NULL);"
    "CREATE TABLE round ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " domain INTEGER NOT NULL REFERENCES domain(id) ON DELETE CASCADE,"
    " number INTEGER NOT NULL,"
    " at INTEGER NOT NULL,"
    " took INTEGER NOT NULL,"
    " outcome TEXT NOT NULL,"
    " status TEXT NOT NULL,"
    " chance REAL NOT NULL,"
    " errors INTEGER NOT NULL,"
    " warnings INTEGER NOT NULL,"
    " UNIQUE (domain, number));"
    "CREATE INDEX round_at ON round(at);"
    "CREATE TABLE address ("
    " id INTEGER PRIMARY KEY,"
    " domain INTEGER NOT NULL REFERENCES domain(id) ON DELETE CASCADE,"
    " address TEXT NOT NULL,"
    " server TEXT NOT NULL,"
    " UNIQUE (domain, address));"
    "CREATE TABLE sample ("
    " round INTEGER NOT NULL REFERENCES round(id) ON DELETE CASCADE,"
    " address INTEGER NOT NULL REFERENCES address(id) ON DELETE CASCADE,"
    " asked INTEGER NOT NULL,"
    " answered INTEGER NOT NULL,"
    " rtt INTEGER,"
    " serial INTEGER,"
    " PRIMARY KEY (round, address)) WITHOUT ROWID;"
    "CREATE INDEX sample_address ON sample(address);"
    "CREATE TABLE change ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " domain INTEGER NOT NULL REFERENCES domain(id) ON DELETE CASCADE,"
    " number INTEGER NOT NULL,"
    " at INTEGER NOT NULL,"
    " before TEXT NOT NULL,"
    " after TEXT NOT NULL,"
    " transition TEXT NOT NULL);"
    "CREATE INDEX change_domain ON change(domain, at);",

    /* version 2: changes are told once even when watch is killed between round and --exec, and
     * verification begins anew when other records are expected */
    "ALTER TABLE domain ADD COLUMN expected TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE change ADD COLUMN told INTEGER NOT NULL DEFAULT 1;"
    "ALTER TABLE change ADD COLUMN message TEXT NOT NULL DEFAULT '';"
    "CREATE INDEX change_untold ON change(id) WHERE told = 0;",

    /* version 3: how many of the addresses that are known a round's outcome stands on */
    ("ALTER TABLE round ADD COLUMN addresses INTEGER NOT NULL DEFAULT 0;"
     "ALTER TABLE round ADD COLUMN covered INTEGER NOT NULL DEFAULT 0;"),
};
