#include "diagnose/flow_filter.h"

bool prefix_from_text(const char *text, prefix_t *out)
{
    size_t n = strcspn(text, "/");
    unsigned bits = 0;
    if (!addr_from_text(text, n, 53, &out->addr) || memchr(text, '#', n) != NULL)
        return false;
    out->bits = out->addr.family == 4 ? 32 : 128;
    if (text[n] == '\0')
        return true;
    const char *p = text + n + 1;
    if (*p == '\0' || strlen(p) > 3)
        return false;
    for (; *p != '\0'; p++) {
        if (*p < '0' || *p > '9')
            return false;
        bits = bits * 10 + (unsigned)(*p - '0');
    }
    if (bits > out->bits)
        return false;
    out->bits = bits;
    return true;
}

static bool in_any(const prefix_t *list, size_t count, const addr_t *a)
{
    for (size_t i = 0; i < count; i++)
        if (addr_same_prefix(&list[i].addr, a, list[i].bits))
            return true;
    return count == 0;
}

static bool has_number(const uint16_t *list, size_t count, uint16_t number)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == number)
            return true;
    return count == 0;
}

static bool has_name(const flow_filter_t *f, const nsp_name_t *name)
{
    for (size_t i = 0; i < f->name_count; i++)
        if (nsp_name_is_subdomain(name, &f->name[i]))
            return true;
    return f->name_count == 0;
}

static bool match_question(const flow_filter_t *f, const flow_t *flow)
{
    nsp_name_t name;
    uint16_t type = 0;
    uint16_t qclass = 0;
    if (f->name_count == 0 && f->type_count == 0)
        return true;
    const flow_message_t *m = flow->query.bytes != NULL ? &flow->query : &flow->reply;
    if (m->bytes == NULL || !question_read(m->bytes, m->size, &name, &type, &qclass))
        return false;
    return has_name(f, &name) && has_number(f->type, f->type_count, type);
}

static bool match_rcode(const flow_filter_t *f, const flow_t *flow, reply_t *scratch)
{
    if (f->rcode_count == 0)
        return true;
    if (flow->reply.bytes == NULL || flow->reply.size < NSP_HEADER_SIZE)
        return false;
    reply_index(scratch, flow->reply.bytes, flow->reply.size);
    return has_number(f->rcode, f->rcode_count, nsp_msg_rcode(&scratch->msg));
}

bool flow_filter_match(const flow_filter_t *f, const flow_t *flow, reply_t *scratch)
{
    return in_any(f->server, f->server_count, &flow->server) &&
           in_any(f->client, f->client_count, &flow->client) && match_question(f, flow) &&
           match_rcode(f, flow, scratch);
}

bool flow_filter_is_empty(const flow_filter_t *f)
{
    return f->server_count + f->client_count + f->name_count + f->type_count + f->rcode_count == 0;
}
