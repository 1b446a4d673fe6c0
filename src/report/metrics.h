/* What watch sees, as metrics. docs/WATCH.md lists them. */
#ifndef REPORT_METRICS_H
#define REPORT_METRICS_H

#include "watch/watch.h"

typedef enum metrics_format {
    METRICS_OPENMETRICS, /* OpenMetrics 1.0.0: /metrics */
    METRICS_PROMETHEUS   /* the text format 0.0.4: what node_exporter's textfile collector reads */
} metrics_format_t;

/* All metrics of w as text, which is freed with free(); NULL when memory is out. Takes w's lock. */
char *metrics_text(watch_t *w, metrics_format_t format, size_t *size);

#endif
