/* scan/escape.h - texts of strangers as each format can hold them. */
#ifndef SP_SCAN_ESCAPE_H
#define SP_SCAN_ESCAPE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*
 * In all of them bytes that are no UTF-8 become U+FFFD; what hides, or moves other letters, comes
 * out as \u{NNNN} (in JSON as its own escape).
 */

/* For a terminal or a line. */
void sp_scan_put_text(FILE *out, const char *text);
/* Content or an attribute of XML and HTML. */
void sp_scan_put_xml(FILE *out, const char *text);
/* With its quotes. */
void sp_scan_put_json(FILE *out, const char *text);
/* The value of a label of Prometheus, with its quotes. */
void sp_scan_put_label(FILE *out, const char *text);
/* A field of CSV, with its quotes; a spreadsheet does not take it for a formula. */
void sp_scan_put_csv(FILE *out, const char *text);

/* "2026-11-23T00:00:00Z"; "" for 0 and for times that no calendar has. */
#define SP_SCAN_TIME_MAX 32
const char *sp_scan_time(int64_t seconds, char out[SP_SCAN_TIME_MAX]);
/* Lower case; out holds 2 * n + 1. */
const char *sp_scan_hex(const uint8_t *p, size_t n, char *out);

#endif
