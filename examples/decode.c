/* Builds a query with libnsproto, answers it by hand, and prints what the answer says.
 *
 *     cc -o decode decode.c $(pkg-config --cflags --libs libnsproto) && ./decode example.org
 *
 * No packet is sent: the library knows the wire format, and nothing of networks. */
#include <nsproto/nsproto.h>
#include <stdio.h>

/* An answer as a server would send it: the question, and an address. */
static size_t answer(const nsp_name_t *name, uint8_t *buf, size_t cap)
{
    static const uint8_t address[4] = {192, 0, 2, 1};
    nsp_builder_t b;
    size_t size = 0;
    nsp_build_begin(&b, buf, cap, 4711, NSP_FLAG_QR | NSP_FLAG_AA);
    nsp_build_question(&b, name, NSP_TYPE_A, NSP_CLASS_IN);
    nsp_build_rr(&b, NSP_ANSWER, name, NSP_TYPE_A, NSP_CLASS_IN, 300, address, sizeof address);
    return nsp_build_end(&b, &size) == NSP_OK ? size : 0;
}

int main(int argc, char **argv)
{
    static nsp_rr_t arena[NSP_RR_MAX];
    const char *text = argc > 1 ? argv[1] : "example.org";
    char line[512];
    uint8_t message[512];
    nsp_name_t name;
    nsp_msg_t m;
    nsp_err_t err = nsp_name_from_text(text, strlen(text), NULL, &name, NULL);
    if (err != NSP_OK)
        return fprintf(stderr, "%s: %s\n", text, nsp_err_text(err)), 1;
    nsp_msg_index(&m, message, answer(&name, message, sizeof message), arena, NSP_RR_MAX);
    for (uint16_t i = 0; i < m.found[NSP_ANSWER]; i++) {
        nsp_text_t t;
        nsp_text_begin(&t, line, sizeof line);
        nsp_text_rr(&t, &m, nsp_msg_rr(&m, NSP_ANSWER, i));
        puts(line);
    }
    return m.fault_count == 0 ? 0 : 1;
}
