/* The delegation as a picture: the parent, the names of the servers, their addresses. */
#include "report/html.h"

#define ROW      34
#define BOX      26
#define PARENT_W 170
#define SERVER_X 230
#define SERVER_W 270
#define ADDR_X   560
#define ADDR_W   330
#define WIDTH    900

/* Rows that a server takes: one for each address, at least one. */
static unsigned rows_of(const model_t *m, uint16_t server)
{
    unsigned n = 0;
    for (uint16_t i = 0; i < m->address_count; i++)
        n += model_address_serves(&m->address[i], server);
    return n > 0 ? n : 1;
}

static void box(const html_t *h, unsigned x, unsigned y, unsigned w, const char *cls,
                const char *title, const char *text)
{
    html_raw(h, "<g><title>");
    html_text(h, title);
    html_rawf(h,
              "</title><rect class=\"s-%s\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" "
              "rx=\"4\"/><text x=\"%u\" y=\"%u\">",
              cls, x, y, w, BOX, x + 8, y + 17);
    html_short(h, text, w / 8);
    html_raw(h, "</text></g>\n");
}

static void edge(const html_t *h, unsigned x0, unsigned y0, unsigned x1, unsigned y1,
                 const char *cls)
{
    unsigned mid = (x0 + x1) / 2;
    html_rawf(h, "<path class=\"s-%s\" d=\"M%u %uC%u %u %u %u %u %u\"/>\n", cls, x0, y0, mid, y0,
              mid, y1, x1, y1);
}

/* How bad a verdict is, for comparing. */
static unsigned rank(const char *verdict)
{
    return verdict[0] == 'e' ? 4 : verdict[0] == 'w' ? 3 : verdict[0] == 'n' ? 2 : 1;
}

static void addresses(const html_t *h, uint16_t server, unsigned y, unsigned from)
{
    const model_t *m = h->model;
    char addr[ADDR_TEXT_MAX];
    char text[ADDR_TEXT_MAX + 32];
    for (uint16_t i = 0; i < m->address_count; i++) {
        if (!model_address_serves(&m->address[i], server))
            continue;
        const char *verdict = html_verdict(h, &m->address[i].addr);
        addr_port_text(&m->address[i].addr, addr);
        snprintf(text, sizeof text, "%s  %s", addr, html_sign(verdict));
        edge(h, SERVER_X + SERVER_W, from, ADDR_X, y + BOX / 2, verdict);
        char title[ADDR_TEXT_MAX + 32];
        snprintf(title, sizeof title, "%s: %s", addr, verdict);
        box(h, ADDR_X, y, ADDR_W, verdict, title, text);
        y += ROW;
    }
}

/* The worst of a server's addresses; an error when it has none. */
static const char *server_verdict(const html_t *h, uint16_t server)
{
    const model_t *m = h->model;
    const char *worst = NULL;
    for (uint16_t i = 0; i < m->address_count; i++) {
        const char *v = model_address_serves(&m->address[i], server)
                            ? html_verdict(h, &m->address[i].addr)
                            : NULL;
        if (v != NULL && (worst == NULL || rank(v) > rank(worst)))
            worst = v;
    }
    return worst != NULL ? worst : "error";
}

static void servers(const html_t *h, unsigned middle, bool parent)
{
    const model_t *m = h->model;
    char name[NSP_NAME_TEXT_MAX];
    char title[NSP_NAME_TEXT_MAX + 64];
    unsigned y = 24;
    for (uint16_t i = 0; i < m->server_count; i++) {
        const model_server_t *s = &m->server[i];
        unsigned rows = rows_of(m, i);
        unsigned at = y + rows * ROW / 2;
        const char *verdict = server_verdict(h, i);
        nsp_name_to_text(&s->name, name, sizeof name);
        snprintf(title, sizeof title, "%s: %s%s", name, verdict,
                 s->in_parent && s->in_child ? ""
                 : s->in_parent              ? ", in the parent only"
                                             : ", in the zone only");
        if (parent && s->in_parent)
            edge(h, PARENT_W, middle, SERVER_X, at, "plain");
        box(h, SERVER_X, at - BOX / 2, SERVER_W, verdict, title, name);
        addresses(h, i, y + (ROW - BOX) / 2, at);
        y += rows * ROW;
    }
}

static void summary_line(const html_t *h)
{
    const model_t *m = h->model;
    char parent[NSP_NAME_TEXT_MAX];
    nsp_name_to_text(&m->parent, parent, sizeof parent);
    html_raw(h, "<p>");
    html_textf(h, "%u server%s with %u address%s", m->server_count, m->server_count == 1 ? "" : "s",
               m->address_count, m->address_count == 1 ? "" : "es");
    if (m->parent_known)
        html_textf(h, "; the parent is %s, asked at %u address%s", parent, m->parent_count,
                   m->parent_count == 1 ? "" : "es");
    html_raw(h, ".</p>\n");
}

void html_graph(const html_t *h)
{
    const model_t *m = h->model;
    char parent[NSP_NAME_TEXT_MAX];
    unsigned rows = 0;
    html_section(h, "delegation", "Delegation");
    summary_line(h);
    for (uint16_t i = 0; i < m->server_count; i++)
        rows += rows_of(m, i);
    if (rows > 0) {
        unsigned height = rows * ROW + 32;
        html_picture(h, "Graph of the delegation");
        html_rawf(
            h,
            "<svg role=\"img\" aria-labelledby=\"%sgt %sgd\" viewBox=\"0 0 %u %u\" width=\"%u\" "
            "height=\"%u\"><title id=\"%sgt\">The delegation</title><desc id=\"%sgd\">The parent "
            "to the left, the servers in the middle, their addresses to the right; the table "
            "of tests has the same in text.</desc>\n",
            h->id, h->id, WIDTH, height, WIDTH, height, h->id, h->id);
        html_rawf(h,
                  "<text class=\"t-dim\" x=\"0\" y=\"14\">parent</text><text class=\"t-dim\" "
                  "x=\"%u\" y=\"14\">server</text><text class=\"t-dim\" x=\"%u\" y=\"14\">address"
                  "</text>\n",
                  SERVER_X, ADDR_X);
        servers(h, 24 + rows * ROW / 2, m->parent_known);
        nsp_name_to_text(&m->parent, parent, sizeof parent);
        if (m->parent_known)
            box(h, 1, 24 + rows * ROW / 2 - BOX / 2, PARENT_W - 1, "plain", parent, parent);
        html_picture_end(h);
    }
    html_raw(h, "</section>\n");
}
