/* Options of commands that judge: severities of a profile, and what makes the command fail. */
#ifndef CMD_FAIL_OPTIONS_H
#define CMD_FAIL_OPTIONS_H

#include "cmd/options.h"
#include "diagnose/profile.h"

/* Numbers beyond those of any command's own options, and of probe_options.h. */
enum { FO_PROFILE = 1100, FO_FAIL_ON };

/* Lines of a command's table of options. */
#define FAIL_OPTIONS                                                                               \
    {FO_PROFILE, "profile", 0, NULL, "FILE", "severities of findings (see data/profile.conf)"},    \
    {                                                                                              \
        FO_FAIL_ON, "fail-on", 0, NULL, "WORD[,WORD]", "exit 2 on a severity or a finding, else 0" \
    }

/* Line of a command's table of files. */
#define FAIL_FILES READS_FILE(FO_PROFILE)

typedef struct fail_options {
    const char *command; /* for messages */
    bool has_profile;
    profile_t profile;
    bool has_fail_on;
    int severity; /* findings this severe or worse; SEVERITY_ERROR + 1 for none */
    bool finding[FINDING_COUNT];
} fail_options_t;

/* Neither option given. command is the name in messages, and stays the caller's. */
void fail_options_init(fail_options_t *o, const char *command);
/* Takes one option of the lines above. Returns 0, or EXIT_USAGE with the message printed. */
int fail_options_take(fail_options_t *o, int id, const char *value);
/* Applies the profile, if there is one. */
void fail_options_apply(const fail_options_t *o, finding_list_t *list);
/* Whether --fail-on minds one of these findings. */
bool fail_options_match(const fail_options_t *o, const finding_list_t *list);
/* The exit code: rc, or what --fail-on makes of it when rc is that of a verdict. */
int fail_options_exit(const fail_options_t *o, const finding_list_t *list, int rc);

#endif
