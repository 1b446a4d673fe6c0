/* Seeds of users: the example of the NATS documentation, and what is no seed. */
#include "queue/nkey.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEED   "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"
#define PUBLIC "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"

static void public_keys(void **state)
{
    (void)state;
    const char *good[] = {SEED, SEED "\n", SEED "\r\n" PUBLIC "\n", "# a comment\n\n" SEED " \n",
                          PUBLIC "\n" SEED "\n"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char key[NKEY_PUBLIC_MAX] = "";
        assert_true(nkey_public(good[i], key));
        assert_string_equal(key, PUBLIC);
    }
}

static void no_seeds(void **state)
{
    (void)state;
    char key[NKEY_PUBLIC_MAX];
    char text[] = SEED;
    const char *bad[] = {"", "\n", PUBLIC, "SU", "SU\n", SEED "A", "SUACSSL3UAHUDXKFSNVUZ",
                         (" " SEED),
                         /* an account's */
                         "SAACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(nkey_public(bad[i], key));
    /* any letter that changed: the CRC says so */
    for (size_t i = 2; i < strlen(SEED); i++) {
        char was = text[i];
        text[i] = was == 'A' ? 'B' : 'A';
        assert_false(nkey_public(text, key));
        text[i] = '1';
        assert_false(nkey_public(text, key));
        text[i] = was;
    }
    /* every beginning of it */
    for (size_t n = 0; n < strlen(SEED); n++) {
        text[n] = '\0';
        assert_false(nkey_public(text, key));
        text[n] = SEED[n];
    }
    assert_false(nkey_public_of_file("/nonexistent", key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_keys),
        cmocka_unit_test(no_seeds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
