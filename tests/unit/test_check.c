/* The walk from end to end: model, check, battery, over a simulated Internet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checkrun.h"

typedef struct walk_case {
    const char *name;
    const char *scenario;
    const char *domain;
    const char *expected;
} walk_case_t;

static const walk_case_t walks[] = {
    {"normal", NORMAL, "Example.COM.", "zone example.com. found\n" NORMAL_PARENT NORMAL_SERVERS},
    {"name inside the zone", NORMAL, "ns1.example.com.",
     "zone example.com. found no-delegation\n" NORMAL_PARENT NORMAL_SERVERS},
    {"nonexistent", NORMAL, "nowhere.com.",
     "zone nowhere.com. nxdomain\nparent com.\n 192.5.6.30 nxdomain\n 2001:db8::30 nxdomain\n"},
    {"glue missing for one server",
     ROOT COM("example 60 NS ns1.example\nexample 60 NS ns2.example\n"
              "ns1.example 60 A 192.0.2.1\n") COM_ADDRESSES EXAMPLE(TWO_ZONE) TWO_ADDRESSES,
     "example.com.",
     "zone example.com. found\n" NORMAL_PARENT
     "ns1.example.com. pcz found 192.0.2.1/gz 2001:db8::1/z\n"
     "ns2.example.com. pcz found 192.0.2.2/z\n"},
    {"glue missing for all",
     ROOT COM("example 60 NS ns1.example\n") COM_ADDRESSES EXAMPLE(TWO_ZONE) TWO_ADDRESSES,
     "example.com.", "zone example.com. found\n" NORMAL_PARENT "ns1.example.com. pz loop\n"},
    {"out-of-bailiwick glue is not believed",
     ROOT COM("example 60 NS ns.other.net.\nns.other.net. 60 A 203.0.113.66\n")
         COM_ADDRESSES NET("other 60 NS ns.other\nns.other 60 A 192.0.2.9\n") EXAMPLE(
             "@ 60 NS ns.other.net.\n") "zone other.net {\n@ 60 SOA ns h 1 1 1 1 60\n"
                                        "@ 60 NS ns\nns 60 A 192.0.2.9\n}\n"
                                        "address 192.0.2.9 {\nserves example.com other.net\n}\n"
                                        "address 203.0.113.66 {\nserves example.com\n}\n",
     "example.com.",
     "zone example.com. found\n" NORMAL_PARENT "ns.other.net. pc found 192.0.2.9/e\n"},
    {"server names need each other",
     ROOT COM("example 60 NS ns.other.net.\n") COM_ADDRESSES NET("other 60 NS ns.example.com.\n"),
     "example.com.", "zone example.com. found\n" NORMAL_PARENT "ns.other.net. p loop\n"},
    {"server name is an alias",
     ROOT COM("example 60 NS ns1.example\nexample 60 NS alias.net.\n"
              "ns1.example 60 A 192.0.2.1\n")
         COM_ADDRESSES NET("alias 60 CNAME real\nreal 60 A 192.0.2.2\n")
             EXAMPLE("@ 60 NS ns1\n@ 60 NS alias.net.\nns1 60 A 192.0.2.1\n") TWO_ADDRESSES,
     "example.com.",
     "zone example.com. found\n" NORMAL_PARENT "ns1.example.com. pcz found 192.0.2.1/gz\n"
     "alias.net. pc cname\n"},
    {"server names without address, and nonexistent",
     ROOT COM("example 60 NS ns1.example\nexample 60 NS text.net.\nexample 60 NS none.net.\n"
              "ns1.example 60 A 192.0.2.1\n") COM_ADDRESSES NET("text 60 TXT x\n")
         EXAMPLE("@ 60 NS ns1\nns1 60 A 192.0.2.1\n") TWO_ADDRESSES,
     "example.com.",
     "zone example.com. found\n" NORMAL_PARENT "ns1.example.com. pcz found 192.0.2.1/gz\n"
     "none.net. p nxdomain\ntext.net. p nodata\n"},
    {"servers of the zone that holds the server's name are dead",
     ROOT COM("example 60 NS ns.other.net.\n")
         COM_ADDRESSES NET("other 60 NS ns.other\nns.other 60 A 192.0.2.77\n"),
     "example.com.", "zone example.com. found\n" NORMAL_PARENT "ns.other.net. p failed\n"},
    {"child names another server",
     ROOT COM(TWO_GLUED) COM_ADDRESSES EXAMPLE(
         "@ 60 NS ns1\n@ 60 NS ns3\nns1 60 A 192.0.2.1\nns1 60 AAAA 2001:db8::1\n"
         "ns2 60 A 192.0.2.2\nns3 60 A 192.0.2.3\n") TWO_ADDRESSES
     "address 192.0.2.3 {\nserves example.com\n}\n",
     "example.com.",
     "zone example.com. found\n" NORMAL_PARENT
     "ns1.example.com. pcz found 192.0.2.1/gz 2001:db8::1/gz\n"
     "ns2.example.com. pz found 192.0.2.2/gz\n"
     "ns3.example.com. cz found 192.0.2.3/z\n"},
    {"glue differs",
     ROOT COM("example 60 NS ns1.example\nexample 60 NS ns2.example\n"
              "ns1.example 60 A 192.0.2.1\nns2.example 60 A 192.0.2.99\n")
         COM_ADDRESSES EXAMPLE(TWO_ZONE) TWO_ADDRESSES,
     "example.com.",
     "zone example.com. found\n" NORMAL_PARENT
     "ns1.example.com. pcz found 192.0.2.1/gz 2001:db8::1/z\n"
     "ns2.example.com. pcz found 192.0.2.2/z 192.0.2.99/g\n"},
    {"one parent address is dead, one root lame",
     ROOT COM(TWO_GLUED) "address 192.5.6.30 {\nserves com\n}\n"
                         "address 2001:db8::30 {\nbehave drop\n}\n" EXAMPLE(TWO_ZONE) TWO_ADDRESSES,
     "example.com.",
     "zone example.com. found\nparent com.\n 192.5.6.30 referral\n "
     "2001:db8::30\n" NORMAL_SERVERS},
    {"all parent addresses are dead",
     ROOT "address 192.5.6.30 {\nbehave drop\n}\naddress 2001:db8::30 {\nbehave refuse\n}\n",
     "example.com.", "zone example.com.\nparent com.\n 192.5.6.30\n 2001:db8::30\n"},
    {"parent and child on the same servers",
     ROOT COM(TWO_GLUED)
         EXAMPLE("@ 60 NS a.nic.com.\n@ 60 NS ns1\nns1 60 A 192.5.6.30\n") "address 192.5.6.30 "
                                                                           "{\nserves "
                                                                           "com example.com\n}\n"
                                                                           "address 2001:db8::30 "
                                                                           "{\nserves "
                                                                           "com example.com\n}\n",
     "example.com.",
     "zone example.com. found\nparent com.\n 192.5.6.30 aa\n 2001:db8::30 aa\n"
     "ns1.example.com. cz found 192.5.6.30/z\n"
     "a.nic.com. c found 192.5.6.30/e 2001:db8::30/e\n"},
    {"truncated referral leads to TCP",
     ROOT COM(
         TWO_GLUED) "address 192.5.6.30 {\nserves com\nbehave truncate when udp\n}\n"
                    "address 2001:db8::30 {\nserves com\nbehave truncate when udp\n}\n" EXAMPLE(
                        TWO_ZONE) TWO_ADDRESSES,
     "example.com.", "zone example.com. found\n" NORMAL_PARENT NORMAL_SERVERS},
    {"parents that refuse EDNS",
     ROOT COM(TWO_GLUED) "address 192.5.6.30 {\nserves com\nbehave formerr when edns\n}\n"
                         "address 2001:db8::30 {\nserves com\nbehave notimp when edns\n}\n" EXAMPLE(
                             TWO_ZONE) TWO_ADDRESSES,
     "example.com.", "zone example.com. found\n" NORMAL_PARENT NORMAL_SERVERS},
    {"parents that drop EDNS",
     ROOT COM(TWO_GLUED) "address 192.5.6.30 {\nserves com\nbehave drop when edns\n}\n"
                         "address 2001:db8::30 {\nserves com\nbehave drop when edns\n}\n" EXAMPLE(
                             TWO_ZONE) TWO_ADDRESSES,
     "example.com.", "zone example.com. found\n" NORMAL_PARENT NORMAL_SERVERS},
    {"upward referral and malformed parents",
     ROOT COM(TWO_GLUED) "address 192.5.6.30 {\nserves com\nbehave upward-referral\n}\n"
                         "address 2001:db8::30 {\nserves com\n}\n" EXAMPLE(TWO_ZONE) TWO_ADDRESSES,
     "example.com.",
     "zone example.com. found\nparent com.\n 192.5.6.30\n 2001:db8::30 "
     "referral\n" NORMAL_SERVERS},
    {"alias at the domain", ROOT COM(TWO_GLUED "www 60 CNAME example\n") COM_ADDRESSES, "www.com.",
     "zone com. found no-delegation\nparent .\n 198.41.0.4 referral\n 2001:db8::4 referral\n"
     "a.nic.com. pcz found 192.5.6.30/gz 2001:db8::30/gz\n"},
    {"the zone's servers drop EDNS over UDP",
     ROOT COM("example 60 NS ns1.example\nns1.example 60 A 192.0.2.1\n") COM_ADDRESSES EXAMPLE(
         "@ 60 NS ns1\nns1 60 A 192.0.2.1\n") "address 192.0.2.1 {\nserves example.com\nbehave "
                                              "drop when udp edns\n}\n",
     "example.com.",
     "zone example.com. found\n" NORMAL_PARENT "ns1.example.com. pcz found 192.0.2.1/gz\n"},
    {"a server's name in a zone below",
     ROOT COM("example 60 NS ns1.sub.example\nns1.sub.example 60 A 192.0.2.1\n")
         COM_ADDRESSES EXAMPLE("@ 60 NS ns1.sub\nsub 60 NS ns1.sub\nns1.sub 60 A "
                               "192.0.2.1\n") "zone sub.example.com {\n@ 60 SOA ns1 h 1 1 "
                                              "1 1 60\n@ 60 NS ns1\n"
                                              "ns1 60 A 192.0.2.1\nns1 60 AAAA "
                                              "2001:db8::1\n}\n"
                                              "address 192.0.2.1 {\nserves example.com "
                                              "sub.example.com\n}\n"
                                              "address 2001:db8::1 {\nserves example.com "
                                              "sub.example.com\n}\n",
     "example.com.",
     "zone example.com. found\n" NORMAL_PARENT
     "ns1.sub.example.com. pcz found 192.0.2.1/gz 2001:db8::1/z\n"},
    {"servers of a zone two above serve the one between as well",
     ROOT COM("co 60 NS a.nic.com.\n") "zone co.com {\n@ 60 SOA a.nic.com. h 1 1 1 1 60\n"
                                       "@ 60 NS a.nic.com.\n" TWO_GLUED_CO "}\n"
                                       "address 192.5.6.30 {\nserves com co.com\n}\n"
                                       "address 2001:db8::30 {\nserves com co.com\n}\n"
                                       "zone example.co.com {\n@ 60 SOA ns1 h 1 1 1 1 60\n"
                                       "@ 60 NS ns1\nns1 60 A 192.0.2.1\n}\n"
                                       "address 192.0.2.1 {\nserves example.co.com\n}\n",
     "example.co.com.",
     "zone example.co.com. found\nparent co.com.\n 192.5.6.30 referral\n 2001:db8::30 referral\n"
     "ns1.example.co.com. pcz found 192.0.2.1/gz\n"},
    {"an empty name between the zone and its parent",
     ROOT COM("a.b 60 NS ns1.a.b\nns1.a.b 60 A 192.0.2.1\n") COM_ADDRESSES
     "zone a.b.com {\n@ 60 SOA ns1 h 1 1 1 1 60\n@ 60 NS ns1\nns1 60 A 192.0.2.1\n}\n"
     "address 192.0.2.1 {\nserves a.b.com\n}\n",
     "a.b.com.", "zone a.b.com. found\n" NORMAL_PARENT "ns1.a.b.com. pcz found 192.0.2.1/gz\n"},
    {"a name in a zone that the parent's servers serve as well",
     ROOT COM("co 60 NS a.nic.com.\n") "zone co.com {\n@ 60 SOA a.nic.com. h 1 1 1 1 60\n"
                                       "@ 60 NS a.nic.com.\nwww 60 A 192.0.2.80\n}\n"
                                       "address 192.5.6.30 {\nserves com co.com\n}\n"
                                       "address 2001:db8::30 {\nserves com co.com\n}\n",
     "www.co.com.",
     "zone co.com. found no-delegation\nparent com.\n 192.5.6.30 aa\n 2001:db8::30 aa\n"
     "a.nic.com. c found 192.5.6.30/e 2001:db8::30/e\n"},
    {"a server that only the zone names, outside of it",
     ROOT COM(TWO_GLUED_CO) COM_ADDRESSES NET("extra 60 A 192.0.2.9\n")
         EXAMPLE("@ 60 NS ns1\n@ 60 NS extra.net.\nns1 60 A 192.0.2.1\n") "address 192.0.2.1 "
                                                                          "{\nserves "
                                                                          "example.com\n}\n"
                                                                          "address 192.0.2.9 "
                                                                          "{\nserves "
                                                                          "example.com\n}\n",
     "example.com.",
     "zone example.com. found\n" NORMAL_PARENT "ns1.example.com. pcz found 192.0.2.1/gz\n"
     "extra.net. c found 192.0.2.9/e\n"},
    {"the parent's servers serve the zone, and its servers have names in the parent",
     ROOT COM(TWO_GLUED_CO) COM_ADDRESSES
     "zone example.com {\n@ 60 SOA ns1 h 1 1 1 1 60\n@ 60 NS ns1\nns1 60 A 192.0.2.1\n"
     "sub 60 NS s.x\ns.x 60 A 192.0.2.1\nt.x 60 A 192.0.2.3\n}\n"
     "zone sub.example.com {\n@ 60 SOA s.x.example.com. h 1 1 1 1 60\n@ 60 NS s.x.example.com.\n"
     "@ 60 NS t.x.example.com.\n}\n"
     "address 192.0.2.1 {\nserves example.com sub.example.com\n}\n"
     "address 192.0.2.3 {\nserves sub.example.com\n}\n",
     "sub.example.com.",
     "zone sub.example.com. found\nparent example.com.\n 192.0.2.1 aa\n"
     "s.x.example.com. c found 192.0.2.1/e\nt.x.example.com. c found 192.0.2.3/e\n"},
    {"every address of the zone is dead", ROOT COM(TWO_GLUED) COM_ADDRESSES, "example.com.",
     "zone example.com. found\n" NORMAL_PARENT
     "ns1.example.com. pz found 192.0.2.1/g 2001:db8::1/g\n"
     "ns2.example.com. pz found 192.0.2.2/g\n"},
};

static void test_walks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof walks / sizeof walks[0]; i++) {
        checkrun_t r;
        print_message("  %s\n", walks[i].name);
        checkrun_begin(&r, walks[i].scenario, walks[i].domain);
        checkrun_expect(&r, walks[i].expected);
        checkrun_end(&r);
    }
}

static void test_poisoned_address_is_never_asked(void **state)
{
    (void)state;
    checkrun_t r;
    checkrun_begin(&r, walks[5].scenario, walks[5].domain);
    checkrun_expect(&r, walks[5].expected);
    assert_int_equal(checkrun_count_to(&r, "203.0.113.66"), 0);
    assert_true(checkrun_count_to(&r, "192.0.2.9") > 0);
    checkrun_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walks),
        cmocka_unit_test(test_poisoned_address_is_never_asked),
    };
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
