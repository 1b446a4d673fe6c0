/* What was odd in the user's own text, and was put right before it was compared. */
#include <stdio.h>

#include "dkim/facts.h"

#define TEXT_MAX     1200
#define ORIGIN_SHOWN 5

/* A name without its final dot is how consoles write names: nothing to tell. */
#define TOLD                                                                                       \
    (EXPECT_ODD_QUOTES | EXPECT_ODD_INVISIBLE | EXPECT_ODD_BLANKS | EXPECT_ODD_ENTIRE |            \
     EXPECT_ODD_ESCAPES)

/* All expectations with that oddity in one sentence. */
static void report(facts_t *f, unsigned bit)
{
    char text[TEXT_MAX];
    nsp_text_t t;
    size_t n = 0;
    nsp_text_begin(&t, text, sizeof text);
    nsp_text_printf(&t, "There were %s in what the records were read from: ", expect_odd_text(bit));
    for (size_t i = 0; i < f->expected_count; i++) {
        const expectation_t *e = f->expected[i].e;
        if ((e->odd & bit) == 0)
            continue;
        if (n++ < ORIGIN_SHOWN)
            nsp_text_printf(&t, "%s%.120s", n > 1 ? ", " : "", e->origin != NULL ? e->origin : "-");
    }
    if (n > ORIGIN_SHOWN)
        nsp_text_printf(&t, " and %zu more", n - ORIGIN_SHOWN);
    if (n > 0)
        (void)finding_add(f->list, FINDING_EXPECTED_ODD, "%s.", text);
}

void rules_expect(facts_t *f)
{
    for (unsigned bit = 1; bit <= TOLD; bit <<= 1)
        if ((TOLD & bit) != 0)
            report(f, bit);
}
