/* Colours and layout. Every colour is a variable, defined for light and for dark; tests compute the
 * contrast of each text colour on each ground. */
#include "report/html.h"

static const char *const style[] = {
    "@media screen{html{color-scheme:light dark}}\n",
    ":root{--ground:#ffffff;--panel:#f4f6f8;--text:#1b2430;",
    "--dim:#4d5a69;--line:#76828f;--link:#0b57d0;--error:#a3171f;--warning:#7a4a00;",
    "--notice:#1d4f91;--info:#4d5a69;--good:#17622f;--untested:#4d5a69}\n",
    "@media screen and (prefers-color-scheme:dark){",
    ":root{--ground:#12171d;--panel:#1c232b;--text:#e6ebf0;",
    "--dim:#aab5c0;--line:#6b7783;--link:#8ab8ff;--error:#ff9a94;--warning:#f2bd62;",
    "--notice:#93c0ff;--info:#aab5c0;--good:#7fd99a;--untested:#aab5c0}}\n",
    "*{box-sizing:border-box}\n",
    "body{margin:0 auto;max-width:72rem;padding:1rem 1.25rem 3rem;background:var(--ground);",
    "color:var(--text);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}\n",
    "h1{font-size:1.6rem;margin:.5rem 0}\n",
    "h2{font-size:1.25rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}\n",
    "h3{font-size:1rem;margin:0}\n",
    "a{color:var(--link)}\n",
    "a:focus-visible,summary:focus-visible,[tabindex]:focus-visible{outline:3px solid ",
    "var(--link);outline-offset:2px}\n",
    ".skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:1rem;background:var(--ground)}",
    "\n",
    "nav ul{display:flex;flex-wrap:wrap;gap:1rem;list-style:none;padding:0;margin:.5rem 0}\n",
    ".dim{color:var(--dim)}\n",
    ".error{color:var(--error)}.warning{color:var(--warning)}.notice{color:var(--notice)}\n",
    ".info{color:var(--info)}.good{color:var(--good)}.untested{color:var(--untested)}\n",
    ".verdict{font-weight:600;font-size:1.1rem}\n",
    ".finding{background:var(--panel);border-left:.4rem solid var(--line);padding:.6rem 1rem;",
    "margin:.75rem 0}\n",
    ".finding.error{border-color:var(--error)}.finding.warning{border-color:var(--warning)}\n",
    ".finding.notice{border-color:var(--notice)}\n",
    ".finding p,.finding dl,.finding .more{color:var(--text)}\n",
    ".finding .finding{margin:.5rem 0 .5rem .5rem;border-left-width:.2rem}\n",
    ".finding p{margin:.3rem 0}\n",
    "dl{display:grid;grid-template-columns:fit-content(45%) minmax(0,1fr);gap:.15rem .8rem;",
    "margin:.4rem 0}\n",
    "dt{color:var(--dim)}dd{margin:0}\n",
    "summary{cursor:pointer}\n",
    ".wide{overflow-x:auto}.wide svg{min-width:48rem}\n",
    "table{border-collapse:collapse;font-size:.875rem}\n",
    "caption{text-align:left;color:var(--dim);padding:.3rem 0}\n",
    "th,td{border:1px solid var(--line);padding:.2rem .5rem;text-align:left;white-space:nowrap}\n",
    "thead th{background:var(--panel)}\n",
    "td.num{text-align:right;font-variant-numeric:tabular-nums}\n",
    "svg{max-width:100%;height:auto;display:block;font:13px system-ui,sans-serif}\n",
    "svg text{fill:var(--text)}svg .t-dim{fill:var(--dim)}\n",
    "svg rect{fill:var(--panel);stroke:var(--line)}svg path,svg ",
    "line{stroke:var(--line);fill:none}\n",
    "svg .s-error{stroke:var(--error)}svg .s-warning{stroke:var(--warning)}\n",
    "svg .s-notice{stroke:var(--notice)}svg .s-good{stroke:var(--good)}\n",
    "svg .s-error,svg .s-warning,svg .s-notice,svg .s-good{stroke-width:2}\n",
    "svg .s-untested{stroke-dasharray:4 3}svg circle{fill:var(--link)}\n",
    "svg .mark{stroke:var(--text);stroke-width:2}svg g:hover text,svg g:focus ",
    "text{font-weight:700}\n",
    "pre{overflow-x:auto;background:var(--panel);padding:.6rem;font-size:.8rem;margin:.4rem 0}\n",
    ".exchange{border:1px solid var(--line);padding:.5rem 1rem;margin:.75rem 0}\n",
    /* paper cannot be scrolled */
    "@media print{nav,.skip{display:none}.wide,pre{overflow:visible}.wide svg{min-width:0}",
    "th,td{white-space:normal;padding:.1rem .2rem}table{font-size:.65rem}",
    "pre{white-space:pre-wrap}h2,h3{break-after:avoid}",
    "tr,svg{break-inside:avoid}}\n",
};

void html_style(const html_t *h)
{
    html_raw(h, "<style>\n");
    for (size_t i = 0; i < sizeof style / sizeof style[0]; i++)
        html_raw(h, style[i]);
    html_raw(h, "</style>\n");
}
