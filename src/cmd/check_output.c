#include "cmd/check_output.h"

#include <string.h>

#include "cmd/cmd.h"
#include "report/check_html.h"
#include "report/mail_text.h"

int check_output_mail(check_output_t *o, const char *text)
{
    o->mail = text;
    if (addr_from_text(text, strlen(text), 53, &o->mail_addr))
        return 0;
    return usage_error("check", "--mail '%s': expected the IP address of a name server", text);
}

static bool is_address(const model_t *m, const addr_t *a)
{
    for (uint16_t i = 0; i < m->address_count; i++)
        if (addr_same_host(&m->address[i].addr, a))
            return true;
    return false;
}

static int write_mail(const check_output_t *o, const check_report_t *r, int rc)
{
    unsigned told = 0;
    if (!is_address(r->model, &o->mail_addr)) {
        fprintf(stderr, "nsprobe check: --mail %s: not an address of a server of the domain\n",
                o->mail);
        return rc == EXIT_INTERRUPTED ? rc : EXIT_UNTESTED;
    }
    if (!mail_report_text(stdout, r, &o->mail_addr, &told))
        return EXIT_UNTESTED;
    if (told == 0)
        fprintf(stderr, "nsprobe check: nothing is wrong at %s that its operator could mend\n",
                o->mail);
    return rc;
}

int check_output_write(const check_output_t *o, const check_report_t *r, int rc)
{
    bool good = true;
    if (o->mail != NULL)
        rc = write_mail(o, r, rc);
    else
        good = o->json ? check_report_json(stdout, r) : check_report_text(stdout, r);
    if (o->page.file != NULL)
        good = check_report_html(o->page.file, r) && good;
    return good ? rc : EXIT_UNTESTED;
}
